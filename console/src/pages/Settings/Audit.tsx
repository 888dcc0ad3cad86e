import { Button, MessageBar, MessageBarBody } from '@fluentui/react-components'
import { ShieldCheckmark20Regular } from '@fluentui/react-icons'
import type { AuditEntry } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { Empty } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { useAudit, useVerify } from './data.ts'

const COLUMNS: readonly GridColumn<AuditEntry>[] = [
  {
    id: 'at',
    header: 'Time',
    width: '170px',
    phone: 'detail',
    sort: 'descending',
    cell: (e) => <Time at={e.at} seconds />,
  },
  {
    id: 'actor',
    header: 'Who',
    width: 'minmax(140px, 1fr)',
    phone: 'detail',
    cell: (e) => <SafeText text={e.actor} max={100} />,
  },
  {
    id: 'action',
    header: 'What',
    width: 'minmax(140px, 1fr)',
    phone: 'title',
    cell: (e) => <SafeText text={e.action} max={100} />,
  },
  {
    id: 'subject',
    header: 'About',
    width: 'minmax(180px, 1.4fr)',
    phone: 'detail',
    cell: (e) => <SafeText text={e.target} max={160} />,
  },
  {
    id: 'detail',
    header: 'Details',
    width: 'minmax(180px, 2fr)',
    phone: 'none',
    cell: (e) => {
      const text = JSON.stringify(e.detail)
      return text === '{}' ? null : (
        <span className="mono" title={visible(text, 1000)}>
          {visible(text, 300)}
        </span>
      )
    },
  },
]
const idOf = (entry: AuditEntry) => entry.id
const nameOf = (entry: AuditEntry) => entry.action

/** Who did or read what; the chain of hashes can be checked. */
export function Audit() {
  const audit = useAudit()
  const verify = useVerify()
  return (
    <>
      <div className="row">
        <Button
          icon={<ShieldCheckmark20Regular />}
          disabledFocusable={verify.isPending}
          onClick={() => verify.mutate()}
        >
          {verify.isPending ? 'Verifying…' : 'Verify the chain'}
        </Button>
        {verify.error ? <Problem error={verify.error} title="The chain could not be verified" /> : null}
        {verify.data ? (
          <MessageBar intent={verify.data.ok ? 'success' : 'error'}>
            <MessageBarBody>
              {verify.data.ok
                ? `Unbroken: ${verify.data.entries.toLocaleString()} entries.`
                : verify.data.problems.join(' ') || 'The chain is broken.'}
            </MessageBarBody>
          </MessageBar>
        ) : null}
      </div>
      {audit.error ? <Problem error={audit.error} onRetry={audit.reload} /> : null}
      <Grid
        label="Audit log"
        rows={audit.rows}
        columns={COLUMNS}
        rowId={idOf}
        rowName={nameOf}
        onEnd={audit.loadMore}
        total={audit.more ? undefined : audit.rows.length}
        loading={audit.loading}
        empty={<Empty title="Nothing is recorded yet" />}
      />
    </>
  )
}
