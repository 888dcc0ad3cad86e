import type { TenantId } from '../base/index.ts'
import type { SystemFlag } from '../mailboxes/index.ts'
import { type HopResult, hopFailure, reply } from '../transport/index.ts'
import type { HomeOf, Target } from './types.ts'

/** Imported mail is put into its mailbox as it lay elsewhere: with its date and flags, not as new mail. */
export function createAppendHop(homeOf: HomeOf, tenant: TenantId, how: { flags: readonly SystemFlag[]; date: Date }) {
  return async (bytes: Buffer, placement: 'deliver' | 'junk', target: Target): Promise<HopResult> => {
    try {
      const home = await homeOf(tenant, target.mailboxId)
      if (!home) return { kind: 'permanent', reply: reply(550, '5.1.1', 'The mailbox is not known any more') }
      const session = await home.provider.open(home.account)
      try {
        const folder = await session.special(placement === 'junk' ? 'junk' : 'inbox')
        const copy = { bytes, flags: how.flags, keywords: [], internalDate: how.date }
        const { state, lost } = await session.append(folder, copy)
        const detail = lost.length === 0 ? folder : `${folder}; the server could not keep: ${lost.join(', ')}`
        return { kind: 'delivered', ref: state.ref, detail }
      } finally {
        await session.close()
      }
    } catch (error) {
      return hopFailure(error)
    }
  }
}
