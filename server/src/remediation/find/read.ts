import type { CopyRef, CopyState, CopyWithBytes, UnreadableCopies } from '../../mailboxes/index.ts'
import { ProviderError, readable } from '../../mailboxes/index.ts'
import type { BlobRef } from '../../storage/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { WorkItem } from '../types.ts'
import { type Examined, examine } from './identity.ts'

/** A copy that was read, its identity, and where its bytes are safe. */
export interface Seen {
  readonly item: WorkItem
  readonly copy: CopyState
  readonly sha256: string
  /** Null: as it is recorded. */
  readonly copyHash: string | null
  readonly proven: boolean
  /** How to build the bytes again: prefix and blob. Durable before `readCopies` gives it back. Null: not proven, not kept. */
  readonly bytes: VaultBytes | null
}

export interface VaultBytes {
  readonly prefix: Buffer
  readonly blob: BlobRef
  /** Put by us for this copy; false: it is the message's, proven to be there. */
  readonly own: boolean
}

export interface Want {
  readonly item: WorkItem
  readonly ref: CopyRef
  /** As the server has just told it. */
  readonly size?: number
}

/** Why an item's copy cannot be read, by the item's id. */
export type Unreadable = Map<string, string>

export const sameRef = (a: CopyRef | null, b: CopyRef | null): boolean =>
  a !== null && b !== null && a.uid === b.uid && a.uidValidity === b.uidValidity && a.folder === b.folder

/**
 * Reads copies, folder by folder, proves each against its item and makes the bytes of those that are proven durable: by reference to the
 * message's blob where the copy ends with it, else as a blob of their own. What is no longer at its place is left out, and what cannot be read
 * is written into `unreadable`.
 */
export async function readCopies(
  desk: Desk,
  wants: readonly Want[],
  { keep = true, unreadable }: { keep?: boolean; unreadable?: Unreadable } = {},
): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  const session = await desk.session()
  for (const [folder, part] of Map.groupBy(wants, (w) => w.ref.folder)) {
    const byUid = Map.groupBy(part, (w) => w.ref.uid)
    try {
      const sizes = new Map(part.flatMap(({ ref, size }) => (size === undefined ? [] : [[ref.uid, size] as const])))
      const reading = session.read(folder, [...byUid.keys()], sizes)
      const note = ({ copies, message }: UnreadableCopies) => {
        for (const { ref } of copies)
          for (const want of byUid.get(ref.uid) ?? [])
            if (want.ref.uidValidity === ref.uidValidity) unreadable?.set(want.item.id, message)
      }
      for await (const copy of readable(reading, note)) {
        const here = (byUid.get(copy.ref.uid) ?? []).filter((w) => w.ref.uidValidity === copy.ref.uidValidity)
        for (const want of here) seen.push(await prove(desk, want.item, copy, keep))
      }
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== 'no-folder') throw error
    }
  }
  return seen
}

async function prove(desk: Desk, item: WorkItem, copy: CopyWithBytes, keep: boolean): Promise<Seen> {
  const found = examine(copy.bytes, item.delivery)
  // What was taken is known to the last byte; before that, what we sent at its end is the proof.
  const exact = item.sourceState?.sha256 ?? item.wanted?.sha256 ?? null
  const known = exact === null ? found.proven : exact === found.sha256
  const { bytes, ...state } = copy
  return {
    item,
    copy: state,
    sha256: found.sha256,
    copyHash: found.copyHash,
    proven: known,
    bytes: keep && known && item.vaultId === null ? await secure(desk, item, bytes, found) : null,
  }
}

async function secure(desk: Desk, item: WorkItem, bytes: Buffer, found: Examined): Promise<VaultBytes> {
  const { blobKey, messageSha256, messageSize } = item.delivery
  if (found.prefix !== null && (await desk.blobs.has(desk.tenant, blobKey))) {
    return { prefix: found.prefix, blob: { key: blobKey, size: messageSize, sha256: messageSha256 }, own: false }
  }
  return { prefix: Buffer.alloc(0), blob: await desk.deps.storage.blobs.put(desk.tenant, bytes), own: true }
}

/**
 * Copies at these places, those that are gone left out. What the message says of itself is not read again where the server has ids
 * of its own (the caller knows it), unless `ids` asks for it.
 */
export async function statesAt(
  desk: Desk,
  folder: string,
  refs: readonly CopyRef[],
  options: { ids?: boolean } = {},
): Promise<readonly CopyState[]> {
  const ids = options.ids ?? refs.some((r) => r.serverId === null)
  const session = await desk.session()
  try {
    return await session.state(
      folder,
      refs.map((r) => r.uid),
      { ids },
    )
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'no-folder') return []
    throw error
  }
}
