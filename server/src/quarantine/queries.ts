import { type RawBuilder, sql } from 'kysely'
import type { DeliveryId, MailboxId, MessageId } from '../base/index.ts'
import type { Technology, Threat } from '../judgement/index.ts'
import type { Location } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import { readCursor, type Sort, sortKey, writeCursor } from './cursor.ts'
import { asksMessage, type HeldFilter, heldFrom, heldWhere } from './filter.ts'
import { type PolicyType, type Reason, type ReleaseStatus, type State, statusOf } from './words.ts'

export interface HeldRecipient {
  readonly deliveryId: DeliveryId
  /** As in the envelope: an alias, a group, or the mailbox's own address. */
  readonly recipient: string
  /** The mailbox's own address (quarantine #48); that of the envelope where the mailbox is gone. */
  readonly address: string
  readonly mailboxId: MailboxId | null
  readonly status: ReleaseStatus
  readonly location: Location
  readonly reason: Reason
  readonly policyType: PolicyType
  readonly policyName: string
  /** When it came into quarantine; null: not there now. */
  readonly heldSince: string | null
  readonly expiresAt: string | null
  /** Who moved the expiry. */
  readonly extendedBy: string | null
  /** Since when it has this status, and by whom; null: nobody has touched it. */
  readonly statusAt: string | null
  readonly statusBy: string | null
  /** The same, where it was released. */
  readonly releasedAt: string | null
  readonly releasedBy: string | null
  /** It was taken out of a mailbox, so a release puts it back where it was; false: it never was in one. */
  readonly taken: boolean
}

export interface HeldMessage {
  readonly messageId: MessageId
  readonly internetMessageId: string | null
  readonly subject: string
  readonly senderName: string
  readonly sender: string | null
  readonly receivedAt: string
  readonly size: number
  readonly direction: 'inbound' | 'internal' | 'outbound'
  readonly threat: Threat
  readonly technology: Technology
  readonly reported: boolean
  /** Of its copies that are held, else of any. */
  readonly reason: Reason
  readonly policyType: PolicyType
  readonly policyName: string
  /** The first of its held copies to expire; null: none is held. */
  readonly expiresAt: string | null
  /** How many copies there are in each state. */
  readonly counts: Readonly<Record<State, number>>
  /** The first 100. */
  readonly recipients: readonly HeldRecipient[]
}

export interface HeldQuery {
  readonly filter: HeldFilter
  readonly sort: Sort
  readonly limit: number
  readonly cursor?: string | undefined
  /** Only these messages. */
  readonly ids?: readonly MessageId[]
}

interface Row {
  id: MessageId
  internet_message_id: string | null
  subject: string
  sender_name: string
  sender_address: string | null
  received_at: Date
  size: string | number
  direction: HeldMessage['direction']
  threat: Threat
  technology: Technology
  reported: boolean
  reason: Reason
  policy_type: PolicyType
  policy_name: string
  expires: Date | null
}

const open = sql`h.state in ('held', 'denied')`
const strongest = (column: string): RawBuilder<unknown> =>
  sql`(array_agg(${sql.ref(column)} order by ${open} desc, h.delivery_id))[1] as ${sql.ref(column.slice(2))}`

/** Messages of which copies are or were held and match. Throws AppError `bad-filter`, `bad-cursor`. */
export async function listHeld(tx: Tx, query: HeldQuery): Promise<{ items: HeldMessage[]; next: string | null }> {
  const found = await page(tx, query)
  const shown = found.slice(0, query.limit)
  const last = shown.at(-1)
  const next = found.length > query.limit && last ? writeCursor({ key: last.sort_key, id: last.id }) : null
  const rows = new Map(
    (
      await rowsOf(
        tx,
        query.filter,
        shown.map((f) => f.id),
      )
    ).map((r) => [r.id, r]),
  )
  return {
    items: await withCopies(
      tx,
      shown.flatMap((f) => rows.get(f.id) ?? []),
    ),
    next,
  }
}

interface Found {
  id: MessageId
  sort_key: string
}

