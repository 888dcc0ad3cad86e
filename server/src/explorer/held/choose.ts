import { sql } from 'kysely'
import { AppError, type DeliveryId, type TenantId } from '../../base/index.ts'
import { directory } from '../../organisation/index.ts'
import {
  chosenCopies,
  type HeldCopy,
  type HeldSelection,
  isOpen,
  type MessageResult,
  resultsOf,
  whyClosed,
} from '../../quarantine/index.ts'
import type { Tx } from '../../storage/index.ts'

/** What can be done with a selection: the copies that may be acted on, and a line for each message that says the rest. */
export interface Choice {
  readonly copies: readonly HeldCopy[]
  readonly ready: readonly HeldCopy[]
  readonly results: readonly MessageResult[]
  /** Why not, for each copy that was meant and is not ready. */
  readonly refused: readonly string[]
}

/**
 * Looks at every copy that is meant. With `lock` nobody else can release, expire or delete the same messages until the transaction
 * ends, so what is said here is still true when it is done. Throws AppError `no-recipient`, `too-many`, `bad-filter`.
 */
export async function choose(
  tx: Tx,
  wish: {
    readonly tenant: TenantId
    readonly select: HeldSelection
    readonly recipients?: readonly string[] | undefined
  },
  options: { readonly lock: boolean; readonly now: Date },
): Promise<Choice> {
  const all = await chosenCopies(tx, wish.select, options)
  const copies = wish.recipients ? await ofRecipients(tx, all, wish.recipients) : all
  const moving = await underWay(tx, wish.tenant, copies)
  const why = (c: HeldCopy): string | null => {
    if (!isOpen(c)) return whyClosed(c)
    if (c.mailboxId === null) return `${c.recipient} is not one of our mailboxes.`
    if (c.expiresAt <= options.now) return `The copy of ${c.address} expired in quarantine on ${day(c.expiresAt)}.`
    return moving.get(c.deliveryId) ?? null
  }
  const ready = copies.filter((c) => why(c) === null)
  const done = new Set(ready.map((c) => c.deliveryId))
  const results = resultsOf(wish.select, copies, done, (c) => why(c) ?? '')
  return { copies, ready, results, refused: copies.flatMap((c) => why(c) ?? []) }
}

const day = (at: Date): string => at.toISOString().slice(0, 10)

/** By the envelope's address, the mailbox's own, or an alias or group that leads to it today. */
async function ofRecipients(
  tx: Tx,
  copies: readonly HeldCopy[],
  recipients: readonly string[],
): Promise<readonly HeldCopy[]> {
  const known = await directory(tx)
  const chosen = new Set<DeliveryId>()
  for (const name of recipients) {
    const address = name.trim().toLowerCase()
    const leads = new Set<string>(known.resolve(address).mailboxes.map((m) => m.id))
    const mine = copies.filter(
      (c) =>
        c.recipient.toLowerCase() === address ||
        c.address.toLowerCase() === address ||
        (c.mailboxId !== null && leads.has(c.mailboxId)),
    )
    if (mine.length === 0 && copies.length > 0)
      throw new AppError(
        'no-recipient',
        `${name} is not a recipient of ${new Set(copies.map((c) => c.messageId)).size === 1 ? 'this message' : 'any of these messages'}.`,
        'Choose among the original recipients; somebody else can be sent a copy.',
        { status: 409 },
      )
    for (const c of mine) chosen.add(c.deliveryId)
  }
  return copies.filter((c) => chosen.has(c.deliveryId))
}

/** Copies that an action is about to move: what it is, who asked for it, and when. */
async function underWay(
  tx: Tx,
  tenant: TenantId,
  copies: readonly HeldCopy[],
): Promise<ReadonlyMap<DeliveryId, string>> {
  const ids = copies.filter(isOpen).map((c) => c.deliveryId)
  const { rows } = await sql<{
    delivery_id: DeliveryId
    name: string
    kind: string
    who: string
    at: Date
    state: string
  }>`
    select distinct on (i.delivery_id) i.delivery_id, a.name, a.kind, a.requested_by->>'name' as who, a.created_at as at, i.state
    from action_item i join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
    where i.tenant_id = ${tenant} and i.delivery_id = any(${ids}::uuid[])
      and (i.state in ('planned', 'approved', 'executing') or (i.state = 'failed' and i.next_attempt_at is not null))
    order by i.delivery_id, i.id`.execute(tx)
  const said = rows.map((r): [DeliveryId, string] => {
    const what = r.kind === 'release' ? 'A release' : `“${r.name}”`
    const how = r.state === 'planned' ? 'waits for approval' : 'is under way'
    return [
      r.delivery_id,
      `${what} of this copy ${how}: ${r.who}, ${r.at.toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
    ]
  })
  return new Map(said)
}

/** Why nothing at all can be done: the code says which kind of reason came first. */
export function refuse(choice: Choice, verb: 'release' | 'delete'): AppError {
  const [first] = choice.results
  if (!first)
    return new AppError(
      'nothing-selected',
      'Nothing in quarantine matches the selection.',
      'Choose messages that are in quarantine.',
      {
        status: 404,
      },
    )
  const [copy] = choice.copies
  const code =
    copy === undefined
      ? 'not-in-quarantine'
      : copy.state === 'released'
        ? 'already-released'
        : copy.state === 'expired' || (isOpen(copy) && /expired/.test(first.says))
          ? 'expired'
          : isOpen(copy)
            ? 'under-way'
            : 'not-in-quarantine'
  return new AppError(code, `There is nothing to ${verb}: ${first.says}`, CURES[code] ?? '', {
    status: copy === undefined ? 404 : 409,
  })
}

const CURES: Readonly<Record<string, string>> = {
  'already-released': 'It is in the recipient’s mailbox. Another person can be sent a copy.',
  expired: 'Ask the sender to send it again; the retention can be made longer in the settings.',
  'under-way': 'Look at it in the Action center.',
  'not-in-quarantine': 'Look at the list again: somebody may have been faster.',
}
