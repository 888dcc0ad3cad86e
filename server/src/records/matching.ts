import { type Expression, type ExpressionBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import { AppError } from '../base/index.ts'
import type { EntityKind } from '../judgement/index.ts'
import { type Database, plainText, type Tx } from '../storage/index.ts'
import type { MessageFilter } from './filter.ts'
import { entityHash } from './rows.ts'

type Condition = Expression<SqlBool>
type OfMessage = ExpressionBuilder<Database & { m: Database['message'] }, 'm'>
type OfCopy = ExpressionBuilder<Database & { d: Database['delivery'] }, 'd'>

const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])
const lower = (values: string | string[] | undefined): string[] => list(values).map((v) => plainText(v).toLowerCase())

function instant(name: string, text: string): Date {
  const date = new Date(text)
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date.getTime())) return date
  throw new AppError(
    'bad-filter',
    `"${name}" is not an instant: ${text}`,
    'Write it as ISO 8601, e.g. 2026-05-01T00:00:00Z.',
  )
}

/** For ILIKE: what the person typed is text, not a pattern. */
const contains = (text: string): string => `%${plainText(text).replace(/[\\%_]/g, '\\$&')}%`

const ENTITIES: readonly (readonly ['url' | 'urlDomain' | 'fileHash', EntityKind, boolean])[] = [
  ['url', 'url', false],
  ['urlDomain', 'url-domain', true],
  ['fileHash', 'file-hash', true],
]

/** Conditions on the message `m` itself. */
function onMessage(eb: OfMessage, filter: MessageFilter): Condition[] {
  const all: Condition[] = []
  if (filter.from !== undefined) all.push(eb('m.received_at', '>=', instant('from', filter.from)))
  if (filter.to !== undefined) all.push(eb('m.received_at', '<', instant('to', filter.to)))
  const threat = list(filter.threat)
  if (threat.length) all.push(eb('m.threat', 'in', threat))
  const sender = lower(filter.sender)
  // The envelope's address is kept as it was sent: its local part may mean something by its case.
  const asTyped = [...new Set([...sender, ...list(filter.sender).map(plainText)])]
  if (sender.length) all.push(eb.or([eb('m.sender_address', 'in', sender), eb('m.mail_from', 'in', asTyped)]))
  const domain = lower(filter.senderDomain)
  if (domain.length) all.push(eb('m.sender_domain', 'in', domain))
  const ip = lower(filter.ip)
  if (ip.length) all.push(eb('m.client_ip', 'in', ip))
  const ids = list(filter.internetMessageId).map(plainText)
  if (ids.length) all.push(eb('m.internet_message_id', 'in', ids))
  for (const [field, kind, fold] of ENTITIES) {
    const values = fold ? lower(filter[field]) : list(filter[field]).map(plainText)
    if (values.length) all.push(holds(eb, kind, values))
  }
  if (filter.reported !== undefined) all.push(filter.reported ? reported(eb) : eb.not(reported(eb)))
  if (filter.q?.trim()) all.push(mentions(eb, filter.q.trim()))
  return all
}

function holds(eb: OfMessage, kind: EntityKind, values: readonly string[]): Condition {
  const found = eb
    .selectFrom('entity as e')
    .select('e.message_id')
    .where('e.kind', '=', kind)
    .where('e.hash', 'in', values.map(entityHash))
    .where('e.value', 'in', values)
  return eb('m.id', 'in', found)
}

const reported = (eb: OfMessage): Condition =>
  eb.exists(
    eb
      .selectFrom('message_event as t')
      .select(sql`1`.as('one'))
      .whereRef('t.message_id', '=', 'm.id')
      .where('t.kind', '=', 'reported'),
  )

function mentions(eb: OfMessage, text: string): Condition {
  const pattern = contains(text)
  const recipients = eb
    .selectFrom('delivery as r')
    .select(sql`1`.as('one'))
    .whereRef('r.message_id', '=', 'm.id')
    .where('r.recipient', 'ilike', pattern)
  return eb.or([
    eb('m.subject', 'ilike', pattern),
    eb('m.sender_name', 'ilike', pattern),
    eb('m.sender_address', 'ilike', pattern),
    eb.exists(recipients),
  ])
}

