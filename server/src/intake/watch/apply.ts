import type { DeliveryId } from '../../base/index.ts'
import type { CopyRef, FolderMark, SpecialUse } from '../../mailboxes/index.ts'
import { type EventText, locate, type Relocation } from '../../records/index.ts'
import { emit, type Tx } from '../../storage/index.ts'
import { refJson } from '../ref.ts'
import { isExpunged, type Link } from './link.ts'
import { likenessOf, marksOf, opinionOfMarks, opinionOfMove, placeIn, seenAs } from './marks.ts'
import type { TakenCopy } from './take.ts'
import { howMoved, movedBy } from './told.ts'
import type { Arrival, KnownDelivery, WatchedMailbox } from './types.ts'
import { addCopies, dropCopies, type NewCopy, setMarks, watchedAt } from './write.ts'

/** Copies told of in one go share their event's text. */
export class Relocations {
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

/** Writes down what the arrivals of a round are; `taken` holds those that were judged just before. */
export async function applyArrivals(
  tx: Tx,
  mailbox: WatchedMailbox,
  arrivals: readonly Arrival[],
  links: ReadonlyMap<Arrival, Link>,
  taken: ReadonlyMap<Arrival, TakenCopy>,
  marks: readonly FolderMark[],
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
      await relocateTo(tx, moves, delivery, arrival.state.ref, arrival.use, marks)
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

/** Its owner has put it there: a new place, and perhaps an opinion. */
export async function relocateTo(
  tx: Tx,
  moves: Relocations,
  delivery: KnownDelivery,
  ref: CopyRef,
  use: SpecialUse | null,
  marks: readonly FolderMark[],
): Promise<void> {
  const place = placeIn({ path: ref.folder, use })
  const how = howMoved(isExpunged(delivery) ? null : delivery, place)
  moves.add(movedBy(how), { deliveryId: delivery.id, ...place, ref: refJson(ref) })
  // A copy that nobody has seen before may have been filed at delivery, by a rule: that says nothing.
  const junk = marks.find((mark) => mark.use === 'junk')?.path ?? null
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
