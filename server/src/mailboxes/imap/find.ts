import type { CopyRef, CopyState, FindQuery } from '../provider.ts'
import { ProviderError } from '../provider.ts'
import type { Context } from './context.ts'
import { fetchStates, fetchStatesOf } from './fetch.ts'
import { type ListedFolder, listFolders } from './folders.ts'
import { search } from './hold.ts'
import type { Selected } from './select.ts'
import { ascending } from './sets.ts'
import { type Arg, atom, quoted } from './wire.ts'

/** Up to so many ids are searched for; more are cheaper found by reading the ids of the whole folder (part D). */
const FEW = 20

interface Wanted {
  readonly network: ReadonlySet<string>
  readonly internet: ReadonlySet<string>
  readonly server: ReadonlySet<string>
}

export async function find(context: Context, query: FindQuery): Promise<readonly CopyState[]> {
  const wanted: Wanted = {
    network: new Set(query.networkMessageIds),
    internet: new Set(query.internetMessageIds),
    server: new Set(query.serverIds),
  }
  const folders = await foldersFor(context, query)
  const found = new Map<string, CopyState>()
  const add = (copies: readonly CopyState[]) => {
    for (const { ref, ...state } of copies) found.set(`${ref.uid} ${ref.folder}`, { ref, ...state })
  }
  for (const [path, refs] of await byFolder(context, query.refs ?? [], folders)) {
    const selected = await openIfThere(context, path)
    const valid = refs.filter((ref) => ref.uidValidity === selected?.uidValidity).map((ref) => ref.uid)
    if (selected && valid.length > 0) add(await fetchStatesOf(context, selected, ascending(valid), { ids: true }))
  }
  if (wanted.network.size + wanted.internet.size + wanted.server.size > 0) {
    for (const path of folders.map((folder) => folder.path)) {
      const selected = await openIfThere(context, path)
      if (selected) add(await inFolder(context, selected, wanted))
    }
  }
  const order = new Map(folders.map((folder, i) => [folder.path, i]))
  const rank = (copy: CopyState) => order.get(copy.ref.folder) ?? folders.length
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || a.ref.uid - b.ref.uid)
}

/** The user's folders that hold anything, Inbox first; or exactly those that were named. */
async function foldersFor(context: Context, query: FindQuery): Promise<{ path: string; id: string | null }[]> {
  if (query.folders) return query.folders.map((path) => ({ path, id: null }))
  const listed = (await listFolders(context)).filter((folder) => folder.status?.messages !== 0)
  const visible = listed.filter((folder) => !isOurs(context, folder))
  return visible.sort((a, b) => Number(b.use === 'inbox') - Number(a.use === 'inbox'))
}

/** A hold in the user's own tree is ours: it is searched only when it is named. */
export function isOurs(context: Context, folder: ListedFolder): boolean {
  const { prefix, separator } = context.connection.personal
  const root = prefix + context.server.settings.visibleHold
  return folder.path === root || folder.path.startsWith(root + separator)
}

/** Where each ref is to be looked for: a folder that was renamed is followed by its id. */
async function byFolder(
  context: Context,
  refs: readonly CopyRef[],
  folders: readonly { path: string; id: string | null }[],
): Promise<Map<string, CopyRef[]>> {
  const groups = new Map<string, CopyRef[]>()
  let ids: Map<string, string> | undefined
  for (const ref of refs) {
    if (!ids && ref.folderId !== null) {
      const known = folders.some((folder) => folder.id !== null) ? folders : await listFolders(context)
      ids = new Map(known.flatMap((folder) => (folder.id === null ? [] : [[folder.id, folder.path] as const])))
    }
    const path = (ref.folderId === null ? undefined : ids?.get(ref.folderId)) ?? ref.folder
    const group = groups.get(path)
    if (group) group.push(ref)
    else groups.set(path, [ref])
  }
  return groups
}

export async function openIfThere(context: Context, path: string): Promise<Selected | null> {
  try {
    return await context.open(path, { news: true })
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'no-folder') return null
    throw error
  }
}

async function inFolder(context: Context, selected: Selected, wanted: Wanted): Promise<CopyState[]> {
  const isWanted = (copy: CopyState) =>
    (copy.networkMessageId !== null && wanted.network.has(copy.networkMessageId)) ||
    (copy.internetMessageId !== null && wanted.internet.has(copy.internetMessageId)) ||
    (copy.ref.serverId !== null && wanted.server.has(copy.ref.serverId))
  const criteria = await searchable(context, wanted)
  if (criteria === null) {
    if (selected.exists === 0 && context.connection.sinceSelect === 0) return []
    return (await fetchStates(context, selected, '1:*', { ids: true })).filter(isWanted)
  }
  const candidates = await search(context, either(criteria))
  // SEARCH HEADER matches a part of the value too: what it found is compared.
  return (await fetchStatesOf(context, selected, candidates, { ids: true })).filter(isWanted)
}

/** Search keys for a few ids; null where reading the whole folder is better or the only way. */
async function searchable(context: Context, wanted: Wanted): Promise<Arg[][] | null> {
  const { network, internet, server } = wanted
  if (network.size + internet.size + server.size > FEW) return null
  const idItem = await context.server.idItem(context.connection)
  const plain = /^[\x20-\x7e]+$/
  const keys: Arg[][] = []
  for (const [name, values] of [
    ['X-Recourse-Message-Id', network],
    ['Message-ID', internet],
  ] as const) {
    for (const value of values) {
      if (!plain.test(value)) return null
      keys.push([atom('HEADER'), quoted(name), quoted(value)])
    }
  }
  for (const value of server) if (idItem && plain.test(value)) keys.push([atom(idItem), quoted(value)])
  return keys
}

/** `OR a OR b c`. */
function either(keys: readonly Arg[][]): Arg[] {
  const [first = [atom('NOT'), atom('ALL')], ...rest] = keys
  return rest.length === 0 ? [...first] : [atom('OR'), ...first, ...either(rest)]
}
