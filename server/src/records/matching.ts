import { type Expression, type ExpressionBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { EntityKind } from '../judgement/index.ts'
import { type Database, plainText, type Tx } from '../storage/index.ts'
import { acted } from './additional.ts'
import { type MessageFilter, type Negatable, negated } from './filter.ts'
import { askedInstant } from './instant.ts'
import { entityHash } from './rows.ts'

type Condition = Expression<SqlBool>
type OfMessage = ExpressionBuilder<Database & { m: Database['message'] }, 'm'>
type OfCopy = ExpressionBuilder<Database & { d: Database['delivery'] }, 'd'>

const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])
const lower = (values: string | string[] | undefined): string[] => list(values).map((v) => plainText(v).toLowerCase())

/** For ILIKE: what the person typed is text, not a pattern. */
const contains = (text: string): string => `%${plainText(text).replace(/[\\%_]/g, '\\$&')}%`

const folded = (values: readonly string[]): string[] => values.map((v) => v.toLowerCase())
type Entities = readonly [
  field: 'url' | 'urlDomain' | 'fileHash' | `${'body' | 'subject' | 'structure' | 'url' | 'image'}Fingerprint`,
  kind: EntityKind,
  valuesOf: (typed: readonly string[]) => string[],
]
const ENTITIES: readonly Entities[] = [
  ['url', 'url', (typed) => links(typed)],
  ['urlDomain', 'url-domain', (typed) => folded(typed).map((v) => v.replace(/^\/+|\/+$/g, ''))],
  ['fileHash', 'file-hash', folded],
  ['bodyFingerprint', 'body-fingerprint', (typed) => [...typed]],
  ['subjectFingerprint', 'subject-fingerprint', (typed) => [...typed]],
  ['structureFingerprint', 'structure-fingerprint', (typed) => [...typed]],
  ['urlFingerprint', 'url-fingerprint', (typed) => [...typed]],
  ['imageFingerprint', 'image-fingerprint', (typed) => [...typed]],
]

/** What was typed, as links are kept: with a scheme, and with the slash at the end and without. */
function links(typed: readonly string[]): string[] {
  const whole = typed.flatMap((text) =>
    /^[a-z][a-z0-9+.-]*:/i.test(text) ? [text] : [`http://${text}`, `https://${text}`, `ftp://${text}`],
  )
  const forms = whole.flatMap((text) => [text, URL.parse(text)?.href ?? text])
  return [...new Set(forms.flatMap((text) => [text, text.endsWith('/') ? text.slice(0, -1) : `${text}/`]))]
}

/** Turns what `not` names into its opposite: what is unknown is none of the values. */
class Conditions {
  readonly all: Condition[] = []
  readonly #not: ReadonlySet<string>
  constructor(filter: MessageFilter) {
    this.#not = negated(filter)
  }
  add(field: Negatable, condition: Condition): void {
    this.all.push(this.#not.has(field) ? sql<boolean>`not coalesce(${condition}, false)` : condition)
  }
}

/** When the message came. */
function within(eb: OfMessage, filter: MessageFilter): Condition[] {
  const all: Condition[] = []
  if (filter.from !== undefined) all.push(eb('m.received_at', '>=', askedInstant('from', filter.from)))
  if (filter.to !== undefined) all.push(eb('m.received_at', '<', askedInstant('to', filter.to)))
  return all
}

function numbers(eb: OfMessage, filter: MessageFilter): Condition[] {
  const columns = [
    ['m.url_count', filter.urlsOver, filter.urlsUnder],
    ['m.attachment_count', filter.attachmentsOver, filter.attachmentsUnder],
    ['m.size', filter.sizeOver, filter.sizeUnder],
  ] as const
  return columns.flatMap(([column, over, under]) => [
    ...(over === undefined ? [] : [eb(column, '>', over)]),
    ...(under === undefined ? [] : [eb(column, '<', under)]),
  ])
}

/** What the receiving server, or we, found out about the sender; it stands in the parsed mail only. */
function authentication(filter: MessageFilter, given: Conditions): void {
  const found = (path: string) => sql<string>`(m.mail::json #>> ${`{authentication,${path}}`}::text[])`
  for (const field of ['spf', 'dmarc'] as const) {
    const wanted = list(filter[field])
    if (wanted.length) given.add(field, sql<boolean>`${found(`${field},result`)} = any(${wanted}::text[])`)
  }
  const dkim = list(filter.dkim)
  if (dkim.length) {
    const signatures = sql`m.mail::json #> '{authentication,dkim}'`
    const any = sql<boolean>`exists (select from json_array_elements(${signatures}) k where k->>'result' = any(${dkim}::text[]))`
    const none = sql<boolean>`json_array_length(${signatures}) = 0`
    given.add('dkim', dkim.includes('none') ? sql<boolean>`(${any} or ${none})` : any)
  }
}

/** Conditions on the message `m` itself, beside its time. */
function onMessage(eb: OfMessage, filter: MessageFilter): Condition[] {
  const given = new Conditions(filter)
  const threat = list(filter.threat)
  if (threat.length) given.add('threat', eb('m.threat', 'in', threat))
  const technology = list(filter.technology)
  if (technology.length) given.add('technology', eb('m.technology', 'in', technology))
  const direction = list(filter.direction)
  if (direction.length) given.add('direction', eb('m.direction', 'in', direction))
  const sender = lower(filter.sender)
  // The envelope's address is kept as it was sent: its local part may mean something by its case.
  const asTyped = [...new Set([...sender, ...list(filter.sender).map(plainText)])]
  if (sender.length)
    given.add('sender', eb.or([eb('m.sender_address', 'in', sender), eb('m.mail_from', 'in', asTyped)]))
  const domain = lower(filter.senderDomain)
  if (domain.length) given.add('senderDomain', eb('m.sender_domain', 'in', domain))
  const ip = lower(filter.ip)
  if (ip.length) given.add('ip', eb('m.client_ip', 'in', ip))
  const ids = lower(filter.messageId)
  if (ids.length) given.add('messageId', sql<boolean>`m.id = any(${ids}::uuid[])`)
  const internet = list(filter.internetMessageId).map(plainText)
  if (internet.length) given.add('internetMessageId', eb('m.internet_message_id', 'in', internet))
  for (const [field, kind, valuesOf] of ENTITIES) {
    const values = valuesOf(list(filter[field]).map(plainText))
    if (values.length) given.add(field, holds(eb, kind, values))
  }
  authentication(filter, given)
  if (filter.q?.trim()) given.add('q', mentions(eb, filter.q.trim()))
  const mentioned = filter.reported === undefined ? [] : [filter.reported ? reported(eb) : eb.not(reported(eb))]
  const proved =
    filter.aligned === undefined
      ? []
      : [sql<boolean>`coalesce((m.mail::json #>> '{authentication,aligned}')::boolean, false) = ${filter.aligned}`]
  return [...given.all, ...numbers(eb, filter), ...mentioned, ...proved]
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
  const given = new Conditions(filter)
  const action = list(filter.action)
  if (action.length) given.add('action', eb('d.action', 'in', action))
  const location = list(filter.location)
  if (location.length) given.add('location', eb('d.latest_location', 'in', location))
  const original = list(filter.originalLocation)
  if (original.length) given.add('originalLocation', eb('d.original_location', 'in', original))
  const additional = list(filter.additional)
  if (additional.length) given.add('additional', acted(additional))
  const recipient = lower(filter.recipient)
  if (recipient.length) given.add('recipient', eb('d.recipient_key', 'in', recipient))
  const mailbox = lower(filter.mailbox)
  if (mailbox.length) given.add('mailbox', sql<boolean>`d.mailbox_id = any(${mailbox}::uuid[])`)
  return filter.protected === undefined ? given.all : [...given.all, toProtected(filter.protected)]
}

/** By what the organisation says today: whom it protects is no fact of a message. */
const toProtected = (wanted: boolean): Condition => sql<boolean>`exists (select from mailbox b
  where b.tenant_id = d.tenant_id and b.id = d.mailbox_id and b.protected) = ${wanted}`

const COPY_FIELDS = [
  'action',
  'location',
  'originalLocation',
  'additional',
  'recipient',
  'mailbox',
  'protected',
] as const
const concernsCopies = (filter: MessageFilter): boolean =>
  COPY_FIELDS.some((field) => list<unknown>(filter[field]).length > 0)

/** How the conditions of a filter are put together; nothing given is no condition. */
function together(filter: MessageFilter, conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) return sql<boolean>`true`
  return sql<boolean>`(${sql.join(conditions, filter.match === 'any' ? sql` or ` : sql` and `)})`
}