/** Conditions on the copy `d`. */
function onCopy(eb: OfCopy, filter: MessageFilter): Condition[] {
  const all: Condition[] = []
  const action = list(filter.action)
  if (action.length) all.push(eb('d.action', 'in', action))
  const location = list(filter.location)
  if (location.length) all.push(eb('d.latest_location', 'in', location))
  const recipient = lower(filter.recipient)
  if (recipient.length) all.push(eb('d.recipient_key', 'in', recipient))
  const mailbox = lower(filter.mailbox)
  if (mailbox.length) all.push(sql<boolean>`d.mailbox_id = any(${mailbox}::uuid[])`)
  return all
}

const concernsCopies = (filter: MessageFilter): boolean =>
  [filter.action, filter.location, filter.recipient, filter.mailbox].some((field) => list(field).length > 0)

/** Messages `m` that match, one row each, nothing selected yet: add what you need. Throws AppError `bad-filter`. */
export function messagesMatching(
  tx: Tx,
  filter: MessageFilter,
): SelectQueryBuilder<Database & { m: Database['message'] }, 'm', object> {
  const query = tx.selectFrom('message as m').where((eb) => eb.and(onMessage(eb, filter)))
  if (!concernsCopies(filter)) return query
  return query.where((eb) =>
    eb.exists(
      eb
        .selectFrom('delivery as d')
        .select(sql`1`.as('one'))
        .whereRef('d.tenant_id', '=', 'm.tenant_id')
        .whereRef('d.message_id', '=', 'm.id')
        .where((copy) => copy.and(onCopy(copy, filter))),
    ),
  )
}

/**
 * Copies `d` of messages `m` that match, nothing selected yet: `copiesMatching(tx, filter).select('d.id')` is a subquery for plans.
 * Conditions on copies (location, recipient…) hold for the very copy. Throws AppError `bad-filter`.
 */
export function copiesMatching(
  tx: Tx,
  filter: MessageFilter,
): SelectQueryBuilder<Database & { m: Database['message']; d: Database['delivery'] }, 'm' | 'd', object> {
  return tx
    .selectFrom('message as m')
    .innerJoin('delivery as d', (join) =>
      join.onRef('d.tenant_id', '=', 'm.tenant_id').onRef('d.message_id', '=', 'm.id'),
    )
    .where((eb) => eb.and(onMessage(eb, filter)))
    .where((eb) => eb.and(onCopy(eb, filter)))
}

const FACTS = new Set(['from', 'to', 'threat', 'action', 'location', 'mailbox', 'senderDomain'])

/** Facts `f`, one per copy, where they alone can answer the filter; else null: use `copiesMatching`. Throws AppError `bad-filter`. */
export function factsMatching(
  tx: Tx,
  filter: MessageFilter,
): SelectQueryBuilder<Database & { f: Database['copy_fact'] }, 'f', object> | null {
  const asked = Object.entries(filter).filter(([, value]) => value !== undefined && value !== '')
  if (asked.some(([field]) => !FACTS.has(field))) return null
  let query = tx.selectFrom('copy_fact as f')
  if (filter.from !== undefined) query = query.where('f.received_at', '>=', instant('from', filter.from))
  if (filter.to !== undefined) query = query.where('f.received_at', '<', instant('to', filter.to))
  const threat = list(filter.threat)
  if (threat.length) query = query.where('f.threat', 'in', threat)
  const action = list(filter.action)
  if (action.length) query = query.where('f.action', 'in', action)
  const location = list(filter.location)
  if (location.length) query = query.where('f.location', 'in', location)
  const domain = lower(filter.senderDomain)
  if (domain.length) query = query.where('f.sender_domain', 'in', domain)
  const mailbox = lower(filter.mailbox)
  if (mailbox.length) query = query.where(sql<boolean>`f.mailbox_id = any(${mailbox}::uuid[])`)
  return query
}
