import type { CopyState, FindQuery } from './provider.ts'

/** Whether a copy is one of those that a query looks for: for providers that look at every copy themselves. */
export function isWanted(query: FindQuery): (copy: CopyState) => boolean {
  const network = new Set(query.networkMessageIds)
  const internet = new Set(query.internetMessageIds)
  const server = new Set(query.serverIds)
  const refs = new Set((query.refs ?? []).map((ref) => place(ref.folderId, ref)))
  return ({ ref, networkMessageId, internetMessageId }) =>
    // A folder that was renamed is followed by its id; one with another UIDVALIDITY is another folder.
    refs.has(place(ref.folderId, ref)) ||
    refs.has(place(null, ref)) ||
    (networkMessageId !== null && network.has(networkMessageId)) ||
    (internetMessageId !== null && internet.has(internetMessageId)) ||
    (ref.serverId !== null && server.has(ref.serverId))
}

const place = (folderId: string | null, ref: { readonly uidValidity: string; readonly uid: number }): string =>
  `${ref.uidValidity} ${ref.uid} ${folderId ?? ''}`
