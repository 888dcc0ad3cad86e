import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type CopyRef, type Flags, ProviderError } from '../provider.ts'
import { sameFlags, storableFlags } from '../state.ts'
import type { Account } from './account.ts'
import { codeOfError, syncDir } from './files.ts'
import type { Entry, FolderStore } from './folder.ts'

/** Exactly these flags, unless the user changed them since `seen`, or changes them while we look. */
export async function setFlags(
  account: Account,
  ref: CopyRef,
  wanted: Flags,
  seen: Flags | undefined,
): Promise<{ readonly lost: readonly string[] }> {
  const folder = await account.folder(ref.folder)
  const entry = folder?.uidValidity === ref.uidValidity ? (await folder.list()).get(ref.uid) : undefined
  const changed = (what: string) => new ProviderError('changed', `${ref.folder} ${ref.uid}: ${what}`)
  if (!folder || !entry) throw changed('the message is no longer there')
  if (seen && !sameFlags(seen, { flags: entry.flags, keywords: folder.keywordsOf(entry) })) {
    throw changed('its flags were changed meanwhile')
  }
  if (!(await renameTo(folder, entry, wanted))) throw changed('the message was changed while we looked')
  return { lost: storableFlags(wanted.flags, wanted.keywords).lost }
}

/** The name of the file carries its flags. False: it has another name by now, or is gone. */
export async function renameTo(folder: FolderStore, entry: Entry, wanted: Flags): Promise<boolean> {
  const { flags, keywords } = storableFlags(wanted.flags, wanted.keywords)
  const name = folder.name(entry.unique, entry.uid, flags, await folder.indexesOf(keywords))
  try {
    await rename(folder.file(entry), join(folder.dir, 'cur', name))
  } catch (error) {
    if (codeOfError(error) === 'ENOENT') return false
    throw error
  }
  await syncDir(join(folder.dir, 'cur'))
  return true
}
