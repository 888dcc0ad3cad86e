import { AppError, type TenantId } from '../base/index.ts'
import { BadFolderName, type MailboxSession, type SpecialUse, type SystemFlag } from '../mailboxes/index.ts'
import type { Location } from '../records/index.ts'
import { type HopResult, hopFailure, reply } from '../transport/index.ts'
import type { HomeOf, Incoming, Target } from './types.ts'

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

/**
 * Before anything of the message is kept. Throws AppError `import-folder` where a mailbox of it can have no such folder; a mailbox that
 * cannot be asked is none of its business.
 */
export async function checkFolder(homeOf: HomeOf, tenant: TenantId, incoming: Incoming): Promise<void> {
  const name = nameOf(incoming.folder ?? null)
  if (useOf(name) !== undefined) return
  for (const { mailboxId } of incoming.recipients.flatMap((r) => r.targets)) {
    const home = await homeOf(tenant, mailboxId)
    const session = await home?.provider.open(home.account).catch(() => null)
    try {
      await session?.userFolder(name)
    } catch (error) {
      if (error instanceof BadFolderName)
        throw new AppError('import-folder', `Not imported: ${error.message}.`, 'Give the folder another name.', {
          status: 422,
          cause: error,
        })
    } finally {
      await session?.close()
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
  const name = nameOf(folder)
  const use = useOf(name)
  if (use === 'inbox') return { path: await session.special('inbox') }
  if (use) return { path: await session.special(use), filed: LOCATION[use] }
  const path = await session.userFolder(name)
  const known = (await session.folders()).some((f) => f.path === path)
  if (!known) await session.createFolder(path, { subscribe: true })
  return { path, filed: 'folder' }
}

/** Some programs have every folder below the Inbox. */
const nameOf = (folder: string | null): string => folder?.replace(/^INBOX\/(?=.)/i, '') ?? 'INBOX'

const useOf = (name: string): SpecialUse | undefined => USES.find(([pattern]) => pattern.test(name))?.[1]

const LOCATION: Readonly<Record<Exclude<SpecialUse, 'inbox'>, Location>> = {
  junk: 'junk',
  trash: 'deleted-items',
  sent: 'folder',
  drafts: 'folder',
  archive: 'folder',
}
