import { Attach16Regular, PersonFeedback16Regular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import type { Copy, MessageRow } from '../../api/types.ts'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { SafeText } from '../../parts/SafeText.tsx'
import { DeliveryStatus, placeName, ThreatStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { bytes, visible } from '../../parts/text.ts'

/** The commonest value of the copies, and how many others there are. */
function summary<V extends string>(
  copies: readonly Copy[],
  value: (copy: Copy) => V,
): { first: V; others: number } | null {
  const counts = new Map<V, number>()
  for (const copy of copies) counts.set(value(copy), (counts.get(value(copy)) ?? 0) + 1)
  const first = [...counts].sort((a, b) => b[1] - a[1])[0]
  return first ? { first: first[0], others: counts.size - 1 } : null
}

const more = (count: number) => (count > 0 ? <span className="muted"> +{count}</span> : null)

export const messageName = (row: MessageRow) => visible(row.subject || '(no subject)', 80)

export const COLUMNS: readonly GridColumn<MessageRow>[] = [
  {
    id: 'received',
    header: 'Received',
    width: '132px',
    phone: 'detail',
    sort: 'descending',
    cell: (row) => <Time at={row.receivedAt} />,
  },
  {
    id: 'subject',
    header: 'Subject',
    width: 'minmax(180px, 2.4fr)',
    phone: 'title',
    cell: (row) => (
      <>
        <Link to="/messages/$id" params={{ id: row.id }} className="link" tabIndex={-1}>
          <SafeText text={row.subject} max={200} empty="(no subject)" />
        </Link>
        {row.attachments > 0 ? <Attach16Regular className="cell-icon" title="Has attachments" /> : null}
        {row.reported ? <PersonFeedback16Regular className="cell-icon" title="Reported" /> : null}
      </>
    ),
  },
  {
    id: 'sender',
    header: 'Sender address',
    width: 'minmax(130px, 1.3fr)',
    phone: 'detail',
    cell: (row) => (
      <span title={visible(row.senderName, 200)}>
        <SafeText text={row.senderAddress} max={120} empty="No readable address" />
      </span>
    ),
  },
  {
    id: 'recipients',
    header: 'Recipients',
    width: 'minmax(120px, 1.2fr)',
    phone: 'none',
    cell: (row) => (
      <>
        <SafeText text={row.copies[0]?.recipient ?? null} max={120} />
        {more(row.copyCount - 1)}
      </>
    ),
  },
  {
    id: 'threat',
    header: 'Threat type',
    width: '156px',
    phone: 'detail',
    cell: (row) => <ThreatStatus threat={row.threat} />,
  },
  {
    id: 'action',
    header: 'Delivery action',
    width: '110px',
    phone: 'none',
    cell: (row) => {
      const found = summary(row.copies, (copy) => copy.action)
      return found ? (
        <>
          <DeliveryStatus action={found.first} />
          {more(found.others)}
        </>
      ) : null
    },
  },
  {
    id: 'location',
    header: 'Latest location',
    width: '112px',
    phone: 'detail',
    cell: (row) => {
      const found = summary(row.copies, (copy) => placeName(copy.latestLocation, copy.latestFolder))
      return found ? (
        <>
          <bdi>{visible(found.first, 60)}</bdi>
          {more(found.others)}
        </>
      ) : null
    },
  },
  { id: 'urls', header: 'URLs', width: '56px', phone: 'none', align: 'end', cell: (row) => row.urls },
  { id: 'size', header: 'Size', width: '76px', phone: 'none', align: 'end', cell: (row) => bytes(row.size) },
]

/** Not shown until chosen. */
export const HIDDEN_AT_FIRST: ReadonlySet<string> = new Set(['urls', 'size'])
