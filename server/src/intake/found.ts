import { type CurrentVerdict, type Delivery, locate, setHandover } from '../records/index.ts'
import { emit, type Tx } from '../storage/index.ts'
import { placementIn } from '../transport/index.ts'
import { lateVerdict } from './again.ts'
import type { Looked } from './look.ts'
import { refJson } from './ref.ts'

/** A copy in doubt lies in its mailbox: written down as delivered, and what today's verdict would do with it is asked for. */
export async function recordFound(
  tx: Tx,
  row: Delivery,
  at: Extract<Looked, { kind: 'found' }>,
  judged: CurrentVerdict,
): Promise<void> {
  const ref = refJson(at.state.ref)
  const junk = placementIn(row.sent_prefix) === 'junk'
  await setHandover(
    tx,
    [
      {
        deliveryId: row.id,
        handover: row.handover === 'possibly-twice' ? 'possibly-twice' : 'handed-over',
        handoverDetail: 'found in the mailbox after the answer was lost',
        action: junk ? 'junked' : 'delivered',
        location: junk ? 'junk' : 'inbox',
        ref,
      },
    ],
    {
      kind: junk ? 'junked' : 'delivered',
      actor: 'gateway',
      summary: 'Found in the mailbox: it had been delivered',
    },
  )
  if (at.location !== (junk ? 'junk' : 'inbox'))
    await locate(tx, [{ deliveryId: row.id, location: at.location, folder: at.folder, ref }], {
      kind: 'moved',
      actor: 'user',
      summary: `Found in ${at.state.ref.folder}`,
    })
  const late = lateVerdict(row.message_id, judged, junk ? 'junk' : 'deliver')
  if (late) await emit(tx, late)
}
