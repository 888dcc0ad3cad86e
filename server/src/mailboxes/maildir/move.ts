import { rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { crashPoint } from '../../base/index.ts'
import { type CopyRef, type MoveResult, ProviderError } from '../provider.ts'
import type { Account } from './account.ts'
import { LOOKS, refOf } from './copies.ts'
import { afterEffect, codeOfError, fileError, syncDir } from './files.ts'
import type { Entry, FolderStore } from './folder.ts'

/** Directories are made durable once per so many renames (C14). */
const BATCH = 500

/** A rename takes a message: it is in one folder or in the other, never in both. */
export async function move(
  account: Account,
  path: string,
  uids: readonly number[],
  target: string,
): Promise<MoveResult> {
  const from = await account.mustFolder(path)
  const to = await account.mustFolder(target)
  const wanted = [...new Set(uids)].sort((a, b) => a - b)
  const moved = new Map<number, CopyRef>()
  const failed: unknown[] = []
  for (let i = 0; i < wanted.length; i += BATCH) {
    failed.push(...(await moveBatch(account, from, to, wanted.slice(i, i + BATCH), moved)))
  }
  if (failed.length > 0) throw notAll(from, to, moved.size, failed[0])
  return { moved, missing: wanted.filter((uid) => !moved.has(uid)) }
}

/** A refusal says that nothing happened. */
function notAll(from: FolderStore, to: FolderStore, moved: number, error: unknown): unknown {
  if (moved === 0) return error
  const message = `only ${moved} of the messages were moved from ${from.path} to ${to.path}`
  return new ProviderError('unknown', `${message}: ${fileError(error, 'moving').message}`, { cause: error })
}

/** Gives back why some were not moved: no message holds up another. */
async function moveBatch(
  account: Account,
  from: FolderStore,
  to: FolderStore,
  uids: readonly number[],
  moved: Map<number, CopyRef>,
): Promise<readonly unknown[]> {
  const entries = await from.list()
  const present = uids.map((uid) => entries.get(uid)).filter((entry) => entry !== undefined)
  if (present.length === 0) return []
  let next = await to.allot(present.length)
  crashPoint('mailboxes.before-move')
  const failed: unknown[] = []
  for (const entry of present) {
    const uid = next++
    try {
      if (await moveOne(from, entry, to, uid)) {
        moved.set(entry.uid, refOf(to, { uid, unique: entry.unique }))
        const facts = account.factsOf({ uidValidity: from.uidValidity, uid: entry.uid })
        if (facts) account.remember({ uidValidity: to.uidValidity, uid }, facts)
      }
    } catch (error) {
      failed.push(error)
    }
    crashPoint('mailboxes.maildir.after-rename')
  }
  if (moved.size === 0) return failed
  // First where they are now: a power loss between the two may show them twice, never nowhere.
  await afterEffect(() => syncDir(join(to.dir, 'cur')))
  crashPoint('mailboxes.maildir.between-syncs')
  for (const dir of new Set(present.map((entry) => entry.dir))) await afterEffect(() => syncDir(join(from.dir, dir)))
  crashPoint('mailboxes.after-move')
  return failed
}

/** Renames into `cur` of `to`; a file that was renamed meanwhile is found by its unique name. False: it is gone. */
async function moveOne(from: FolderStore, entry: Entry, to: FolderStore, uid: number): Promise<boolean> {
  let now: Entry | undefined = entry
  for (let look = 0; now && look < LOOKS; look++) {
    try {
      const name = to.name(now.unique, uid, now.flags, await to.indexesOf(from.keywordsOf(now)))
      await rename(from.file(now), join(to.dir, 'cur', name))
      return true
    } catch (error) {
      if (codeOfError(error) !== 'ENOENT') throw error
      now = (await from.list()).get(entry.uid)
    }
  }
  return false
}

/** Destroys these messages; one that is gone already is no matter. */
export async function remove(folder: FolderStore, uids: readonly number[]): Promise<void> {
  const entries = await folder.list()
  const failed: unknown[] = []
  for (const uid of uids) {
    const entry = entries.get(uid)
    if (!entry) continue
    await unlink(folder.file(entry)).catch((error: unknown) => {
      if (codeOfError(error) !== 'ENOENT') failed.push(error)
    })
  }
  for (const dir of ['cur', 'new']) await syncDir(join(folder.dir, dir))
  if (failed.length > 0) throw failed[0]
}
