import type { CopyState, CopyWithBytes } from '../provider.ts'
import { idsOf } from '../state.ts'
import type { Context } from './context.ts'
import type { Selected } from './select.ts'
import { batches } from './sets.ts'
import { type Arg, atom, atoms, type Fetched, section, sequence } from './wire.ts'

export interface Modified extends CopyState {
  /** CONDSTORE's counter; null where the server has none. */
  readonly modseq: bigint | null
}

const HEADERS = section('BODY.PEEK', atom('HEADER.FIELDS'), atoms(['MESSAGE-ID', 'X-RECOURSE-MESSAGE-ID']))
const BODY = section('BODY.PEEK')
const BINARY = section('BINARY.PEEK')

/** UID FETCH; the rows of one message are merged (a server may split them, or put a flag change in between). */
export async function fetchRows(
  context: Context,
  set: string,
  items: readonly Arg[],
  modifiers: readonly Arg[] = [],
): Promise<Fetched[]> {
  const rows = new Map<number, Fetched>()
  await context.connection.run('UID FETCH', [sequence(set), [atom('UID'), ...items], ...modifiers], {
    doing: `reading ${context.connection.selected?.path ?? ''}`,
    fetched: (row) => {
      const before = rows.get(row.uid)
      rows.set(row.uid, before ? merge(before, row) : row)
    },
  })
  return [...rows.values()].sort((a, b) => a.uid - b.uid)
}

const merge = (a: Fetched, b: Fetched): Fetched => ({
  uid: a.uid,
  flags: b.flags ?? a.flags,
  internalDate: b.internalDate ?? a.internalDate,
  size: b.size ?? a.size,
  serverId: b.serverId ?? a.serverId,
  modseq: b.modseq ?? a.modseq,
  header: b.header ?? a.header,
  body: b.body ?? a.body,
  binary: b.binary ?? a.binary,
})

export interface StateOptions {
  /** Read the two identifying header fields; without them both ids are null, and the server need not open the mail. */
  readonly ids: boolean
  readonly modseq?: boolean
}

async function stateItems(context: Context, options: StateOptions): Promise<Arg[]> {
  const items = atoms(['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'])
  const all: Arg[] = Array.isArray(items) ? [...items] : []
  const idItem = await context.server.idItem(context.connection)
  if (idItem) all.push(atom(idItem))
  if (options.modseq && context.connection.has('CONDSTORE')) all.push(atom('MODSEQ'))
  if (options.ids) all.push(HEADERS)
  return all
}

/** State of the messages of a set in the selected folder. */
export async function fetchStates(
  context: Context,
  selected: Selected,
  set: string,
  options: StateOptions,
): Promise<Modified[]> {
  const rows = await fetchRows(context, set, await stateItems(context, options))
  const folderId = rows.length > 0 ? await context.folderId(selected.path, selected.uidValidity) : null
  const states = rows.map((row) => stateOf(row, selected, folderId)).filter((state) => state !== null)
  context.remember(states)
  return states
}

export async function fetchStatesOf(
  context: Context,
  selected: Selected,
  uids: readonly number[],
  options: StateOptions,
): Promise<Modified[]> {
  const all: Modified[] = []
  for (const { set } of batches(uids)) all.push(...(await fetchStates(context, selected, set, options)))
  return all
}

/** Null: an answer about another message's flags only, not one that we asked for. */
function stateOf(row: Fetched, selected: Selected, folderId: string | null): Modified | null {
  if (!row.flags || !row.internalDate || row.size === null) return null
  const { path: folder, uidValidity } = selected
  const header = row.body ?? row.header
  return {
    ref: { folder, folderId, uidValidity, uid: row.uid, serverId: row.serverId },
    ...row.flags,
    internalDate: row.internalDate,
    size: row.size,
    modseq: row.modseq,
    ...(header ? idsOf(header) : { networkMessageId: null, internetMessageId: null }),
  }
}

/** Bytes that are held in memory at once while reading; one larger message is read alone. */
const CHUNK_BYTES = 4 * 1024 * 1024
const CHUNK_MESSAGES = 100

/**
 * Splits UIDs so that one FETCH brings a bounded number of bytes, whatever the consumer does meanwhile. Sizes that are not known are asked
 * for; UIDs that are not there are left out.
 */
export async function chunksBySize(
  context: Context,
  uids: readonly number[],
  known?: ReadonlyMap<number, number>,
): Promise<number[][]> {
  const chunks: number[][] = []
  let chunk: number[] = []
  let bytes = 0
  for (const batch of batches(uids)) {
    const sizes =
      known && batch.uids.every((uid) => known.has(uid)) ? sized(batch.uids, known) : await ask(context, batch.set)
    for (const { uid, size } of sizes) {
      if (chunk.length > 0 && (chunk.length >= CHUNK_MESSAGES || bytes + (size ?? 0) > CHUNK_BYTES)) {
        chunks.push(chunk)
        chunk = []
        bytes = 0
      }
      chunk.push(uid)
      bytes += size ?? 0
    }
  }
  if (chunk.length > 0) chunks.push(chunk)
  return chunks
}

const ask = (context: Context, set: string): Promise<readonly Pick<Fetched, 'uid' | 'size'>[]> =>
  fetchRows(context, set, [atom('RFC822.SIZE')])
const sized = (uids: readonly number[], known: ReadonlyMap<number, number>): readonly Pick<Fetched, 'uid' | 'size'>[] =>
  uids.map((uid) => ({ uid, size: known.get(uid) ?? null }))

/** State and exact bytes of one chunk of the selected folder. */
export async function fetchBytes(
  context: Context,
  selected: Selected,
  uids: readonly number[],
  options: { modseq?: boolean } = {},
): Promise<(CopyWithBytes & Modified)[]> {
  const found: (CopyWithBytes & Modified)[] = []
  const items = [...(await stateItems(context, { ids: false, ...options })), BODY]
  for (const { set } of batches(uids)) {
    const rows = await fetchRows(context, set, items)
    const folderId = rows.length > 0 ? await context.folderId(selected.path, selected.uidValidity) : null
    const exact = await withNuls(context, rows)
    for (const row of rows) {
      const state = stateOf(row, selected, folderId)
      const bytes = exact.get(row.uid) ?? row.body
      if (state && bytes) found.push({ ...state, bytes })
    }
  }
  context.remember(found)
  return found
}

/**
 * Dovecot shows NUL as 0x80 by BODY and as it is by BINARY (A9). BINARY may also decode the parts, so its bytes are
 * believed only where they differ from BODY in nothing else.
 */
async function withNuls(context: Context, rows: readonly Fetched[]): Promise<Map<number, Buffer>> {
  const exact = new Map<number, Buffer>()
  if (!context.connection.has('BINARY')) return exact
  const doubtful = rows.filter((row) => row.body?.includes(0x80))
  for (const { set } of batches(doubtful.map((row) => row.uid))) {
    for (const { uid, binary } of await fetchRows(context, set, [BINARY])) {
      const body = doubtful.find((row) => row.uid === uid)?.body
      if (body && binary && differsOnlyByNuls(body, binary)) exact.set(uid, binary)
    }
  }
  return exact
}

export function differsOnlyByNuls(body: Buffer, binary: Buffer): boolean {
  if (body.length !== binary.length) return false
  const shown = Buffer.from(binary)
  for (let at = shown.indexOf(0); at >= 0; at = shown.indexOf(0, at + 1)) shown[at] = 0x80
  return shown.equals(body)
}
