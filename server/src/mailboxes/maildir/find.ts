import { isWanted } from '../criteria.ts'
import type { CopyState, FindQuery } from '../provider.ts'
import type { Account } from './account.ts'
import { statesOf } from './copies.ts'

/** Copies by any of the criteria; a folder that was renamed is followed by its id. */
export async function find(account: Account, query: FindQuery): Promise<CopyState[]> {
  const wanted = isWanted(query)
  const found: CopyState[] = []
  for (const path of query.folders ?? (await account.paths())) {
    const folder = await account.folder(path)
    if (folder) found.push(...(await statesOf(account, folder, null)).filter(wanted))
  }
  return found
}
