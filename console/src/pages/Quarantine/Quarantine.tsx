import { Button, Tab, TabList, Toolbar } from '@fluentui/react-components'
import { MailArrowUp20Regular, ShieldTask20Regular } from '@fluentui/react-icons'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { QuarantineRow } from '../../api/types.ts'
import { Grid } from '../../parts/Grid/Grid.tsx'
import type { GridColumn, Selection } from '../../parts/Grid/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ThreatStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { visible } from '../../parts/text.ts'
import { CHOICES } from '../../takeAction/fit.ts'
import { TakeAction } from '../../takeAction/TakeAction.tsx'
import { plural } from '../../words.ts'
import { type Show, useQuarantine } from './data.ts'
import { quarantinedTargets } from './targets.ts'

const COLUMNS: readonly GridColumn<QuarantineRow>[] = [
  {
    id: 'received',
    header: 'Time received',
    width: '134px',
    phone: 'detail',
    sort: 'descending',
    cell: (q) => <Time at={q.receivedAt} />,
  },
  {
    id: 'subject',
    header: 'Subject',
    width: 'minmax(200px, 2fr)',
    phone: 'title',
    cell: (q) => (
      <Link to="/messages/$id" params={{ id: q.messageId }} className="link" tabIndex={-1}>
        <SafeText text={q.subject} max={200} empty="(no subject)" />
      </Link>
    ),
  },
  {
    id: 'sender',
    header: 'Sender',
    width: 'minmax(150px, 1.2fr)',
    phone: 'detail',
    cell: (q) => <SafeText text={q.sender} max={120} />,
  },
  {
    id: 'reason',
    header: 'Quarantine reason',
    width: '176px',
    phone: 'detail',
    cell: (q) => <ThreatStatus threat={q.threat} />,
  },
  { id: 'held', header: 'Held for', width: 'minmax(150px, 1.2fr)', phone: 'none', cell: (q) => <Held row={q} /> },
  { id: 'status', header: 'Release status', width: '130px', phone: 'detail', cell: (q) => <ReleaseStatus row={q} /> },
  { id: 'expires', header: 'Expires', width: '134px', phone: 'detail', cell: (q) => <Time at={q.expiresAt} /> },
]

const STATUS: Record<QuarantineRow['recipients'][number]['status'], string> = {
  'needs-review': 'Needs review',
  released: 'Released',
  denied: 'Denied',
  deleted: 'Deleted',
  expired: 'Expired',
  elsewhere: 'Elsewhere',
}

function Held({ row }: { row: QuarantineRow }) {
  const others = row.recipients.length - 1
  return (
    <span title={visible(row.recipients.map((r) => `${r.recipient} (${STATUS[r.status]})`).join(', '), 600)}>
      <SafeText text={row.recipients[0]?.recipient ?? null} max={120} />
      {others > 0 ? <span className="muted"> +{others}</span> : null}
    </span>
  )
}

/** Of one recipient, or how many of several. */
function ReleaseStatus({ row }: { row: QuarantineRow }) {
  const released = row.recipients.filter((r) => r.status === 'released').length
  if (released === 0) return <>{STATUS[row.recipients[0]?.status ?? 'elsewhere']}</>
  return <>{released === row.recipients.length ? 'Released' : `Released to ${released} of ${row.recipients.length}`}</>
}

const idOf = (row: QuarantineRow) => row.messageId
const nameOf = (row: QuarantineRow) => visible(row.subject || '(no subject)', 80)
const RELEASE = CHOICES.find((choice) => choice.kind === 'release')

/** What is held, and its release to some or all of its recipients. */
export function Quarantine() {
  const [show, setShow] = useState<Show>('held')
  const held = useQuarantine(show)
  const can = useCan()
  const navigate = useNavigate()
  const [selection, setSelection] = useState<Selection>({})
  const [acting, setActing] = useState<'release' | 'other' | null>(null)
  const chosen = held.rows.filter((row) => selection[row.messageId])
  const act = can('remediation.propose') || can('remediation.approve')
  const close = () => setActing(null)
  return (
    <Page
      title="Quarantine"
      note="Messages that are held. A release gives the message to the recipients as it came; it does not pass the filters again."
      fill
    >
      <div className="tabs-scroll">
        <TabList
          aria-label="Release status"
          selectedValue={show}
          onTabSelect={(_, data) => {
            setShow(data.value === 'released' || data.value === 'all' ? data.value : 'held')
            setSelection({})
          }}
        >
          <Tab value="held">Needs review</Tab>
          <Tab value="released">Released</Tab>
          <Tab value="all">All</Tab>
        </TabList>
      </div>
      {act ? (
        <Toolbar aria-label="Quarantined messages" className="list-bar">
          <Button
            appearance="primary"
            icon={<MailArrowUp20Regular />}
            disabledFocusable={chosen.length === 0}
            onClick={() => setActing('release')}
          >
            Release
          </Button>
          <Button
            icon={<ShieldTask20Regular />}
            disabledFocusable={chosen.length === 0}
            onClick={() => setActing('other')}
          >
            Take action
          </Button>
          {chosen.length > 0 ? <span role="status">{plural(chosen.length, 'message')} chosen</span> : null}
        </Toolbar>
      ) : null}
      {held.error ? <Problem error={held.error} onRetry={held.reload} /> : null}
      <Grid
        label="Quarantined messages"
        rows={held.rows}
        columns={COLUMNS}
        rowId={idOf}
        rowName={nameOf}
        {...(act ? { selection, onSelect: setSelection } : {})}
        onOpen={(row) => void navigate({ to: '/messages/$id', params: { id: row.messageId }, search: {} })}
        onEnd={held.loadMore}
        total={held.more ? undefined : held.rows.length}
        loading={held.loading}
        stale={held.stale}
        empty={<Empty title="Nothing is in quarantine" />}
      />
      {acting ? (
        <TakeAction
          source={{ kind: 'targets', targets: quarantinedTargets(chosen) }}
          {...(acting === 'release' && RELEASE ? { startWith: RELEASE } : {})}
          onClose={close}
          onDone={close}
        />
      ) : null}
    </Page>
  )
}
