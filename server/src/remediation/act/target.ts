import type { Position } from '../../mailboxes/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { WorkItem } from '../types.ts'

/** Where an item goes, as a path of today, and what must be said about it. */
export interface Target {
  readonly path: string
  /** Said with the item: the folder was renamed, made again. */
  readonly note: string | null
  /** What is not as it was because of it. */
  readonly lost: string | null
  /** The folder was made just now. */
  readonly made?: true
}

/** A place of an undo names a folder: followed by its id when renamed, made again or the Inbox instead when gone. */
export async function targetOf(desk: Desk, item: WorkItem, keywords: readonly string[]): Promise<Target> {
  const { folder, folderId, location, kind } = item.target
  if (kind !== 'folder' || folder === null) {
    return { path: await desk.pathOf(location, keywords), note: null, lost: null }
  }
  const folders = await desk.folders()
  const followed = folderId === null ? undefined : folders.find((f) => f.id === folderId)
  const there = followed ?? folders.find((f) => f.path === folder)
  if (there) return { path: there.path, ...saidOf(item, { folder: there.path, folderId: there.id }) }
  if (item.folderGone === 'inbox') {
    const inbox = await desk.special('inbox')
    return { path: inbox, ...saidOf(item, { folder: inbox, folderId: null }) }
  }
  const session = await desk.session()
  await session.createFolder(folder, { subscribe: item.wanted?.subscribed ?? true })
  desk.forgetFolders()
  return { path: folder, note: `The folder ${folder} was gone and was made again.`, lost: null, made: true }
}

const NOTHING = { note: null, lost: null }

/**
 * What must be said of an item that goes to, or after a doubt was found to have come to, this folder. From the place alone, so that nothing has
 * to be remembered over a lost answer or a crash.
 */
export function saidOf(
  { target: { folder, folderId, kind } }: Pick<WorkItem, 'target'>,
  at: Pick<Position, 'folder' | 'folderId'>,
): Pick<Target, 'note' | 'lost'> {
  if (kind !== 'folder' || folder === null) return NOTHING
  const same = folderId !== null && at.folderId === folderId
  if (at.folder === folder) {
    const another = !same && folderId !== null && at.folderId !== null
    return another ? { note: `The folder ${folder} was deleted and made again.`, lost: null } : NOTHING
  }
  if (same) return { note: `The folder ${folder} is called ${at.folder} now.`, lost: null }
  const why = `The folder ${folder} is gone: it was put into the Inbox.`
  return { note: why, lost: why }
}
