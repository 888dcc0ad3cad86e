import { type RawBuilder, sql } from 'kysely'
import { type Static, type TSchema, Type } from 'typebox'
import { askedInstant } from '../records/index.ts'
import { plainText } from '../storage/index.ts'
import { PolicyTypes, Reasons, Statuses, stateOf } from './words.ts'

/** One value or several: several mean *or*. */
const many = <T extends TSchema>(item: T) =>
  Type.Optional(Type.Union([item, Type.Array(item, { minItems: 1, maxItems: 50 })]))
const word = Type.String({ minLength: 1, maxLength: 1000 })
const instant = Type.Optional(Type.String({ minLength: 10, maxLength: 40, description: 'ISO 8601 instant' }))

/** Which held copies are meant. All fields must match; within one, any value. */
export const HeldFilter = Type.Object(
  {
    /** Received at or after, and before. */
    from: instant,
    to: instant,
    /** Expires at or after, and before. */
    expiresFrom: instant,
    expiresTo: instant,
    reason: many(Reasons),
    policyType: many(PolicyTypes),
    policyName: many(word),
    status: many(Statuses),
    sender: many(word),
    /** Text within the subject. */
    subject: Type.Optional(word),
    /** Envelope address or the mailbox's own. */
    recipient: many(word),
    /** Internet message ID with or without angle brackets, or network message ID. */
    messageId: many(word),
    direction: many(Type.Enum(['inbound', 'internal', 'outbound'])),
    /** Somebody reported or submitted it. */
    reported: Type.Optional(Type.Boolean()),
    /** Text within subject, sender or recipient. */
    q: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
)
export type HeldFilter = Static<typeof HeldFilter>

type Sql = RawBuilder<unknown>
const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T]
const lower = (values: string | readonly string[] | undefined): string[] =>
  list(values).map((v) => plainText(v).trim().toLowerCase())
/** What the person typed is text, not a pattern. */
const within = (text: string): string => `%${plainText(text.trim()).replace(/[\\%_]/g, '\\$&')}%`

/** Held copies `h` with, where somebody asks for it, their messages `m`. */
export const heldFrom = (message: boolean): Sql =>
  message ? sql`held_copy h join message m on m.tenant_id = h.tenant_id and m.id = h.message_id` : sql`held_copy h`

/** Whether a filter asks for anything that only the message knows. */
export const asksMessage = (filter: HeldFilter): boolean => ofMessage(filter).length > 0

/** Conditions on the copy `h` and its message `m`. Throws AppError `bad-filter`. */
export function heldWhere(filter: HeldFilter): Sql {
  const all = [...ofCopy(filter), ...ofMessage(filter)]
  return all.length === 0 ? sql`true` : sql.join(all, sql` and `)
}

function ofCopy(filter: HeldFilter): Sql[] {
  const all: Sql[] = []
  if (filter.from !== undefined) all.push(sql`h.received_at >= ${askedInstant('from', filter.from)}`)
  if (filter.to !== undefined) all.push(sql`h.received_at < ${askedInstant('to', filter.to)}`)
  if (filter.expiresFrom !== undefined)
    all.push(sql`h.expires_at >= ${askedInstant('expiresFrom', filter.expiresFrom)}`)
  if (filter.expiresTo !== undefined) all.push(sql`h.expires_at < ${askedInstant('expiresTo', filter.expiresTo)}`)
  // An expiry lies ahead only of what is still held.
  if (filter.expiresFrom !== undefined || filter.expiresTo !== undefined) all.push(sql`h.state in ('held', 'denied')`)
  const reasons = list(filter.reason)
  if (reasons.length) all.push(sql`h.reason = any(${[...reasons]}::text[])`)
  const types = list(filter.policyType)
  if (types.length) all.push(sql`h.policy_type = any(${[...types]}::text[])`)
  const names = lower(filter.policyName)
  if (names.length) all.push(sql`lower(h.policy_name) = any(${names}::text[])`)
  const states = list(filter.status).map(stateOf)
  if (states.length) all.push(sql`h.state = any(${states}::text[])`)
  const recipients = lower(filter.recipient)
  if (recipients.length)
    all.push(sql`exists (${copy} and (d.recipient_key = any(${recipients}::text[])
    or d.mailbox_id in (select b.id from mailbox b where b.tenant_id = d.tenant_id and b.address = any(${recipients}::text[]))))`)
  return all
}

const copy = sql`select 1 from delivery d where d.tenant_id = h.tenant_id and d.id = h.delivery_id`

function ofMessage(filter: HeldFilter): Sql[] {
  const all: Sql[] = []
  const senders = lower(filter.sender)
  if (senders.length)
    all.push(sql`(m.sender_address = any(${senders}::text[]) or lower(m.mail_from) = any(${senders}::text[]))`)
  if (filter.subject?.trim()) all.push(sql`m.subject ilike ${within(filter.subject)}`)
  const ids = list(filter.messageId).map((id) => plainText(id).trim())
  if (ids.length) all.push(withId(ids))
  const directions = list(filter.direction)
  if (directions.length) all.push(sql`m.direction = any(${[...directions]}::text[])`)
  if (filter.reported !== undefined) all.push(filter.reported ? reported : sql`not ${reported}`)
  if (filter.q?.trim()) {
    const pattern = within(filter.q)
    all.push(sql`(m.subject ilike ${pattern} or m.sender_name ilike ${pattern} or m.sender_address ilike ${pattern}
      or exists (${copy} and d.recipient ilike ${pattern}))`)
  }
  return all
}

const reported = sql`exists (select 1 from message_event t where t.tenant_id = m.tenant_id and t.message_id = m.id
  and t.kind = 'reported')`

function withId(ids: readonly string[]): Sql {
  const internet = ids.flatMap((id) => [id, `<${id.replace(/^<|>$/g, '')}>`, id.replace(/^<|>$/g, '')])
  const network = ids.filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
  return sql`(m.internet_message_id = any(${internet}::text[]) or m.id = any(${network}::uuid[]))`
}