/** Messages `m` that match, one row each, nothing selected yet: add what you need. Throws AppError `bad-filter`. */
export function messagesMatching(
  tx: Tx,
  filter: MessageFilter,
): SelectQueryBuilder<Database & { m: Database['message'] }, 'm', object> {
  const query = tx.selectFrom('message as m').where((eb) => eb.and(within(eb, filter)))
  return query.where((eb) => {
    const conditions = onMessage(eb, filter)
    if (!concernsCopies(filter)) return together(filter, conditions)
    const copies = eb
      .selectFrom('delivery as d')
      .select(sql`1`.as('one'))
      .whereRef('d.tenant_id', '=', 'm.tenant_id')
      .whereRef('d.message_id', '=', 'm.id')
      .where((copy) => together(filter, onCopy(copy, filter)))
    return together(filter, [...conditions, eb.exists(copies)])
  })
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
    .where((eb) => eb.and(within(eb, filter)))
    .where((eb) => together(filter, [...onMessage(eb, filter), ...onCopy(eb, filter)]))
}

const FACTS = new Set(['from', 'to', 'threat', 'action', 'location', 'mailbox', 'senderDomain', 'direction'])

/** Facts `f`, one per copy, where they alone can answer the filter; else null: use `copiesMatching`. Throws AppError `bad-filter`. */
export function factsMatching(
  tx: Tx,
  filter: MessageFilter,
): SelectQueryBuilder<Database & { f: Database['copy_fact'] }, 'f', object> | null {
  const asked = Object.entries({ ...filter, match: filter.match === 'any' ? 'any' : undefined }).filter(
    ([, value]) => value !== undefined && value !== '',
  )
  if (asked.some(([field]) => !FACTS.has(field))) return null
  let query = tx.selectFrom('copy_fact as f')
  if (filter.from !== undefined) query = query.where('f.received_at', '>=', askedInstant('from', filter.from))
  if (filter.to !== undefined) query = query.where('f.received_at', '<', askedInstant('to', filter.to))
  const threat = list(filter.threat)
  if (threat.length) query = query.where('f.threat', 'in', threat)
  const action = list(filter.action)
  if (action.length) query = query.where('f.action', 'in', action)
  const location = list(filter.location)
  if (location.length) query = query.where('f.location', 'in', location)
  const direction = list(filter.direction)
  if (direction.length) query = query.where('f.direction', 'in', direction)
  const domain = lower(filter.senderDomain)
  if (domain.length) query = query.where('f.sender_domain', 'in', domain)
  const mailbox = lower(filter.mailbox)
  if (mailbox.length) query = query.where(sql<boolean>`f.mailbox_id = any(${mailbox}::uuid[])`)
  return query
}
