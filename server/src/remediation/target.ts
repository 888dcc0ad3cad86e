import type { Desk } from './desk.ts'
import type { WorkItem } from './types.ts'

/** Where an item goes, as a path of today, and what must be said about it. */
export interface Target {
  readonly path: string
  /** Said with the item: the folder was renamed, made again. */
  readonly note: string | null
  /** What is not as it was because of it. */
  readonly lost: string | null
}

/** A place of an undo names a folder: followed by its id when renamed, made again or the Inbox instead when gone. */
export async function targetOf(desk: Desk, item: WorkItem, keywords: readonly string[]): Promise<Target> {
  const { folder, folderId, location, kind } = item.target
  if (kind !== 'folder' || folder === null) {
    return { path: await desk.pathOf(location, keywords), note: null, lost: null }
  }
  const folders = await desk.folders()
  const followed = folderId === null ? undefined : folders.find((f) => f.id === folderId)
  if (followed) {
    const note = followed.path === folder ? null : `The folder ${folder} is called ${followed.path} now.`
    return { path: followed.path, note, lost: null }
  }
  const named = folders.find((f) => f.path === folder)
  if (named) {
    const another = folderId !== null && named.id !== null
    return { path: folder, note: another ? `The folder ${folder} was deleted and made again.` : null, lost: null }
  }
  if (item.folderGone === 'inbox') {
    const why = `The folder ${folder} is gone: it was put into the Inbox.`
    return { path: await desk.special('inbox'), note: why, lost: why }
  }
  const session = await desk.session()
  await session.createFolder(folder, { subscribe: item.wanted?.subscribed ?? true })
  desk.forgetFolders()
  return { path: folder, note: `The folder ${folder} was gone and was made again.`, lost: null }
}
