import { Attach16Regular, PersonFeedback16Regular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Copy, ExportColumn, MessageRow } from '../../api/types.ts'
import type { GridColumn } from '../../parts/Grid/types.ts'
import { SafeText } from '../../parts/SafeText.tsx'
import { DeliveryStatus, placeName, ThreatStatus } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { bytes, visible } from '../../parts/text.ts'
import { ADDITIONAL, DIRECTIONALITY, TECHNOLOGY, wordFor } from '../../words.ts'
import { COLUMN_LABELS } from './columnLabels.ts'

const more = (count: number) => (count > 0 ? <span className="muted"> +{count}</span> : null)

/** The commonest value of the copies, and how many others there are. */
function commonest<V extends string>(
  copies: readonly Copy[],
  value: (copy: Copy) => V,
  show: (value: V) => ReactNode,
): ReactNode {
  const counts = new Map<V, number>()
  for (const copy of copies) counts.set(value(copy), (counts.get(value(copy)) ?? 0) + 1)
  const first = [...counts].sort((a, b) => b[1] - a[1])[0]
  if (!first) return null
  return (
    <>
      {show(first[0])}
      {more(counts.size - 1)}
    </>
  )
}

/** The first of several, and how many more there are. */
function firstOf(values: readonly string[], words: Readonly<Record<string, string>> = {}): ReactNode {
  const [first] = values
  if (first === undefined) return <span className="muted">–</span>
  return (
    <>
      <bdi>{visible(wordFor(words, first), 120)}</bdi>
      {more(values.length - 1)}
    </>
  )
}

const domainOf = (address: string | null): string => address?.split('@').slice(1).at(-1)?.toLowerCase() ?? ''
const domains = (row: MessageRow) => [...new Set(row.copies.map((copy) => domainOf(copy.recipient)))]
const done = (row: MessageRow) => [...new Set(row.copies.flatMap((copy) => copy.additionalActions))]
const place = (name: string) => <bdi>{visible(name, 60)}</bdi>
const plain = (text: string | null, max = 120) => <SafeText text={text} max={max} />

export const messageName = (row: MessageRow) => visible(row.subject || '(no subject)', 80)

function subject(row: MessageRow): ReactNode {
  return (
    <span className="subject">
      <Link to="/messages/$id" params={{ id: row.id }} className="link ellipsis" tabIndex={-1}>
        <SafeText text={row.subject} max={200} empty="(no subject)" />
      </Link>
      {row.attachments > 0 ? <Attach16Regular className="cell-icon" title="Has attachments" /> : null}
      {row.reported ? <PersonFeedback16Regular className="cell-icon" title="Reported" /> : null}
    </span>
  )
}

/** A row is a message: the folder of the file, where a line is a copy, is part of the latest location. */
export type ListColumn = Exclude<ExportColumn, 'folder'>
type Cell = Pick<GridColumn<MessageRow>, 'width' | 'phone' | 'cell' | 'align' | 'sort'>

const text = (width: string, cell: (row: MessageRow) => ReactNode, phone: Cell['phone'] = 'none'): Cell => ({
  width,
  phone,
  cell,
})
const number = (width: string, cell: (row: MessageRow) => ReactNode): Cell => ({
  width,
  phone: 'none',
  align: 'end',
  cell,
})

const CELLS: Readonly<Record<ListColumn, Cell>> = {
  date: { ...text('112px', (r) => <Time at={r.receivedAt} />, 'detail'), sort: 'descending' },
  subject: text('minmax(140px, 2.4fr)', subject, 'title'),
  recipient: text('minmax(96px, 1.2fr)', (r) => (
    <>
      {plain(r.copies[0]?.recipient ?? null)}
      {more(r.copyCount - 1)}
    </>
  )),
  recipientDomain: text('minmax(110px, 1fr)', (r) => firstOf(domains(r))),
  senderAddress: text(
    'minmax(100px, 1.3fr)',
    (r) => (
      <span title={visible(r.senderName, 200)}>
        <SafeText text={r.senderAddress} max={120} empty="No readable address" />
      </span>
    ),
    'detail',
  ),
  senderName: text('minmax(120px, 1fr)', (r) => plain(r.senderName)),
  senderDomain: text('minmax(90px, 1fr)', (r) => plain(r.senderDomain)),
  ip: text('124px', (r) => plain(r.clientIp)),
  mailFrom: text('minmax(120px, 1.2fr)', (r) => plain(r.mailFrom)),
  mailFromDomain: text('minmax(110px, 1fr)', (r) => plain(domainOf(r.mailFrom))),
  additional: text('minmax(90px, 0.9fr)', (r) => firstOf(done(r), ADDITIONAL)),
  action: text('110px', (r) =>
    commonest(
      r.copies,
      (copy) => copy.action,
      (action) => <DeliveryStatus action={action} />,
    ),
  ),
  location: text(
    '92px',
    (r) => commonest(r.copies, (copy) => placeName(copy.latestLocation, copy.latestFolder), place),
    'detail',
  ),
  originalLocation: text('92px', (r) => commonest(r.copies, (copy) => placeName(copy.originalLocation, null), place)),
  threat: text('minmax(124px, 0.9fr)', (r) => <ThreatStatus threat={r.threat} />, 'detail'),
  technology: text('150px', (r) => wordFor(TECHNOLOGY, r.technology)),
  direction: text('96px', (r) => wordFor(DIRECTIONALITY, r.direction)),
  attachments: number('96px', (r) => r.attachments),
  urls: number('76px', (r) => r.urls),
  size: number('76px', (r) => bytes(r.size)),
  internetMessageId: text('minmax(160px, 1.4fr)', (r) => plain(r.internetMessageId, 200)),
  messageId: text('290px', (r) => <span className="mono">{r.id}</span>),
}

const isListed = (id: string): id is ListColumn => Object.hasOwn(CELLS, id)
export const LIST_COLUMNS: readonly ListColumn[] = Object.keys(COLUMN_LABELS).filter(isListed)

export const COLUMNS: readonly GridColumn<MessageRow>[] = LIST_COLUMNS.map((id) => ({
  id,
  header: COLUMN_LABELS[id],
  ...CELLS[id],
}))

/** As the original shows them (explorer fact sheet §5). */
export const USUAL_COLUMNS: readonly ListColumn[] = [
  'date',
  'subject',
  'recipient',
  'senderAddress',
  'senderDomain',
  'additional',
  'location',
  'originalLocation',
  'threat',
]
