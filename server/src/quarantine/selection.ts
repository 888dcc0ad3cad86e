import { sql } from 'kysely'
import { type Static, Type } from 'typebox'
import { AppError, type DeliveryId, type MailboxId, type MessageId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import { HeldFilter, heldWhere } from './filter.ts'
import type { State } from './words.ts'

const uuid = Type.String({ format: 'uuid' })
/** How many IDs may be named, and how many copies a query may match. */
export const MANY_IDS = 10_000
export const MANY_COPIES = 200_000

/** Held copies by message, by copy, or by a filter (all that match when it is asked). */
export const HeldSelection = Type.Union([
  Type.Object({ messageIds: Type.Array(uuid, { minItems: 1, maxItems: MANY_IDS }) }, { additionalProperties: false }),
  Type.Object({ deliveryIds: Type.Array(uuid, { minItems: 1, maxItems: MANY_IDS }) }, { additionalProperties: false }),
  Type.Object({ filter: HeldFilter }, { additionalProperties: false }),
])
export type HeldSelection = Static<typeof HeldSelection>

/** A copy that is or was held, as decisions look at it. */
export interface HeldCopy {
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly subject: string
  readonly recipient: string
  readonly address: string
  readonly mailboxId: MailboxId | null
  readonly state: State
  readonly stateAt: Date | null
  readonly stateBy: string | null
  readonly expiresAt: Date
}

interface Row {
  delivery_id: DeliveryId
  message_id: MessageId
  subject: string
  recipient: string
  address: string | null
  mailbox_id: MailboxId | null
  state: State
  state_at: Date | null
  state_by: string | null
  expires_at: Date
}

/**
 * The copies that are meant, message by message. With `lock` their messages are locked first, as a release locks them: who decides about
 * the same message waits, and then sees what was decided. Throws AppError `bad-filter`, `too-many`.
 */
export async function chosenCopies(
  tx: Tx,
  select: HeldSelection,
  options: { readonly lock: boolean },
): Promise<readonly HeldCopy[]> {
  if (options.lock) {
    const messages = await sql<{
      message_id: MessageId
    }>`select distinct h.message_id ${from(select)} limit ${MANY_COPIES + 1}`.execute(tx)
    await lockMessages(
      tx,
      messages.rows.map((r) => r.message_id),
    )
  }
  const found = await sql<Row>`
    select h.delivery_id, h.message_id, m.subject, d.recipient, b.address, d.mailbox_id, h.state, h.state_at, h.state_by, h.expires_at
    ${from(select)} order by h.message_id, coalesce(b.address, d.recipient), h.delivery_id limit ${MANY_COPIES + 1}`.execute(
    tx,
  )
  if (found.rows.length > MANY_COPIES)
    throw new AppError(
      'too-many',
      `This selects more than ${MANY_COPIES.toLocaleString('en')} copies.`,
      'Narrow the filter: a shorter time, one reason, one sender.',
      { status: 413 },
    )
  return found.rows.map((r) => ({
    deliveryId: r.delivery_id,
    messageId: r.message_id,
    subject: r.subject,
    recipient: r.recipient,
    address: r.address ?? r.recipient,
    mailboxId: r.mailbox_id,
    state: r.state,
    stateAt: r.state_at,
    stateBy: r.state_by,
    expiresAt: r.expires_at,
  }))
}

const from = (select: HeldSelection) => sql`
  from held_copy h
  join message m on m.tenant_id = h.tenant_id and m.id = h.message_id
  join delivery d on d.tenant_id = h.tenant_id and d.id = h.delivery_id
  left join mailbox b on b.tenant_id = d.tenant_id and b.id = d.mailbox_id
  where h.tenant_id = recourse_tenant() and ${which(select)}`

function which(select: HeldSelection) {
  if ('messageIds' in select) return sql`h.message_id = any(${select.messageIds}::uuid[])`
  if ('deliveryIds' in select) return sql`h.delivery_id = any(${select.deliveryIds}::uuid[])`
  return heldWhere(select.filter)
}

/** Whoever releases, expires or decides about messages holds them in this order: no two wait for each other. */
export async function lockMessages(tx: Tx, ids: readonly MessageId[]): Promise<void> {
  if (ids.length === 0) return
  await sql`select 1 from message where tenant_id = recourse_tenant() and id = any(${[...ids]}::uuid[])
    order by id for no key update`.execute(tx)
}

/** Of messages that were named: those of which no copy ever was in quarantine, or which do not exist. */
export const notHeld = (select: HeldSelection, copies: readonly HeldCopy[]): string[] => {
  if ('filter' in select) return []
  const [asked, known] =
    'messageIds' in select
      ? [select.messageIds, new Set<string>(copies.map((c) => c.messageId))]
      : [select.deliveryIds, new Set<string>(copies.map((c) => c.deliveryId))]
  return [...new Set(asked.map((id) => id.toLowerCase()))].filter((id) => !known.has(id))
}

/** Still held: it can be released, deleted, denied, kept longer. */
export const isOpen = (copy: Pick<HeldCopy, 'state'>): boolean => copy.state === 'held' || copy.state === 'denied'

/** Why nothing can be done with a copy that is not held any more, with who and when. */
export function whyClosed(copy: HeldCopy): string {
  const by = copy.stateBy === null ? '' : ` by ${copy.stateBy}`
  const at = copy.stateAt === null ? '' : ` on ${copy.stateAt.toISOString().slice(0, 16).replace('T', ' at ')} UTC`
  switch (copy.state) {
    case 'released':
      return `It was released to ${copy.address} already${by}${at}.`
    case 'deleted':
      return `The copy of ${copy.address} was deleted from quarantine${by}${at}.`
    case 'expired':
      return `The copy of ${copy.address} expired in quarantine${at} and cannot be brought back.`
    default:
      return `The copy of ${copy.address} is not in quarantine any more: it was moved${by}${at}.`
  }
}
