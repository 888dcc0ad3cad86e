import type { CopyState, Doubt, Flags, Settled } from '../provider.ts'
import { settleDoubt } from '../settle.ts'
import type { Account } from './account.ts'
import { hashesOf, statesOf } from './copies.ts'
import { renameTo } from './flags.ts'
import type { FolderStore } from './folder.ts'
import { whereIs } from './folders.ts'
import { remove } from './move.ts'

/** ✂3 and ✂6 of P1. */
export async function settle(account: Account, doubt: Doubt): Promise<ReadonlyMap<number, Settled>> {
  const source = await whereIs(account, doubt.source, doubt.items[0]?.ref.folderId ?? null)
  const target = await whereIs(account, doubt.target.folder, doubt.target.folderId)
  return settleDoubt(doubt, {
    marks: false,
    // A rename is over or did not happen, and nobody else works in our name.
    stable: async () => {},
    source: async () => (source ? statesOf(account, source, null) : []),
    target: () => sinceDoubt(account, target, doubt),
    remove: (copies) => removeCopies(account, copies),
    setFlags: (copy, like) => makeLike(account, copy, like),
    hashes: (copies) => hashesOf(account, copies),
  })
}

/** What may have come by the command; everything when the folder has new UIDs. */
async function sinceDoubt(account: Account, target: FolderStore | null, doubt: Doubt): Promise<CopyState[]> {
  if (!target) return []
  const since = target.uidValidity === doubt.target.uidValidity ? doubt.target.uidNext : 1
  return statesOf(account, target, null, since)
}

async function removeCopies(account: Account, copies: readonly CopyState[]): Promise<boolean> {
  const folder = await account.mustFolder(copies[0]?.ref.folder ?? '')
  await remove(
    folder,
    copies.map((copy) => copy.ref.uid),
  )
  return true
}

async function makeLike(account: Account, copy: CopyState, like: Flags): Promise<CopyState> {
  const folder = await account.mustFolder(copy.ref.folder)
  const entry = (await folder.list()).get(copy.ref.uid)
  if (entry) await renameTo(folder, entry, like)
  return (await statesOf(account, folder, new Set([copy.ref.uid])))[0] ?? copy
}