/** Which messages the page has, in their order; sorted by the time of receipt the index alone gives them. */
async function page(tx: Tx, { filter, sort, cursor, ids, limit }: HeldQuery): Promise<readonly Found[]> {
  const key = sortKey(sort)
  const way = sort.descending ? sql`desc` : sql`asc`
  const after = readCursor(sort, cursor)
  const beyond = after
    ? sql`(${key.sql}, h.message_id) ${sort.descending ? sql`<` : sql`>`} (${after.key}::${sql.raw(key.type)}, ${after.id}::uuid)`
    : null
  // What is the same for all copies of a message narrows before they are grouped.
  const early = beyond && key.groupedBy ? sql`and ${beyond}` : sql``
  const late = beyond && !key.groupedBy ? sql`having ${beyond}` : sql``
  const { rows } = await sql<Found>`
    select h.message_id as id, ${key.sql}::text as sort_key from ${heldFrom(key.asksMessage || asksMessage(filter))}
    where h.tenant_id = recourse_tenant() and ${heldWhere(filter)} ${early}
      ${ids ? sql`and h.message_id = any(${[...ids]}::uuid[])` : sql``}
    group by ${key.groupedBy ? sql`${key.groupedBy}, h.message_id` : sql`h.message_id`} ${late}
    order by ${key.sql} ${way}, h.message_id ${way} limit ${limit + 1}`.execute(tx)
  return rows
}

async function rowsOf(tx: Tx, filter: HeldFilter, ids: readonly MessageId[]): Promise<readonly Row[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<Row>`
    select m.id, m.internet_message_id, m.subject, m.sender_name, m.sender_address, m.received_at, m.size, m.direction, m.threat,
      m.technology, exists (select 1 from message_event t where t.tenant_id = m.tenant_id and t.message_id = m.id
        and t.kind = 'reported') as reported,
      ${strongest('h.reason')}, ${strongest('h.policy_type')}, ${strongest('h.policy_name')},
      min(h.expires_at) filter (where ${open}) as expires
    from ${heldFrom(true)}
    where h.tenant_id = recourse_tenant() and h.message_id = any(${[...ids]}::uuid[]) and ${heldWhere(filter)}
    group by m.tenant_id, m.id`.execute(tx)
  return rows
}

/** One message as the list shows it, with all its recipients; null: it never was in quarantine. */
export async function heldMessage(tx: Tx, id: MessageId): Promise<HeldMessage | null> {
  const one = { filter: {}, ids: [id], sort: { by: 'received', descending: true }, limit: 1 } as const
  const [row] = (await listHeld(tx, one)).items
  return row ? { ...row, recipients: await allRecipients(tx, row, 1_000_000) } : null
}

/** Of a message of the list, more than the list shows: up to `most`. */
export async function allRecipients(tx: Tx, message: HeldMessage, most: number): Promise<readonly HeldRecipient[]> {
  const copies = Object.values(message.counts).reduce((sum, n) => sum + n, 0)
  if (copies <= message.recipients.length) return message.recipients
  return (await copiesOf(tx, [message.messageId], most)).map(recipientOf)
}

export interface HeldCounts {
  readonly messages: number
  readonly copies: number
  /** Copies that are still held. */
  readonly held: number
  readonly reasons: readonly { readonly reason: Reason; readonly count: number }[]
}

/** How much a filter matches; `reasons` counts copies. */
export async function countHeld(tx: Tx, filter: HeldFilter): Promise<HeldCounts> {
  const { rows } = await sql<{ reason: Reason | null; copies: string; held: string; messages: string | null }>`
    with x as (
      select h.reason, h.message_id, ${open} as held from ${heldFrom(asksMessage(filter))}
      where h.tenant_id = recourse_tenant() and ${heldWhere(filter)}
    )
    select reason, count(*) as copies, count(*) filter (where held) as held, null as messages from x group by reason
    union all select null, count(*), count(*) filter (where held), count(distinct message_id) from x
    order by copies desc, reason`.execute(tx)
  const all = rows.find((row) => row.reason === null)
  return {
    messages: Number(all?.messages ?? 0),
    copies: Number(all?.copies ?? 0),
    held: Number(all?.held ?? 0),
    reasons: rows.flatMap(({ reason, copies }) => (reason === null ? [] : [{ reason, count: Number(copies) }])),
  }
}

