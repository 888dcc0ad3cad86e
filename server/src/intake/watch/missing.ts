import { crashPoint, type DeliveryId, madeAt } from '../../base/index.ts'
import type { FolderMark } from '../../mailboxes/index.ts'
import type { Tx } from '../../storage/index.ts'
import { Relocations, relocateTo } from './apply.ts'
import { type Link, sameCopy } from './link.ts'
import type { Seen } from './look.ts'
import { candidates } from './read.ts'
import { OWNER } from './told.ts'
import type { Arrival, WatchedMailbox } from './types.ts'
import { dropCopies, otherCopies, overdueCopies } from './write.ts'

/** Longest time that one round may take from its first folder to its end. */
const ROUND_MS = 600_000

/** What a round has not looked at, where a missing copy may lie. */
export interface Unseen {
  /** Some of what came since the last look is not read yet: anything may be among it. */
  readonly all: boolean
  /** Copies of these are there and wait for an action to end. */
  readonly waiting: ReadonlySet<DeliveryId>
  /** What has been missing since then, or before, may be in a folder of which not everything was read; null: there is none. */
  readonly until: Date | null
}

/**
 * What was in a folder at our first look at it has come there before, so what was still in its old place later is not among it. The first look at
 * a large mailbox takes long, and meanwhile its owner's removals are told as ever.
 */
export function unseenIn(
  seen: readonly Seen[],
  arrivals: readonly Arrival[],
  ready: readonly Arrival[],
  links: ReadonlyMap<Arrival, Link>,
): Unseen {
  const done = new Set(ready)
  const left = arrivals.filter((arrival) => !done.has(arrival))
  const behind = [
    ...seen.filter((s) => s.backfillBefore !== null).map((s) => s.folder.id),
    ...left.filter((arrival) => arrival.backlog).map((arrival) => arrival.folder.id),
  ]
  const waiting = left.flatMap((arrival) => {
    const link = links.get(arrival)
    return link && 'delivery' in link ? [link.delivery.id] : []
  })
  return {
    all: seen.some((s) => s.mark.uidNext > s.folder.uidNext),
    waiting: new Set(waiting),
    until: behind.length === 0 ? null : new Date(Math.max(...behind.map(madeAt)) + ROUND_MS),
  }
}

/**
 * Copies that are gone from their folder and showed up nowhere else within the grace period: their owner has removed them for good. Where
 * another copy of the message is known, that is the one from now on: most clients move by copying first. What we have moved
 * ourselves is recorded elsewhere by now; what an action works on waits, and so does what may be where we have not looked yet.
 */
export async function applyMissing(
  tx: Tx,
  mailbox: WatchedMailbox,
  before: Date,
  { all, waiting, until }: Unseen,
  marks: readonly FolderMark[],
): Promise<void> {
  if (all) return
  const overdue = await overdueCopies(tx, mailbox.id, until, before)
  if (overdue.length === 0) return
  const ids = overdue.flatMap((one) => (one.deliveryId === null ? [] : [one.deliveryId]))
  const known = await candidates(tx, mailbox, { networkIds: [], serverIds: [], likenesses: [] }, ids)
  const others = await otherCopies(tx, mailbox.id, ids)
  const moves = new Relocations()
  const done: { folderId: string; uid: number }[] = []
  for (const { deliveryId, ref, folderId, uid } of overdue) {
    const delivery = deliveryId === null ? undefined : known.byId.get(deliveryId)
    if (delivery && (delivery.busy || waiting.has(delivery.id))) continue
    done.push({ folderId, uid })
    if (!delivery?.ref || !sameCopy(delivery.ref, ref)) continue
    const paths = new Set(others.flatMap((o) => (o.deliveryId === delivery.id ? [o.ref.folder] : [])))
    const mark = marks.find(({ path }) => paths.has(path))
    const other = others.find((o) => o.deliveryId === delivery.id && o.ref.folder === mark?.path)
    if (mark && other) await relocateTo(tx, moves, delivery, other.ref, mark.use, marks)
    else
      moves.add(
        { kind: 'expunged', actor: OWNER, summary: `Was removed for good from ${ref.folder} by its owner` },
        { deliveryId: delivery.id, location: 'hard-deleted', folder: null, ref: null },
      )
  }
  await moves.write(tx)
  await dropCopies(tx, mailbox.id, [], done)
  crashPoint('watch.after-missing')
}
