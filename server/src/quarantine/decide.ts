import { sql } from 'kysely'
import type { AuditActor } from '../audit/index.ts'
import { AppError } from '../base/index.ts'
import { addEvents } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import { auditHeld } from './audit.ts'
import { LONGEST_DAYS } from './retention.ts'
import { chosenCopies, type HeldCopy, type HeldSelection, isOpen, notHeld, whyClosed } from './selection.ts'

/** What was done with one message of a selection; `says` is why not, or why not with all of it. */
export interface MessageResult {
  readonly messageId: string
  readonly subject: string
  readonly ok: boolean
  /** Copies that were acted on. */
  readonly copies: number
  readonly says: string
}

/** One line per message, those that do not exist too. `done` are the copies that were acted on. */
export function resultsOf(
  select: HeldSelection,
  copies: readonly HeldCopy[],
  done: ReadonlySet<string>,
  why = whyClosed,
): MessageResult[] {
  const found = [...Map.groupBy(copies, (c) => c.messageId)].map(([messageId, part]): MessageResult => {
    const acted = part.filter((c) => done.has(c.deliveryId))
    const left = part.filter((c) => !done.has(c.deliveryId)).map(why)
    return {
      messageId,
      subject: part[0]?.subject ?? '',
      ok: acted.length > 0,
      copies: acted.length,
      says: [...new Set(left)].join(' '),
    }
  })
  const what = 'deliveryIds' in select ? 'copy' : 'message'
  const unknown = notHeld(select, copies).map(
    (id): MessageResult => ({
      messageId: id,
      subject: '',
      ok: false,
      copies: 0,
      says: `No such ${what} is or was in quarantine.`,
    }),
  )
  return [...found, ...unknown]
}

/** Refused as a whole where nothing of it can be done: the first reason is said. */
export function needSome(results: readonly MessageResult[], verb: string): void {
  if (results.some((r) => r.ok)) return
  const [first] = results
  throw new AppError(
    first ? 'not-in-quarantine' : 'nothing-selected',
    first ? `There is nothing to ${verb}: ${first.says}` : 'Nothing in quarantine matches the selection.',
    first ? 'Look at the list again: somebody may have been faster.' : 'Choose messages that are in quarantine.',
    { status: first ? 409 : 404 },
  )
}

interface Wish {
  readonly actor: AuditActor
  readonly select: HeldSelection
  readonly note?: string | undefined
  readonly now: Date
}

/** *Deny*: looked at and kept, for all recipients (quarantine #71). It can still be released, and it expires as before. */
export async function denyHeld(tx: Tx, wish: Wish): Promise<readonly MessageResult[]> {
  const { actor, select, now } = wish
  const copies = await chosenCopies(tx, await wholeMessages(tx, select), { lock: true })
  const open = copies.filter(isOpen)
  const ids = open.map((c) => c.deliveryId)
  const results = resultsOf(select, copies, new Set(ids))
  needSome(results, 'deny')
  await sql`update held_copy set state = 'denied', state_at = ${now}, state_by = ${actor.name}
    where tenant_id = recourse_tenant() and delivery_id = any(${ids}::uuid[]) and state in ('held', 'denied')`.execute(
    tx,
  )
  await tell(tx, wish, open, 'release-denied', 'Release denied: kept in quarantine', 'quarantine.deny', {})
  return results
}

/** A denial is about the message, whichever of its copies was chosen. */
async function wholeMessages(tx: Tx, select: HeldSelection): Promise<HeldSelection> {
  if ('messageIds' in select) return select
  const chosen = await chosenCopies(tx, select, { lock: false })
  return { messageIds: [...new Set(chosen.map((c) => c.messageId))] }
}

/**
 * Moves the expiry of what is held: to `days` from now, never beyond `LONGEST_DAYS` after it was held, never nearer than it is.
 * Throws AppError `bad-expiry`, `not-in-quarantine`, `nothing-selected`.
 */
export async function extendHeld(tx: Tx, wish: Wish & { readonly days: number }): Promise<readonly MessageResult[]> {
  const { actor, select, now, days } = wish
  if (!Number.isInteger(days) || days < 1 || days > LONGEST_DAYS)
    throw new AppError('bad-expiry', `${days} days is not possible.`, `Choose 1 to ${LONGEST_DAYS} days from now.`)
  const copies = await chosenCopies(tx, select, { lock: true })
  const ids = copies.filter(isOpen).map((c) => c.deliveryId)
  const moved = await sql<{ delivery_id: string }>`
    update held_copy h set expires_at = x.until, extended_by = ${actor.name}
    from (select delivery_id, least(${now}::timestamptz + ${days} * interval '1 day',
      held_at + ${LONGEST_DAYS} * interval '1 day') as until from held_copy
      where tenant_id = recourse_tenant() and delivery_id = any(${ids}::uuid[])) x
    where h.tenant_id = recourse_tenant() and h.delivery_id = x.delivery_id and h.state in ('held', 'denied')
      and x.until > h.expires_at and h.expires_at > ${now}::timestamptz
    returning h.delivery_id`.execute(tx)
  const done = new Set(moved.rows.map((r) => r.delivery_id))
  const results = resultsOf(select, copies, done, (c) =>
    isOpen(c)
      ? c.expiresAt <= now
        ? 'It has expired.'
        : `It expires on ${c.expiresAt.toISOString().slice(0, 10)}, not earlier, or cannot be kept longer.`
      : whyClosed(c),
  )
  needSome(results, 'extend')
  const said = copies.filter((c) => done.has(c.deliveryId))
  await tell(tx, wish, said, 'expiry-extended', `Kept in quarantine for ${days} more days`, 'quarantine.extend', {
    days,
  })
  return results
}

async function tell(
  tx: Tx,
  { actor, note }: Wish,
  copies: readonly HeldCopy[],
  kind: string,
  summary: string,
  action: string,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  const said = { ...detail, ...(note ? { note } : {}) }
  await addEvents(
    tx,
    copies.map((c) => ({
      messageId: c.messageId,
      deliveryId: c.deliveryId,
      kind,
      actor: actor.name,
      summary,
      detail: said,
    })),
  )
  await auditHeld(
    tx,
    actor,
    action,
    copies.map((c) => c.messageId),
    said,
  )
}