interface CopyRow {
  message_id: MessageId
  delivery_id: DeliveryId
  recipient: string
  address: string | null
  mailbox_id: MailboxId | null
  latest_location: Location
  in_mailbox: boolean
  reason: Reason
  policy_type: PolicyType
  policy_name: string
  held_at: Date
  expires_at: Date
  extended_by: string | null
  state: State
  state_at: Date | null
  state_by: string | null
}

const SHOWN = 100

async function copiesOf(tx: Tx, ids: readonly MessageId[], most: number): Promise<readonly CopyRow[]> {
  if (ids.length === 0) return []
  const found = await sql<CopyRow>`
    select * from (
      select h.message_id, h.delivery_id, d.recipient, b.address, d.mailbox_id, d.latest_location, d.ref is not null as in_mailbox,
        h.reason, h.policy_type, h.policy_name, h.held_at, h.expires_at, h.extended_by, h.state, h.state_at, h.state_by,
        row_number() over (partition by h.message_id order by h.state not in ('held', 'denied'), d.recipient, h.delivery_id) as n
      from held_copy h
      join delivery d on d.tenant_id = h.tenant_id and d.id = h.delivery_id
      left join mailbox b on b.tenant_id = d.tenant_id and b.id = d.mailbox_id
      where h.tenant_id = recourse_tenant() and h.message_id = any(${[...ids]}::uuid[])
    ) c where n <= ${most} order by message_id, coalesce(address, recipient), delivery_id`.execute(tx)
  return found.rows
}

async function withCopies(tx: Tx, rows: readonly Row[]): Promise<HeldMessage[]> {
  const ids = rows.map((row) => row.id)
  const copies = Map.groupBy(await copiesOf(tx, ids, SHOWN), (c) => c.message_id)
  const counts = await countsOf(tx, ids)
  return rows.map((row) => messageOf(row, copies.get(row.id) ?? [], counts.get(row.id) ?? new Map()))
}

/** Of all copies of these messages, whatever the filter was. */
async function countsOf(tx: Tx, ids: readonly MessageId[]): Promise<Map<MessageId, Map<State, number>>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ message_id: MessageId; state: State; n: string }>`
    select message_id, state, count(*) as n from held_copy where tenant_id = recourse_tenant()
      and message_id = any(${[...ids]}::uuid[]) group by message_id, state`.execute(tx)
  const byMessage = Map.groupBy(rows, (r) => r.message_id)
  return new Map([...byMessage].map(([id, part]) => [id, new Map(part.map((r) => [r.state, Number(r.n)]))]))
}

const messageOf = (m: Row, copies: readonly CopyRow[], counts: ReadonlyMap<State, number>): HeldMessage => ({
  messageId: m.id,
  internetMessageId: m.internet_message_id,
  subject: m.subject,
  senderName: m.sender_name,
  sender: m.sender_address,
  receivedAt: m.received_at.toISOString(),
  size: Number(m.size),
  direction: m.direction,
  threat: m.threat,
  technology: m.technology,
  reported: m.reported,
  reason: m.reason,
  policyType: m.policy_type,
  policyName: m.policy_name,
  expiresAt: m.expires?.toISOString() ?? null,
  counts: {
    held: counts.get('held') ?? 0,
    denied: counts.get('denied') ?? 0,
    released: counts.get('released') ?? 0,
    deleted: counts.get('deleted') ?? 0,
    expired: counts.get('expired') ?? 0,
    elsewhere: counts.get('elsewhere') ?? 0,
  },
  recipients: copies.map(recipientOf),
})

function recipientOf(c: CopyRow): HeldRecipient {
  const here = c.state === 'held' || c.state === 'denied'
  const at = c.state_at?.toISOString() ?? null
  return {
    deliveryId: c.delivery_id,
    recipient: c.recipient,
    address: c.address ?? c.recipient,
    mailboxId: c.mailbox_id,
    status: statusOf(c.state),
    location: c.latest_location,
    reason: c.reason,
    policyType: c.policy_type,
    policyName: c.policy_name,
    heldSince: here ? c.held_at.toISOString() : null,
    expiresAt: here ? c.expires_at.toISOString() : null,
    extendedBy: c.extended_by,
    statusAt: at,
    statusBy: c.state_by,
    releasedAt: c.state === 'released' ? at : null,
    releasedBy: c.state === 'released' ? c.state_by : null,
    taken: here && c.in_mailbox,
  }
}
