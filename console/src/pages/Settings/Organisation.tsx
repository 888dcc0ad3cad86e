import { Button, Spinner } from '@fluentui/react-components'
import { Edit20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { Organisation as Document } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { Card, Empty } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { DocumentDialog } from './DocumentDialog.tsx'
import { useOrganisation } from './data.ts'

type Mailbox = Document['mailboxes'][number]
const KIND: Readonly<Record<string, string>> = { user: 'User', shared: 'Shared', secops: 'SecOps' }

const COLUMNS: readonly GridColumn<Mailbox>[] = [
  {
    id: 'address',
    header: 'Address',
    width: 'minmax(200px, 1.6fr)',
    phone: 'title',
    cell: (m) => <SafeText text={m.address} />,
  },
  {
    id: 'name',
    header: 'Display name',
    width: 'minmax(140px, 1fr)',
    phone: 'detail',
    cell: (m) => <SafeText text={m.displayName} />,
  },
  { id: 'kind', header: 'Kind', width: '110px', phone: 'detail', cell: (m) => KIND[m.kind] ?? m.kind },
  {
    id: 'protected',
    header: 'Protected user',
    width: '130px',
    phone: 'detail',
    cell: (m) => (m.protected ? <Status tone="info">Protected</Status> : <span className="muted">No</span>),
  },
]
const idOf = (mailbox: Mailbox) => mailbox.address

export function Organisation() {
  const organisation = useOrganisation()
  const write = useCan()('settings.write')
  const [editing, setEditing] = useState(false)
  if (organisation.error) return <Problem error={organisation.error} onRetry={() => void organisation.refetch()} />
  if (!organisation.data) return <Spinner size="small" label="Loading" />
  const { domains, mailboxes, aliases, groups } = organisation.data
  return (
    <>
      {write ? (
        <div>
          <Button icon={<Edit20Regular />} onClick={() => setEditing(true)}>
            Edit
          </Button>
        </div>
      ) : null}
      <Card title={`Domains (${domains.length})`}>
        {domains.length === 0 ? (
          <span className="muted">No domain yet. Mail is inbound for the domains listed here.</span>
        ) : (
          <ul className="plain row">
            {domains.map((domain) => (
              <li key={domain} className="mono">
                {domain}
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title={`Mailboxes (${mailboxes.length})`}>
        <div className="grid-box items-like">
          <Grid
            label="Mailboxes"
            rows={mailboxes}
            columns={COLUMNS}
            rowId={idOf}
            rowName={idOf}
            total={mailboxes.length}
            cardHeight={64}
            empty={<Empty title="No mailbox yet" />}
          />
        </div>
      </Card>
      <div className="two">
        <Card title={`Aliases (${aliases.length})`}>
          <ul className="plain stack-tight">
            {aliases.slice(0, 200).map((alias) => (
              <li key={alias.address}>
                <bdi>{alias.address}</bdi> <span className="muted">→ {alias.target}</span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={`Groups (${groups.length})`}>
          <ul className="plain stack-tight">
            {groups.slice(0, 200).map((group) => (
              <li key={group.address}>
                <bdi>{group.address}</bdi> <span className="muted">{group.members.length} members</span>
              </li>
            ))}
          </ul>
        </Card>
      </div>
      {editing ? (
        <DocumentDialog
          name="organisation"
          title="Organisation"
          document={organisation.data}
          onClose={() => setEditing(false)}
        />
      ) : null}
    </>
  )
}
