import { type CopyRef, type FolderMark, within } from '../../mailboxes/index.ts'
import type { Seen } from './look.ts'
import { likenessOf, placeIn } from './marks.ts'
import type { Candidates } from './read.ts'
import type { Arrival, KnownDelivery } from './types.ts'

/** What a copy that shows up in a folder is. */
export type Link =
  /** Nobody knows it: it is to be judged. */
  | { readonly kind: 'new' }
  /** An action works on the message: where it is will be clear later. */
  | { readonly kind: 'busy'; readonly delivery: KnownDelivery }
  /** Recorded just there, or delivered there and seen for the first time. */
  | { readonly kind: 'here'; readonly delivery: KnownDelivery }
  /** It has left the place where it was recorded. */
  | { readonly kind: 'moved'; readonly delivery: KnownDelivery }
  /** Another copy of a message whose recorded copy is where it was. */
  | { readonly kind: 'copy'; readonly delivery: KnownDelivery }

/** The folders of a mailbox as this round has seen them. */
export interface View {
  readonly marks: readonly FolderMark[]
  readonly seen: readonly Seen[]
  /** Paths of folders that are there and cannot be opened now. */
  readonly closed: ReadonlySet<string>
}

export const sameCopy = (a: CopyRef, b: CopyRef): boolean =>
  a.uid === b.uid &&
  a.uidValidity === b.uidValidity &&
  (a.folderId !== null && b.folderId !== null ? a.folderId === b.folderId : a.folder === b.folder)

/** Its owner had removed it for good, as far as we knew. */
export const isExpunged = (copy: Pick<KnownDelivery, 'location' | 'ref' | 'arrived'>): boolean =>
  copy.location === 'hard-deleted' && copy.ref === null && copy.arrived

const HOLDS: ReadonlySet<string> = new Set(['quarantine', 'soft-deleted', 'hard-deleted'])

/** Whether a recorded copy still lies where it was recorded. A hold is not among the folders that the user sees. */
function stillThere(view: View, delivery: KnownDelivery, ref: CopyRef): boolean {
  if (HOLDS.has(delivery.location)) return true
  const mark = view.marks.find(
    (one) =>
      one.uidValidity === ref.uidValidity &&
      (one.id !== null && ref.folderId !== null ? one.id === ref.folderId : one.path === ref.folder),
  )
  if (!mark) return view.closed.has(ref.folder)
  // An action has put it there since this round asked what is there.
  if (ref.uid >= mark.uidNext) return true
  const seen = view.seen.find((one) => one.mark === mark)
  return seen?.present ? within(seen.present, ref.uid) : true
}

export function candidateOf(arrival: Arrival, found: Candidates): KnownDelivery | null {
  const { state } = arrival
  return (
    (state.networkMessageId === null ? undefined : found.byNetworkId.get(state.networkMessageId)) ??
    (state.ref.serverId === null ? undefined : found.byServerId.get(state.ref.serverId)) ??
    found.byLikeness.get(likenessOf(state)) ??
    null
  )
}

/** Pure: what `arrival` is, given what is recorded and what this round has seen. */
export function linkOf(arrival: Arrival, delivery: KnownDelivery | null, view: View): Link {
  if (delivery === null) return { kind: 'new' }
  if (delivery.busy) return { kind: 'busy', delivery }
  const { ref } = arrival.state
  if (delivery.ref !== null) {
    if (sameCopy(delivery.ref, ref)) return { kind: 'here', delivery }
    return { kind: stillThere(view, delivery, delivery.ref) ? 'copy' : 'moved', delivery }
  }
  if (isExpunged(delivery)) return { kind: 'moved', delivery }
  // Held before it was ever delivered, or its hand-over has not ended: the copy is not what records speak of.
  if (delivery.location === 'unknown' || HOLDS.has(delivery.location)) return { kind: 'copy', delivery }
  const place = placeIn({ path: ref.folder, use: arrival.use })
  const same = place.location === delivery.location && place.folder === delivery.folder
  return { kind: same ? 'here' : 'moved', delivery }
}
