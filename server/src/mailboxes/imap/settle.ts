import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CopyState, Doubt, Settled } from '../provider.ts'
import { type SettleSteps, settleDoubt } from '../settle.ts'
import { storableFlags } from '../state.ts'
import type { Context } from './context.ts'
import { chunksBySize, fetchBytes, fetchStates, fetchStatesOf } from './fetch.ts'
import { openIfThere } from './find.ts'
import { listFolders } from './folders.ts'
import { removeSelected } from './move.ts'
import { statusOf } from './server.ts'
import { ascending } from './sets.ts'
import { atom, atoms, sequence } from './wire.ts'

const POLL_MS = 100
/** A folder that never rests (a user at work) must not keep us for ever: then the items are decided as they are. */
const LONGEST_MS = 60_000

/** ✂3 and ✂6 of P1. */
export async function settle(context: Context, doubt: Doubt): Promise<ReadonlyMap<number, Settled>> {
  const source = await whereIs(context, doubt.source, doubt.items[0]?.ref.folderId ?? null)
  const target = await whereIs(context, doubt.target.folder, doubt.target.folderId)
  const steps: SettleSteps = {
    marks: !context.connection.has('MOVE'),
    stable: () => untilAtRest(context, [source, target], doubt.items.length),
    source: () => inSource(context, source, doubt.items),
    target: () => sinceDoubt(context, target, doubt),
    remove: (copies) => remove(context, copies),
    setFlags: (copy, like) => makeLike(context, copy, like),
    hashes: (copies) => hashesOf(context, copies),
  }
  return settleDoubt(doubt, steps)
}

/** A folder that was renamed meanwhile is followed by its id. */
async function whereIs(context: Context, path: string, folderId: string | null): Promise<string> {
  if (folderId === null) return path
  const guid = (await context.server.idItem(context.connection)) === 'X-GUID'
  if ((await statusOf(context.connection, path, guid))?.folderId === folderId) return path
  return (await listFolders(context)).find((folder) => folder.id === folderId)?.path ?? path
}

/** The old session's command runs to its end (A19): nothing is decided until both folders rest for a while. */
async function untilAtRest(context: Context, paths: readonly string[], items: number): Promise<void> {
  // At most one batch can still be on its way: a busy server moves 5,000 messages/s.
  const quiet = context.server.settings.quietMs + Math.min(items, 500) / 5
  const end = Date.now() + LONGEST_MS
  let last = ''
  let since = Date.now()
  while (Date.now() < end) {
    const seen: unknown[] = []
    for (const path of paths) seen.push(await statusOf(context.connection, path, false, true))
    const now = JSON.stringify(seen)
    if (now !== last) since = Date.now()
    last = now
    if (Date.now() - since >= quiet) return
    await sleep(POLL_MS)
  }
}

async function inSource(context: Context, path: string, items: readonly CopyState[]): Promise<CopyState[]> {
  const selected = await openIfThere(context, path)
  if (!selected) return []
  const same = items.every((item) => item.ref.uidValidity === selected.uidValidity)
  if (same) return fetchStatesOf(context, selected, ascending(items.map((item) => item.ref.uid)), { ids: true })
  return fetchStates(context, selected, '1:*', { ids: true })
}

async function sinceDoubt(context: Context, path: string, { target, items }: Doubt): Promise<CopyState[]> {
  const selected = await openIfThere(context, path)
  if (!selected) return []
  const since = selected.uidValidity === target.uidValidity ? target.uidNext : 1
  const states = await fetchStates(context, selected, `${since}:*`, { ids: true })
  const copies = states.filter((state) => state.ref.uid >= since)
  // Without UIDPLUS a copy that was dropped can only be marked: such a one counts as gone.
  if (context.connection.has('UIDPLUS') || items.some((item) => item.flags.includes('\\Deleted'))) return copies
  return copies.filter((copy) => !copy.flags.includes('\\Deleted'))
}

async function remove(context: Context, copies: readonly CopyState[]): Promise<boolean> {
  const [first] = copies
  if (!first) return true
  await context.open(first.ref.folder, { write: true })
  return removeSelected(
    context,
    copies.map((copy) => copy.ref.uid),
  )
}

async function makeLike(context: Context, copy: CopyState, like: CopyState): Promise<CopyState> {
  const selected = await context.open(copy.ref.folder, { write: true })
  const { flags, keywords } = storableFlags(like.flags, like.keywords)
  const uid = String(copy.ref.uid)
  const args = [sequence(uid), atom('FLAGS.SILENT'), atoms([...flags, ...keywords])]
  await context.connection.run('UID STORE', args, { doing: `repairing flags in ${copy.ref.folder}`, effect: true })
  context.touched = true
  const [now] = await fetchStates(context, selected, uid, { ids: true })
  return now ?? copy
}

async function hashesOf(context: Context, copies: readonly CopyState[]): Promise<ReadonlyMap<CopyState, string>> {
  const hashes = new Map<CopyState, string>()
  for (const folder of new Set(copies.map((copy) => copy.ref.folder))) {
    const here = new Map(copies.filter((copy) => copy.ref.folder === folder).map((copy) => [copy.ref.uid, copy]))
    const selected = await context.open(folder)
    for (const chunk of await chunksBySize(context, [...here.keys()])) {
      for (const { ref, bytes } of await fetchBytes(context, selected, chunk)) {
        const copy = here.get(ref.uid)
        if (copy) hashes.set(copy, createHash('sha256').update(bytes).digest('hex'))
      }
    }
  }
  return hashes
}
