import { createHash } from 'node:crypto'
import { crashPoint } from '../../base/index.ts'
import { type CopyRef, type CopyState, type MoveResult, ProviderError } from '../provider.ts'
import type { Context } from './context.ts'
import { chunksBySize, fetchBytes, fetchStates, type Modified } from './fetch.ts'
import { statusOf } from './server.ts'
import { ascending, type Batch, batches, expandSet } from './sets.ts'
import { type Arg, atom, atoms, type CopyUid, codeOf, copyUidOf, fetchedOf, mailbox, sequence } from './wire.ts'

/** A conditional take works in small steps, so that little can change under it (A30). */
const CAREFUL_BATCH = 50
const CAREFUL_ATTEMPTS = 5

interface Moving {
  readonly source: string
  readonly sourceValidity: string
  readonly target: string
  readonly moved: Map<number, CopyRef>
  readonly missing: number[]
  readonly marked: number[]
}

/** `careful`: COPY, conditional STORE, UID EXPUNGE in small batches instead of MOVE: for mailboxes in use. */
export async function move(
  context: Context,
  source: string,
  uids: readonly number[],
  target: string,
  options: { careful?: boolean } = {},
): Promise<MoveResult> {
  const wanted = ascending(uids)
  if (wanted.length === 0) return { moved: new Map(), missing: [] }
  const { uidValidity } = await context.open(source, { write: true })
  const state: Moving = { source, sourceValidity: uidValidity, target, moved: new Map(), missing: [], marked: [] }
  const { connection } = context
  if (!connection.has('MOVE') || options.careful) {
    for (const batch of batches(wanted, CAREFUL_BATCH)) await copyAndRemove(context, state, batch.uids)
  } else if (connection.has('UIDPLUS')) {
    for (const batch of batches(wanted)) await moveBatch(context, state, batch)
  } else {
    for (const batch of batches(wanted)) await moveUntold(context, state, batch)
  }
  const result = { moved: state.moved, missing: state.missing.sort((a, b) => a - b) }
  const removes = connection.has('UIDPLUS') || (connection.has('MOVE') && !options.careful)
  return removes ? result : { ...result, marked: ascending(state.marked) }
}

/** P1: one UID MOVE; what COPYUID does not name was not there (A13). */
async function moveBatch(context: Context, state: Moving, batch: Batch): Promise<void> {
  const copies = await transfer(context, 'UID MOVE', state, batch)
  for (const uid of batch.uids) if (!copies.pairs.has(uid)) state.missing.push(uid)
  for (const [old, uid] of copies.pairs) await record(context, state, old, copies.uidValidity, uid)
}

async function record(context: Context, state: Moving, old: number, validity: string, uid: number): Promise<void> {
  const serverId = context.serverId(state.source, state.sourceValidity, old)
  state.moved.set(old, await context.ref(state.target, validity, uid, serverId))
}

async function transfer(
  context: Context,
  command: 'UID MOVE' | 'UID COPY',
  { source, target }: Moving,
  batch: Batch,
): Promise<CopyUid> {
  const pairs = new Map<number, number>()
  let uidValidity = ''
  const take = (response: unknown) => {
    const found = copyUidOf(response)
    if (!found) return
    uidValidity = found.uidValidity
    for (const [old, uid] of found.pairs) pairs.set(old, uid)
  }
  crashPoint('mailboxes.before-move')
  // COPYUID is in an untagged OK for MOVE, in the tagged one for COPY (A12).
  const answer = await context.connection
    .run(command, [sequence(batch.set), mailbox(target)], {
      doing: `moving ${batch.uids.length} messages from ${source} to ${target}`,
      effect: true,
      untagged: { OK: take },
    })
    .catch((error: unknown) => {
      // [EXPUNGEISSUED]: a COPY is all or nothing, so nothing happened and the rest is looked at again; a MOVE may have
      // gone half-way and stays unknown (A18).
      if (command === 'UID COPY' && expungedMeanwhile(error) && context.connection.alive) return null
      throw error
    })
  context.touched = true
  if (answer) take(answer.response)
  crashPoint('mailboxes.after-move')
  return { uidValidity, pairs }
}

