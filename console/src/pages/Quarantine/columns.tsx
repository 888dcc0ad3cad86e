import { PersonFeedback16Regular } from '@fluentui/react-icons'
import type { QuarantineRow } from '../../api/types.ts'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { bytes, visible } from '../../parts/text.ts'
import { DIRECTION, POLICY_TYPE, REASON, RELEASE_STATUS, wordFor } from '../../words.ts'
import { type HeldSearch, orderOf, type SortKey } from './search.ts'

const STATUS_TONE = {
  'needs-review': 'warn',
  denied: 'plain',
  released: 'good',
  deleted: 'plain',
  expired: 'plain',
  elsewhere: 'plain',
} as const

export const RecipientStatus = ({ status }: { status: QuarantineRow['recipients'][number]['status'] }) => (
  <Status tone={STATUS_TONE[status] ?? 'plain'}>{wordFor(RELEASE_STATUS, status)}</Status>
)

/** Of one recipient, or how many of several; what is still held decides the colour. */
export function MessageStatus({ row }: { row: QuarantineRow }) {
  const { held, denied, released, deleted, expired, elsewhere } = row.counts
  const all = held + denied + released + deleted + expired + elsewhere
  const open = held + denied
  if (released > 0 && open > 0)
    return (
      <Status tone="info">
        Released to {released} of {all}
      </Status>
    )
  if (held > 0) return <RecipientStatus status="needs-review" />
  if (denied > 0) return <RecipientStatus status="denied" />
  if (released > 0) return <RecipientStatus status="released" />
  return <RecipientStatus status={deleted > 0 ? 'deleted' : expired > 0 ? 'expired' : 'elsewhere'} />
}

const REASON_TONE: Partial<Record<QuarantineRow['reason'], 'bad' | 'warn' | 'info'>> = {
  malware: 'bad',
  'high-confidence-phish': 'bad',
  phish: 'bad',
  spoof: 'bad',
  impersonation: 'bad',
  'high-confidence-spam': 'warn',
  spam: 'warn',
  bulk: 'warn',
  unparsable: 'warn',
}
export const ReasonStatus = ({ reason }: { reason: QuarantineRow['reason'] }) => (
  <Status tone={REASON_TONE[reason] ?? 'info'}>{wordFor(REASON, reason)}</Status>
)

export const messageName = (row: Pick<QuarantineRow, 'subject'>) => visible(row.subject || '(no subject)', 80)

function Recipients({ row }: { row: QuarantineRow }) {
  const { counts } = row
  const all = counts.held + counts.denied + counts.released + counts.deleted + counts.expired + counts.elsewhere
  return (
    <span title={visible(row.recipients.map((r) => r.address).join(', '), 600)}>
      <SafeText text={row.recipients[0]?.address ?? null} max={120} />
      {all > 1 ? <span className="muted"> +{all - 1}</span> : null}
    </span>
  )
}

const ALL: readonly GridColumn<QuarantineRow>[] = [
  {
    id: 'received',
    header: 'Time received',
    width: '132px',
    phone: 'detail',
    sortable: true,
    cell: (q) => <Time at={q.receivedAt} />,
  },
  {
    id: 'subject',
    header: 'Subject',
    width: 'minmax(180px, 2fr)',
    phone: 'title',
    sortable: true,
    cell: (q) => (
      <>
        <SafeText text={q.subject} max={200} empty="(no subject)" />
        {q.reported ? <PersonFeedback16Regular className="cell-icon" title="Reported" /> : null}
      </>
    ),
  },
  {
    id: 'sender',
    header: 'Sender',
    width: 'minmax(140px, 1.2fr)',
    phone: 'detail',
    sortable: true,
    cell: (q) => (
      <span title={visible(q.senderName, 200)}>
        <SafeText text={q.sender} max={120} empty="No readable address" />
      </span>
    ),
  },
  {
    id: 'reason',
    header: 'Quarantine reason',
    width: '176px',
    phone: 'detail',
    sortable: true,
    cell: (q) => <ReasonStatus reason={q.reason} />,
  },
  {
    id: 'status',
    header: 'Release status',
    width: '150px',
    phone: 'detail',
    cell: (q) => <MessageStatus row={q} />,
  },
  {
    id: 'policyType',
    header: 'Policy type',
    width: '140px',
    phone: 'none',
    cell: (q) => wordFor(POLICY_TYPE, q.policyType),
  },
  {
    id: 'expires',
    header: 'Expires',
    width: '120px',
    phone: 'none',
    sortable: true,
    cell: (q) => <Time at={q.expiresAt} />,
  },
  {
    id: 'recipient',
    header: 'Recipient',
    width: 'minmax(140px, 1.2fr)',
    phone: 'none',
    cell: (q) => <Recipients row={q} />,
  },
  {
    id: 'releasedBy',
    header: 'Released by',
    width: '140px',
    phone: 'none',
    cell: (q) => <SafeText text={q.recipients.find((r) => r.releasedBy !== null)?.releasedBy ?? null} max={80} />,
  },
  {
    id: 'messageId',
    header: 'Message ID',
    width: 'minmax(140px, 1fr)',
    phone: 'none',
    cell: (q) => <SafeText text={q.internetMessageId} max={120} />,
  },
  {
    id: 'policyName',
    header: 'Policy name',
    width: '130px',
    phone: 'none',
    cell: (q) => <SafeText text={q.policyName} max={60} />,
  },
  { id: 'size', header: 'Message size', width: '96px', phone: 'none', align: 'end', cell: (q) => bytes(q.size) },
  {
    id: 'direction',
    header: 'Mail direction',
    width: '110px',
    phone: 'none',
    cell: (q) => wordFor(DIRECTION, q.direction),
  },
]

/** Not shown until chosen (quarantine #38). */
export const HIDDEN_AT_FIRST: ReadonlySet<string> = new Set([
  'releasedBy',
  'messageId',
  'policyName',
  'size',
  'direction',
])
export const COLUMN_NAMES = ALL.map(({ id, header }) => ({ id, header }))

export const columnsFor = (search: HeldSearch): readonly GridColumn<QuarantineRow>[] => {
  const { sort, dir } = orderOf(search)
  return ALL.map((c) => (c.id === sort ? { ...c, sort: dir === 'asc' ? 'ascending' : 'descending' } : c))
}

export const asSort = (id: string): SortKey | null =>
  id === 'received' || id === 'expires' || id === 'subject' || id === 'sender' || id === 'reason' ? id : null
