import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { type Folder, folderParts, notAFolder, type Position, ProviderError, type SpecialUse } from '../provider.ts'
import { SPECIAL_NAMES, specialUses } from '../special-use.ts'
import type { Account } from './account.ts'
import { unlessShut } from './files.ts'
import { type FolderStore, makeFolder } from './folder.ts'

/** All folders that the user sees, INBOX first; those that cannot be opened, too. */
export async function listFolders(account: Account): Promise<Folder[]> {
  const paths = await account.paths()
  const subscribed = await account.subscriptions()
  const uses = specialUses(
    paths.map((path) => ({ path, separator: '/', attributes: [] })),
    false,
  )
  const folders: Folder[] = []
  for (const path of paths) {
    const folder = await account.folder(path).catch(unlessShut)
    if (folder === null) continue
    const use = path === 'INBOX' ? 'inbox' : (uses.get(path) ?? null)
    const id = folder === 'shut' ? null : folder.id
    folders.push({ path, id, use, subscribed: path === 'INBOX' || subscribed.has(path) })
  }
  return folders
}

/** Path of the folder of this use, made and subscribed if it is missing. */
export async function specialFolder(account: Account, use: SpecialUse): Promise<string> {
  const found = (await listFolders(account)).find((folder) => folder.use === use)
  if (found) return found.path
  if (use === 'inbox') return 'INBOX'
  await createFolder(account, SPECIAL_NAMES[use], { subscribe: true })
  return SPECIAL_NAMES[use]
}

export async function createFolder(account: Account, path: string, options: { subscribe: boolean }): Promise<void> {
  if (account.isHold(path)) throw notAFolder(path)
  folderParts(path)
  if (await account.folder(path)) throw new ProviderError('refused', `there is a folder ${path} already`)
  await makeFolder(account.dirOf(path))
  await account.mustFolder(path)
  if (options.subscribe) await account.subscribe(path)
}

export async function positionOf(
  account: Account,
  path: string,
  options: { writable?: boolean },
): Promise<Position | null> {
  const folder = await account.folder(path)
  if (!folder) return null
  // What others have put there gets its UIDs first, so that UIDNEXT is above it.
  await folder.list()
  if (options.writable) await mustBeWritable(folder)
  return { folder: path, folderId: folder.id, uidValidity: folder.uidValidity, uidNext: folder.uidNext }
}

async function mustBeWritable(folder: FolderStore): Promise<void> {
  try {
    for (const sub of ['tmp', 'cur']) await access(join(folder.dir, sub), constants.W_OK)
  } catch (error) {
    throw new ProviderError('read-only', `${folder.dir} cannot be written`, { cause: error })
  }
}

/** A folder that was renamed meanwhile is followed by its id. */
export async function whereIs(account: Account, path: string, id: string | null): Promise<FolderStore | null> {
  const folder = await account.folder(path)
  if (id === null || folder?.id === id) return folder
  const other = (await listFolders(account)).find((one) => one.id === id)
  return other ? account.folder(other.path) : folder
}
