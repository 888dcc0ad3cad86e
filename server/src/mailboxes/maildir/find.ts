import type { CopyState, FindQuery } from '../provider.ts'
import type { Account } from './account.ts'
import { statesOf } from './copies.ts'

/** Copies by any of the criteria; a folder that was renamed is followed by its id. */
export async function find(account: Account, query: FindQuery): Promise<CopyState[]> {
  const network = new Set(query.networkMessageIds)
  const internet = new Set(query.internetMessageIds)
  const server = new Set(query.serverIds)
  const refs = new Set((query.refs ?? []).map((ref) => `${ref.uidValidity} ${ref.uid}`))
  const ids = new Map((query.refs ?? []).map((ref) => [`${ref.uidValidity} ${ref.uid}`, ref.folderId]))
  const found: CopyState[] = []
  for (const path of query.folders ?? (await account.paths())) {
    const folder = await account.folder(path)
    for (const copy of folder ? await statesOf(account, folder, null) : []) {
      const key = `${copy.ref.uidValidity} ${copy.ref.uid}`
      const byRef = refs.has(key) && (ids.get(key) ?? copy.ref.folderId) === copy.ref.folderId
      const byId =
        (copy.networkMessageId !== null && network.has(copy.networkMessageId)) ||
        (copy.internetMessageId !== null && internet.has(copy.internetMessageId)) ||
        (copy.ref.serverId !== null && server.has(copy.ref.serverId))
      if (byRef || byId) found.push(copy)
    }
  }
  return found
}