const expungedMeanwhile = (error: unknown) => error instanceof ProviderError && error.code === 'unknown'

/** MOVE without UIDPLUS: where they went is read from the target afterwards. */
async function moveUntold(context: Context, state: Moving, batch: Batch): Promise<void> {
  const selected = await context.open(state.source, { write: true })
  const before = await fetchStates(context, selected, batch.set, { ids: true })
  const since = await nextUid(context, state.target)
  await transfer(context, 'UID MOVE', state, batch)
  const arrived = await arrivals(context, state.target, since)
  for (const item of before) {
    const at = arrived.findIndex((copy) => sameMessage(copy, item))
    const [copy] = at >= 0 ? arrived.splice(at, 1) : []
    if (copy) state.moved.set(item.ref.uid, copy.ref)
  }
  for (const uid of batch.uids) if (!state.moved.has(uid)) state.missing.push(uid)
}

const sameMessage = (a: CopyState, b: CopyState) =>
  a.size === b.size &&
  a.ref.serverId === b.ref.serverId &&
  a.internetMessageId === b.internetMessageId &&
  a.internalDate.getTime() === b.internalDate.getTime()

async function nextUid(context: Context, target: string): Promise<number> {
  const status = await statusOf(context.connection, target, false)
  if (!status) throw new ProviderError('no-folder', `${context.login} has no folder ${target}`)
  return status.uidNext
}

/** All since a UID. `n:*` names the last message even when it is older, so it is filtered. */
async function arrivals(context: Context, folder: string, since: number): Promise<Modified[]> {
  const selected = await context.connection.select(folder)
  const states = await fetchStates(context, selected, `${since}:*`, { ids: true })
  return states.filter((state) => state.ref.uid >= since)
}

type Hashed = Modified & { readonly sha256: string }

/** Selects the folder anew and reads state and hash of these; memory stays bounded. */
async function hashed(context: Context, folder: string, uids: readonly number[]): Promise<Hashed[]> {
  const selected = await context.connection.select(folder)
  const found: Hashed[] = []
  for (const chunk of await chunksBySize(context, uids)) {
    for (const { bytes, ...state } of await fetchBytes(context, selected, chunk, { modseq: true })) {
      found.push({ ...state, sha256: createHash('sha256').update(bytes).digest('hex') })
    }
  }
  return found
}

/**
 * P2, and the conditional take (A30): copy, verify every copy by its bytes, mark the originals unless they changed
 * meanwhile, remove exactly those. Changed ones lose their copy and are taken again with the new flags.
 */
async function copyAndRemove(context: Context, state: Moving, uids: readonly number[]): Promise<void> {
  let left = uids
  for (let attempt = 1; left.length > 0; attempt++) {
    const before = await hashed(context, state.source, left)
    const present = new Set(before.map((item) => item.ref.uid))
    state.missing.push(...left.filter((uid) => !present.has(uid)))
    if (before.length === 0) return
    const { proved, stray } = await copyVerified(context, state, before)
    const confirmed = await markUnchanged(
      context,
      state,
      before.filter((item) => proved.has(item.ref.uid)),
    )
    if (context.connection.has('UIDPLUS')) await expunge(context, [...confirmed])
    else state.marked.push(...confirmed)
    for (const [uid, copy] of proved) {
      if (confirmed.has(uid)) state.moved.set(uid, copy)
      else stray.push(copy.uid)
    }
    if (stray.length > 0) {
      await context.connection.select(state.target)
      await removeSelected(context, stray)
    }
    left = before.map((item) => item.ref.uid).filter((uid) => !confirmed.has(uid))
    if (left.length > 0 && attempt >= CAREFUL_ATTEMPTS) {
      throw new ProviderError(
        'changed',
        `${left.length} messages of ${state.source} change faster than they can be taken`,
      )
    }
  }
}

