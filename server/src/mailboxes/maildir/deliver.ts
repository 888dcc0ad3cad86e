import { join } from 'node:path'
import type { CopyRef } from '../provider.ts'
import type { Account } from './account.ts'
import { refOf } from './copies.ts'
import { deliverNew, fileError } from './files.ts'
import type { FolderStore } from './folder.ts'
import { specialFolder } from './folders.ts'

/** A new message, in a mailbox that is made if missing: durable when this returns. */
export function deliver(account: Account, use: 'inbox' | 'junk', bytes: Buffer): Promise<CopyRef> {
  return account.exclusive(async () => {
    const inbox = await account.prepare()
    try {
      const folder = use === 'inbox' ? inbox : await junkOf(account)
      const { unique, path: temporary } = folder.temporary()
      const uid = await folder.allot(1)
      const name = folder.name(unique, uid, [], [])
      const target = join(folder.dir, 'new', name.slice(0, name.indexOf(':2,')))
      await deliverNew(temporary, target, bytes)
      return refOf(folder, { uid, unique })
    } catch (error) {
      throw fileError(error, `delivering in ${account.login}`)
    }
  })
}

/** Looked for among all folders only when they have changed. */
async function junkOf(account: Account): Promise<FolderStore> {
  const known = account.knownJunk()
  const folder = known === null ? null : await account.folder(known)
  if (folder) return folder
  const path = await specialFolder(account, 'junk')
  account.rememberJunk(path)
  return await account.mustFolder(path)
}
