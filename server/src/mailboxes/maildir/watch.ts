import {
  type CopyState,
  type FlagsNow,
  type Folder,
  type FolderMark,
  ProviderError,
  type UidRanges,
  type Watched,
} from '../provider.ts'
import { markOf, rangesOf } from '../ranges.ts'
import type { Account } from './account.ts'
import { statesOf } from './copies.ts'
import { unlessShut } from './files.ts'
import type { Entry, FolderStore } from './folder.ts'

/**
 * The names of the files tell everything, flags included: their digest stands for a counter of changes. A folder that cannot be opened is
 * left out.
 */
export async function survey(account: Account, folders: readonly Folder[]): Promise<readonly FolderMark[]> {
  const marks: FolderMark[] = []
  for (const { path, id, use, subscribed } of folders) {
    const found = await listed(account, path).catch(unlessShut)
    if (found === null || found === 'shut') continue
    const { folder, entries } = found
    const modseq = markOf([...entries.values()].map(({ uid, flags, keywords }) => [uid, flags, keywords]))
    const { uidValidity, uidNext } = folder
    marks.push({ path, id, use, subscribed, uidValidity, uidNext, messages: entries.size, modseq })
  }
  return marks
}

async function listed(
  account: Account,
  path: string,
): Promise<{ folder: FolderStore; entries: Map<number, Entry> } | null> {
  const folder = await account.folder(path)
  return folder && { folder, entries: await folder.list() }
}

async function watchedFolder(
  account: Account,
  { folder: path, uidValidity }: Watched,
): Promise<{ folder: FolderStore; entries: Map<number, Entry> }> {
  const folder = await account.mustFolder(path)
  const entries = await folder.list()
  if (folder.uidValidity === uidValidity) return { folder, entries }
  throw new ProviderError('changed', `${path} of ${account.login} has new UIDs`)
}

export async function between(account: Account, watched: Watched, from: number, to: number): Promise<CopyState[]> {
  const { folder, entries } = await watchedFolder(account, watched)
  const wanted = [...entries.keys()].filter((uid) => uid >= from && uid <= to)
  return wanted.length === 0 ? [] : statesOf(account, folder, new Set(wanted))
}

export async function flagged(account: Account, watched: Watched): Promise<FlagsNow[]> {
  const { folder, entries } = await watchedFolder(account, watched)
  return [...entries.values()].map((e) => ({ uid: e.uid, flags: e.flags, keywords: folder.keywordsOf(e) }))
}

export async function present(account: Account, watched: Watched): Promise<UidRanges> {
  return rangesOf((await watchedFolder(account, watched)).entries.keys())
}
