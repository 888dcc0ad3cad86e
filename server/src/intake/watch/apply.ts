import { crashPoint, type DeliveryId } from '../../base/index.ts'
import { type EventText, locate, type Relocation } from '../../records/index.ts'
import { emit, type Tx } from '../../storage/index.ts'
import { refJson } from '../ref.ts'
import { type Link, sameCopy } from './link.ts'
import { likenessOf, marksOf, opinionOfMarks, opinionOfMove, placeIn, seenAs } from './marks.ts'
import { candidates } from './read.ts'
import type { TakenCopy } from './take.ts'
import type { Arrival, KnownDelivery, WatchedMailbox } from './types.ts'
import { addCopies, dropCopies, type NewCopy, overdueCopies, setMarks, watchedAt } from './write.ts'

/** Copies told of in one go share their event's text. */
class Relocations {
  readonly #groups = new Map<string, { event: EventText; places: Relocation[] }>()

  add(event: EventText, place: Relocation): void {
    const key = JSON.stringify(event)
    const group = this.#groups.get(key) ?? { event, places: [] }
    group.places.push(place)
    this.#groups.set(key, group)
  }

  async write(tx: Tx): Promise<void> {
    for (const { event, places } of this.#groups.values()) await locate(tx, places, event)
  }
}

export interface Applied {
  /** Copies that policy does not leave where they are. */
  readonly toRemedy: readonly TakenCopy[]
}

const OWNER = 'owner of the mailbox'
const nameOf = (place: { readonly location: string; readonly folder: string | null }): string =>
  place.folder ?? place.location

/** Writes down what the arrivals of a round are; `taken` holds those that were judged just before. */
export async function applyArrivals(
  tx: Tx,
  mailbox: WatchedMailbox,
  arrivals: readonly Arrival[],
  links: ReadonlyMap<Arrival, Link>,
  taken: ReadonlyMap<Arrival, TakenCopy>,
  /** Path of Junk, null: there is none. */
  junk: string | null,
): Promise<Applied> {
  const moves = new Relocations()
  const copies: NewCopy[] = []
  const left: DeliveryId[] = []
  const toRemedy: TakenCopy[] = []
  for (const arrival of arrivals) {
    const link = links.get(arrival)
    const own = taken.get(arrival)
    const delivery = link && 'delivery' in link ? link.delivery : null
    copies.push(copyOf(mailbox, arrival, own?.deliveryId ?? delivery?.id ?? null))
    if (own && !arrival.backlog && own.placement !== 'deliver' && mayRemedy(arrival)) toRemedy.push(own)
    if (!delivery || !link) continue
    if (link.kind === 'moved') {
      left.push(delivery.id)
      await moved(tx, moves, arrival, delivery, junk)
    } else if (link.kind === 'here' && delivery.ref === null) await firstSeen(tx, arrival, delivery)
  }
  await dropCopies(tx, mailbox.id, left)
  await addCopies(tx, copies)
  await moves.write(tx)
  return { toRemedy }
}

const mayRemedy = ({ use }: Arrival): boolean => use === null || use === 'inbox' || use === 'archive'

const copyOf = (mailbox: WatchedMailbox, { state, folder }: Arrival, deliveryId: DeliveryId | null): NewCopy => ({
  folderId: folder.id,
  uid: state.ref.uid,
  mailboxId: mailbox.id,
  deliveryId,
  serverId: state.ref.serverId,
  likeness: likenessOf(state),
  marks: marksOf(state.keywords),
})

async function moved(
  tx: Tx,
  moves: Relocations,
  arrival: Arrival,
  delivery: KnownDelivery,
  junk: string | null,
): Promise<void> {
  const { ref } = arrival.state
  const place = placeIn({ path: ref.folder, use: arrival.use })
  const [from, to] = [nameOf(delivery), nameOf(place)]
  const how = from === to ? `put into ${to} anew` : `moved from ${from} to ${to}`
  moves.add(
    { kind: 'moved', actor: OWNER, summary: `Was ${how} by its owner` },
    { deliveryId: delivery.id, ...place, ref: refJson(ref) },
  )
  // A copy that nobody has seen before may have been filed at delivery, by a rule: that says nothing.
  const opinion = delivery.ref === null ? null : opinionOfMove(seenAs(delivery, junk), seenAs(place, junk))
  if (opinion === null) return
  const { messageId, id: deliveryId } = delivery
  await emit(tx, { kind: 'mailbox.opinion', data: { messageId, deliveryId, opinion, threat: null, how } })
}

const firstSeen = (tx: Tx, arrival: Arrival, delivery: KnownDelivery): Promise<void> =>
  watchedAt(tx, delivery.id, refJson(arrival.state.ref))

export interface FlaggedCopy {
  readonly folderId: string
  readonly uid: number
  readonly keywords: readonly string[]
}

/** Keywords that users set since the last look. */
export async function applyFlags(tx: Tx, flagged: readonly FlaggedCopy[]): Promise<void> {
  const changed = await setMarks(
    tx,
    flagged.map(({ folderId, uid, keywords }) => ({ folderId, uid, marks: marksOf(keywords) })),
  )
  for (const { deliveryId, messageId, before, now } of changed) {
    const said = opinionOfMarks(before, now)
    if (!said) continue
    const how = `marked ${said.threat === 'phish' ? '$Phishing' : said.threat === 'spam' ? '$Junk' : '$NotJunk'}`
    await emit(tx, { kind: 'mailbox.opinion', data: { messageId, deliveryId, ...said, how } })
  }
}

/**
 * Copies that are gone from their folder and showed up nowhere else within the grace period: their owner has removed them for good.
 * What we have moved ourselves is recorded elsewhere by now; what an action works on waits.
 */
export async function applyMissing(tx: Tx, mailbox: WatchedMailbox, before: Date): Promise<void> {
  const overdue = await overdueCopies(tx, mailbox.id, before)
  if (overdue.length === 0) return
  const ids = overdue.flatMap((one) => (one.deliveryId === null ? [] : [one.deliveryId]))
  const known = await candidates(tx, mailbox, { networkIds: [], serverIds: [], likenesses: [] }, ids)
  const gone = new Relocations()
  const done: { folderId: string; uid: number }[] = []
  for (const { deliveryId, ref, folderId, uid } of overdue) {
    const delivery = deliveryId === null ? undefined : known.byId.get(deliveryId)
    if (delivery?.busy) continue
    done.push({ folderId, uid })
    if (!delivery?.ref || !sameCopy(delivery.ref, ref)) continue
    gone.add(
      { kind: 'expunged', actor: OWNER, summary: `Was removed for good from ${ref.folder} by its owner` },
      { deliveryId: delivery.id, location: 'hard-deleted', folder: null, ref: null },
    )
  }
  await gone.write(tx)
  await dropCopies(tx, mailbox.id, [], done)
  crashPoint('watch.after-missing')
}