interface Verified {
  /** old UID → its copy, the same byte for byte. */
  readonly proved: Map<number, CopyRef>
  /** Copies of this command that are not what was asked for (the source changed while we looked). */
  readonly stray: number[]
}

async function copyVerified(context: Context, state: Moving, before: readonly Hashed[]): Promise<Verified> {
  const since = await nextUid(context, state.target)
  const told = new Set<number>()
  for (const batch of batches(before.map((item) => item.ref.uid))) {
    for (const uid of (await transfer(context, 'UID COPY', state, batch)).pairs.values()) told.add(uid)
  }
  const untold = context.connection.has('UIDPLUS') ? [] : uidsOf(await arrivals(context, state.target, since))
  const arrived = await hashed(context, state.target, [...told, ...untold])
  const proved = new Map<number, CopyRef>()
  for (const item of before) {
    const at = arrived.findIndex((copy) => copy.sha256 === item.sha256 && copy.ref.serverId === item.ref.serverId)
    const [copy] = at >= 0 ? arrived.splice(at, 1) : []
    if (copy) proved.set(item.ref.uid, copy.ref)
  }
  return { proved, stray: uidsOf(arrived).filter((uid) => told.has(uid)) }
}

const uidsOf = (copies: readonly CopyState[]): number[] => copies.map((copy) => copy.ref.uid)

/** `\Deleted` for those that are as they were read. A UID that is not answered is gone (D6). */
async function markUnchanged(context: Context, state: Moving, before: readonly Hashed[]): Promise<Set<number>> {
  const { readOnly } = await context.connection.select(state.source)
  if (readOnly) throw new ProviderError('read-only', `${state.source} of ${context.login} became read-only`)
  const newest = before.reduce((max, item) => (item.modseq !== null && item.modseq > max ? item.modseq : max), 0n)
  const condition: Arg[] = newest > 0n ? [[atom('UNCHANGEDSINCE'), atom(String(newest))]] : []
  const answered = new Set<number>()
  const modified = new Set<number>()
  for (const { set } of batches(before.map((item) => item.ref.uid))) {
    const answer = await context.connection.run(
      'UID STORE',
      [sequence(set), ...condition, atom('+FLAGS'), atoms(['\\Deleted'])],
      {
        doing: `marking messages of ${state.source}`,
        effect: true,
        untagged: {
          FETCH: (response) => {
            const row = fetchedOf(response)
            if (row) answered.add(row.uid)
          },
        },
      },
    )
    const [name, changed] = codeOf(answer.response)
    if (name?.toUpperCase() === 'MODIFIED' && changed) for (const uid of expandSet(changed)) modified.add(uid)
  }
  // A STORE that changes nothing may be answered with nothing: those were marked by the user before.
  for (const item of before) if (item.flags.includes('\\Deleted')) answered.add(item.ref.uid)
  return new Set([...answered].filter((uid) => !modified.has(uid) && before.some((item) => item.ref.uid === uid)))
}

/** Never a bare EXPUNGE: it would take what the user has marked (G4). */
async function expunge(context: Context, uids: readonly number[]): Promise<void> {
  for (const { set } of batches(uids)) {
    await context.connection.run('UID EXPUNGE', [sequence(set)], { doing: 'removing messages', effect: true })
    context.touched = true
  }
}

/** Removes exactly these from the selected folder; false: the server can only mark them. */
export async function removeSelected(context: Context, uids: readonly number[]): Promise<boolean> {
  for (const { set } of batches(uids)) {
    await context.connection.run('UID STORE', [sequence(set), atom('+FLAGS.SILENT'), atoms(['\\Deleted'])], {
      doing: 'marking messages',
      effect: true,
    })
    context.touched = true
  }
  if (!context.connection.has('UIDPLUS')) return false
  await expunge(context, uids)
  return true
}
