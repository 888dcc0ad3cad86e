import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { crashPoint } from '../../base/index.ts'
import { type AppendResult, ProviderError, type Restorable } from '../provider.ts'
import { storableFlags } from '../state.ts'
import type { Account } from './account.ts'
import { stateOf } from './copies.ts'
import { afterEffect, syncDir, writeNew } from './files.ts'
import type { Entry } from './folder.ts'
import { parseName } from './names.ts'

/** Puts a message back from the vault, with its flags and date; what the file system makes of the date is said. */
export async function append(account: Account, path: string, copy: Restorable): Promise<AppendResult> {
  if (copy.bytes.length === 0) throw new ProviderError('refused', 'an empty message cannot be stored')
  const time = copy.internalDate.getTime()
  if (Number.isNaN(time)) throw new RangeError('the date of a message to restore is not a date')
  const folder = await account.mustFolder(path)
  const { flags, keywords, lost } = storableFlags(copy.flags, copy.keywords)
  const indexes = await folder.indexesOf(keywords)
  const { unique, path: temporary } = folder.temporary()
  const uid = await folder.allot(1)
  const name = folder.name(unique, uid, flags, indexes)
  crashPoint('mailboxes.before-append')
  await writeNew(temporary, copy.bytes, (file) => file.utimes(copy.internalDate, copy.internalDate))
  crashPoint('mailboxes.maildir.after-write')
  await rename(temporary, join(folder.dir, 'cur', name))
  await afterEffect(() => syncDir(join(folder.dir, 'cur')))
  crashPoint('mailboxes.after-append')
  const entry: Entry = { ...parseName(name), uid, dir: 'cur', name }
  const state = await afterEffect(() => stateOf(account, folder, entry))
  if (!state) throw new ProviderError('unknown', `the message put back into ${path} is not to be found there`)
  const dateLost = Math.abs(state.internalDate.getTime() - time) >= 1000
  const date = `date ${copy.internalDate.toISOString()}: the file system made it ${state.internalDate.toISOString()}`
  return { state, lost: dateLost ? [...lost, date] : lost }
}
