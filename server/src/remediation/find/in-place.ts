import type { CopyState } from '../../mailboxes/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { SeenRef, WorkItem } from '../types.ts'
import { type Seen, statesAt } from './read.ts'

/** Of the copies that are known by their place, one in so many is read to its last byte. */
export const SAMPLE = 16

interface Placed {
  readonly item: WorkItem
  readonly ref: SeenRef
}

/**
 * Copies that need not be read again, because the message is what was read at just this place when it was found there: a UID names the
 * same bytes as long as the folder's UIDVALIDITY stays (RFC 9051, 2.3.1.1). The server's own id and the size are compared all the same.
 * Flags and date are as they are now. What is left out has to be read.
 */
export async function inPlace(desk: Desk, wants: readonly Placed[]): Promise<readonly Seen[]> {
  // Where the store is files, a file may be written again under its name: it is read.
  if (desk.home.provider.kind === 'maildir') return []
  const sure = wants.filter(isMessage).filter((_, n) => n % SAMPLE !== 0)
  const seen: Seen[] = []
  for (const [folder, part] of Map.groupBy(sure, (w) => w.ref.folder)) {
    const byUid = Map.groupBy(part, (w) => w.ref.uid)
    const states = await statesAt(
      desk,
      folder,
      part.map((w) => w.ref),
      { ids: true },
    )
    for (const copy of states) {
      for (const want of byUid.get(copy.ref.uid) ?? []) {
        if (isStill(want, copy) && (await blobIsThere(desk, want))) seen.push(seenOf(want, copy))
      }
    }
  }
  return seen
}

const blobIsThere = (desk: Desk, { item }: Placed) => desk.blobs.has(desk.tenant, item.delivery.blobKey)

/** The copy is the message itself, byte for byte: nothing stands in front of it. */
const isMessage = ({ item, ref }: Placed): boolean =>
  ref.sha256 === item.delivery.messageSha256 && ref.serverId !== null && item.sourceState === null

const isStill = ({ item, ref }: Placed, copy: CopyState): boolean =>
  copy.ref.uidValidity === ref.uidValidity &&
  copy.ref.serverId === ref.serverId &&
  copy.size === item.delivery.messageSize

function seenOf({ item }: Placed, copy: CopyState): Seen {
  const { blobKey: key, messageSize: size, messageSha256: sha256 } = item.delivery
  const bytes = { prefix: Buffer.alloc(0), blob: { key, size, sha256 }, own: false }
  return { item, copy, sha256, copyHash: null, proven: true, bytes: item.vaultId === null ? bytes : null }
}
