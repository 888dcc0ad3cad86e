import { createHash } from 'node:crypto'
import { open, readFile, stat } from 'node:fs/promises'
import type { CopyRef, CopyState, CopyWithBytes } from '../provider.ts'
import { idsOf } from '../state.ts'
import { UnreadableCopies } from '../unreadable.ts'
import type { Account, FileFacts } from './account.ts'
import { codeOfError, fileError } from './files.ts'
import type { Entry, FolderStore } from './folder.ts'

/** A user's program may rename a file under us; that often we look again for it (C6). */
export const LOOKS = 5

export function refOf(folder: FolderStore, entry: { uid: number; unique: string }): CopyRef {
  const { path, id, uidValidity } = folder
  return { folder: path, folderId: id, uidValidity, uid: entry.uid, serverId: entry.unique }
}

/** State of the copies of a folder: all, or those wanted, from a UID on. */
export async function statesOf(
  account: Account,
  folder: FolderStore,
  wanted: ReadonlySet<number> | null,
  since = 1,
): Promise<CopyState[]> {
  const states: CopyState[] = []
  for (const entry of (await folder.list()).values()) {
    if (entry.uid < since || (wanted && !wanted.has(entry.uid))) continue
    const state = await stateOf(account, folder, entry)
    if (state) states.push(state)
  }
  return states
}

/** Null: the file went away while we looked. */
export async function stateOf(account: Account, folder: FolderStore, entry: Entry): Promise<CopyState | null> {
  const facts = await factsOf(account, folder, entry)
  if (!facts) return null
  return { ref: refOf(folder, entry), flags: entry.flags, keywords: folder.keywordsOf(entry), ...facts }
}

async function factsOf(account: Account, folder: FolderStore, entry: Entry): Promise<FileFacts | null> {
  const place = { uidValidity: folder.uidValidity, uid: entry.uid }
  const known = account.factsOf(place)
  if (known) return known
  const path = folder.file(entry)
  try {
    const { size, mtimeMs } = await stat(path)
    const header = await readHeader(path).catch((error: unknown) => {
      if (isPassing(error)) throw error
      return null
    })
    const facts = { size, internalDate: toSecond(mtimeMs), ...idsOf(header ?? Buffer.alloc(0)) }
    // What it says of itself may be read one day, when the file's rights are changed.
    if (header) account.remember(place, facts)
    return facts
  } catch (error) {
    if (codeOfError(error) === 'ENOENT') return null
    throw error
  }
}

/** What has to do with now, not with the file: gone, renamed, too many open ones. */
const isPassing = (error: unknown): boolean => ['ENOENT', 'EMFILE', 'ENFILE'].includes(codeOfError(error))

/**
 * State and bytes of one copy; a file that was renamed since it was listed is looked for again. Null: it is gone. Throws `UnreadableCopies`.
 */
export async function bytesOf(account: Account, folder: FolderStore, entry: Entry): Promise<CopyWithBytes | null> {
  for (let now: Entry | undefined = entry, look = 0; now && look < LOOKS; look++) {
    try {
      const bytes = await readFile(folder.file(now))
      const state = await stateOf(account, folder, now)
      if (state) return { ...state, bytes }
    } catch (error) {
      if (!isPassing(error)) {
        const state = await stateOf(account, folder, now)
        if (state) throw new UnreadableCopies([state], fileError(error, folder.file(now)).message, { cause: error })
      } else if (codeOfError(error) !== 'ENOENT') throw error
    }
    now = (await folder.list()).get(entry.uid)
    if (now?.unique !== entry.unique) return null
  }
  return null
}

export async function hashesOf(
  account: Account,
  copies: readonly CopyState[],
): Promise<ReadonlyMap<CopyState, string>> {
  const hashes = new Map<CopyState, string>()
  const lists = new Map<string, Map<number, Entry>>()
  for (const copy of copies) {
    const folder = await account.mustFolder(copy.ref.folder)
    const list = lists.get(folder.path) ?? (await folder.list())
    lists.set(folder.path, list)
    const entry = list.get(copy.ref.uid)
    const found = entry ? await bytesOf(account, folder, entry).catch(unlessUnreadable) : null
    if (found) hashes.set(copy, createHash('sha256').update(found.bytes).digest('hex'))
  }
  return hashes
}

/** Nothing is proven by what cannot be read. */
function unlessUnreadable(error: unknown): null {
  if (error instanceof UnreadableCopies) return null
  throw error
}

/** INTERNALDATE has no parts of a second. */
const toSecond = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

const HEADER_STEP = 16 * 1024
const HEADER_MAX = 1024 * 1024

/** Bytes up to the end of the header. */
async function readHeader(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    let bytes = Buffer.alloc(0)
    for (let size = HEADER_STEP; size <= HEADER_MAX; size *= 4) {
      const buffer = Buffer.alloc(size)
      const { bytesRead } = await file.read(buffer, 0, size, 0)
      bytes = buffer.subarray(0, bytesRead)
      if (bytesRead < size || bytes.includes('\r\n\r\n') || bytes.includes('\n\n')) break
    }
    return bytes
  } finally {
    await file.close()
  }
}
