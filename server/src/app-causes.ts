import type { EntryId } from './base/index.ts'
import type { Cause } from './judgement/index.ts'
import * as lists from './lists/index.ts'
import { getAction } from './remediation/index.ts'
import type { Storage, Tx } from './storage/index.ts'

interface CausesLog {
  info(about: object, message: string): void
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** An undo may ask that its cause stop acting on new mail: an entry is taken off the list, a signal counts no more. */
export function suspendCauses({ outbox }: Pick<Storage, 'outbox'>, log: CausesLog): void {
  const suspend = async (tx: Tx, cause: Cause, by: string, undoId: string): Promise<void> => {
    const actor = { user: 'system', name: by }
    if (cause.kind === 'signal') {
      const why = 'What it caused was undone.'
      await lists.suspendSignal(tx, outbox, actor, { signalId: cause.id, version: cause.version, why, undoId })
    }
    if (cause.kind === 'entry' && UUID.test(cause.id)) {
      const entry = await lists.getEntry(tx, cause.id as EntryId)
      if (!entry || entry.state === 'removed') return
      await lists.removeEntry(tx, outbox, actor, entry.id)
    }
  }
  outbox.subscribe('lists.suspend-cause', ['cause.suspend'], async (tx, { data, tenant }) => {
    const undo = await getAction(tx, tenant, data.undoActionId)
    const by = undo ? `${undo.requestedBy.name} by “${undo.name}”` : `Undo of action ${data.undoActionId}`
    await suspend(tx, data.cause, by, data.undoActionId)
    log.info({ cause: data.cause, undo: data.undoActionId }, 'a cause was suspended because what it caused is undone')
  })
}
