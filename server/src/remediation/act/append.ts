import { sql } from 'kysely'
import { crashPoint } from '../../base/index.ts'
import { type AppendResult, ProviderError } from '../../mailboxes/index.ts'
import { type Desk, isRefusal } from '../desk/desk.ts'
import { failure } from '../desk/failure.ts'
import { readCopies, type Seen } from '../find/read.ts'
import { transition } from '../ledger/ledger.ts'
import { pointsOf, type StoredState, type WorkItem } from '../types.ts'
import { ended } from '../undo/facts.ts'
import { finish } from './finish.ts'
import { targetOf } from './target.ts'
import { withdraw } from './vault.ts'

/** The hold's copy is gone: bytes from the vault, flags and date as written down, each message alone (mailbox-semantics P1b). */
export async function appendItems(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  for (const item of items) await appendOne(desk, item)
}

async function appendOne(desk: Desk, item: WorkItem): Promise<void> {
  const state = item.wanted ?? item.sourceState
  const bytes = item.vaultId === null ? null : await withdraw(desk.deps.storage, desk.tenant, item.vaultId)
  if (!state || !bytes) {
    await desk.record([{ item, to: 'not-found', why: await whyGone(desk, item) }])
    return
  }
  const target = await targetOf(desk, item, [])
  const session = await desk.session()
  const position = await session.position(target.path)
  if (!position) throw new ProviderError('no-folder', `There is no folder ${target.path}.`)
  const batches = await desk.commit((tx) =>
    transition(tx, desk.context(), [
      {
        item,
        to: 'executing',
        set: {
          via: 'append',
          before_kind: 'hold',
          before_ref: item.sourceRef,
          before_state: state,
          after_folder: target.path,
          hold_position: position,
        },
      },
    ]),
  )
  const intent = { beforeRef: item.sourceRef, beforeState: state, holdPosition: position }
  const begun: WorkItem = { ...item, ...intent, state: 'executing', batch: batches.get(item.id) ?? null }
  crashPoint(`${pointsOf(item)}.before-append`)
  let result: AppendResult
  try {
    result = await session.append(target.path, {
      bytes,
      flags: (item.sourceState ?? state).flags,
      keywords: (item.sourceState ?? state).keywords,
      internalDate: new Date(state.internalDate),
    })
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (error.code === 'unavailable' || error.code === 'timeout') {
      throw new ProviderError('unknown', error.message, { cause: error })
    }
    await desk.record([failure(desk, begun, `It could not be put back from the vault: ${error.message}`)])
    return
  }
  crashPoint(`${pointsOf(item)}.after-append`)
  const [back] = await readCopies(
    desk,
    [{ item: { ...begun, sourceState: null, wanted: null }, ref: result.state.ref }],
    {
      keep: false,
    },
  )
  await finish(desk, target.path, [
    {
      item: begun,
      before: result.state,
      from: null,
      ref: result.state.ref,
      copyHash: null,
      sha256: back?.sha256 ?? null,
      note: 'Its hold copy was gone: put back from the vault.',
      lost: [...result.lost, ...bytesLost(back, state), ...(target.lost === null ? [] : [target.lost])],
    },
  ])
}

/** Read back and compared: a server may have changed the bytes it was given. */
function bytesLost(back: Seen | undefined, state: StoredState): string[] {
  if (!back) return ['it could not be read back']
  return back.sha256 === state.sha256 ? [] : ['the server has changed the bytes (line ends or 8-bit characters)']
}

/** The copy is gone from the hold and the vault has nothing: because its time was over, or because nothing was kept. */
async function whyGone(desk: Desk, item: WorkItem): Promise<string> {
  const rows = await desk.deps.storage.tenant(desk.tenant, (tx) =>
    sql<{ at: Date; location: string | null }>`select expired_at as at, after_location as location from action_item
      where tenant_id = ${desk.tenant} and id = ${item.undoes} and expired_at is not null`.execute(tx),
  )
  const [row] = rows.rows
  if (row) return ended(row.location ?? 'deleted', row.at.toISOString().slice(0, 10))
  return item.vaultId === null
    ? 'Its copy is gone from the hold, and the vault has no bytes of it.'
    : 'Its copy is gone from the hold, and the retention of its bytes in the vault has ended.'
}
