import type { TenantId } from '../base/index.ts'
import {
  currentVerdict,
  type Delivery,
  heldInDoubt,
  lockMessage,
  lockUnchanged,
  setHandover,
} from '../records/index.ts'
import type { Storage } from '../storage/index.ts'
import { recordFound } from './found.ts'
import { LOOKS, look } from './look.ts'
import type { HomeOf } from './types.ts'

export interface DoubtDeps {
  readonly storage: Pick<Storage, 'tenant'>
  readonly homeOf: HomeOf
}

/** At a time: looked for within three minutes, even if every mailbox hangs. */
const MOST = 64

/**
 * Mail that was convicted and is held although an earlier hand-over may have arrived, because its mailbox could not be asked: asked again,
 * also when its time in quarantine is over. What is there is taken by the verdict's action; what is not is no longer in doubt. Returns how
 * many copies were settled.
 */
export async function lookUpDoubts(deps: DoubtDeps, tenant: TenantId): Promise<number> {
  const rows = await deps.storage.tenant(tenant, (tx) => heldInDoubt(tx, MOST))
  let done = 0
  for (let at = 0; at < rows.length; at += LOOKS) {
    const settled = await Promise.all(rows.slice(at, at + LOOKS).map((row) => lookUp(deps, tenant, row)))
    done += settled.filter(Boolean).length
  }
  return done
}

async function lookUp({ storage, homeOf }: DoubtDeps, tenant: TenantId, row: Delivery): Promise<boolean> {
  if (row.mailbox_id === null) return false
  const looked = await look(homeOf, tenant, row.mailbox_id, row.message_id)
  if (looked.kind === 'unasked') return false
  return await storage.tenant(tenant, async (tx) => {
    await lockMessage(tx, row.message_id)
    const judged = await currentVerdict(tx, row.message_id)
    // Released, deleted or expired meanwhile: whoever did that has looked, or it is looked for again.
    if (!judged || !(await lockUnchanged(tx, [row])).has(row.id)) return false
    if (looked.kind === 'found') await recordFound(tx, row, looked, judged)
    else
      await setHandover(tx, [{ deliveryId: row.id, handover: 'none', handoverDetail: 'not found in the mailbox' }], {
        kind: 'looked-up',
        actor: 'gateway',
        summary: `Looked for and not found in the mailbox${row.latest_location === 'quarantine' ? ': it is held in quarantine and nowhere else' : ''}`,
      })
    return true
  })
}
