import type { TenantId } from '../base/index.ts'
import type { MailboxSession, SpecialUse, SystemFlag } from '../mailboxes/index.ts'
import type { Location } from '../records/index.ts'
import { type HopResult, hopFailure, reply } from '../transport/index.ts'
import type { HomeOf, Target } from './types.ts'

export interface AppendAs {
  readonly flags: readonly SystemFlag[]
  readonly folder: string | null
  readonly date: Date
}

/** Imported mail is put into its mailbox as it lay elsewhere: with its date, flags and folder, not as new mail. */
export function createAppendHop(homeOf: HomeOf, tenant: TenantId, how: AppendAs) {
  return async (bytes: Buffer, placement: 'deliver' | 'junk', target: Target): Promise<HopResult> => {
    try {
      const home = await homeOf(tenant, target.mailboxId)
      if (!home) return { kind: 'permanent', reply: reply(550, '5.1.1', 'The mailbox is not known any more') }
      const session = await home.provider.open(home.account)
      try {
        const { path, filed } = await placeOf(session, placement, how.folder)
        const copy = { bytes, flags: how.flags, keywords: [], internalDate: how.date }
        const { state, lost } = await session.append(path, copy)
        const detail = lost.length === 0 ? path : `${path}; the server could not keep: ${lost.join(', ')}`
        return { kind: 'delivered', ref: state.ref, detail, ...(filed ? { filed } : {}) }
      } finally {
        await session.close()
      }
    } catch (error) {
      return hopFailure(error)
    }
  }
}

/** Folders that mail programs call by many names, but mean one. */
const USES: readonly (readonly [RegExp, SpecialUse])[] = [
  [/^(inbox|posteingang)$/i, 'inbox'],
  [/^(junk|junk e-?mail|spam|bulk mail)$/i, 'junk'],
  [/^(trash|deleted( items| messages)?|papierkorb)$/i, 'trash'],
  [/^(sent|sent (items|mail|messages)|gesendet)$/i, 'sent'],
  [/^(drafts?|entw(ü|u)rfe)$/i, 'drafts'],
  [/^(archives?|archiv)$/i, 'archive'],
]

async function placeOf(
  session: MailboxSession,
  placement: 'deliver' | 'junk',
  folder: string | null,
): Promise<{ path: string; filed?: Location }> {
  if (placement === 'junk') return { path: await session.special('junk') }
  const name = folder?.replace(/^INBOX\/(?=.)/i, '') ?? 'INBOX'
  const use = USES.find(([pattern]) => pattern.test(name))?.[1]
  if (use === 'inbox') return { path: await session.special('inbox') }
  if (use) return { path: await session.special(use), filed: LOCATION[use] }
  const known = (await session.folders()).some((f) => f.path === name)
  if (!known) await session.createFolder(name, { subscribe: true })
  return { path: name, filed: 'folder' }
}

const LOCATION: Readonly<Record<Exclude<SpecialUse, 'inbox'>, Location>> = {
  junk: 'junk',
  trash: 'deleted-items',
  sent: 'folder',
  drafts: 'folder',
  archive: 'folder',
}
