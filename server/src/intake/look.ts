import { type MailboxId, type MessageId, messageOf, type TenantId } from '../base/index.ts'
import { type CopyState, ProviderError, type SpecialUse } from '../mailboxes/index.ts'
import type { Location } from '../records/index.ts'
import type { HomeOf } from './types.ts'

export type Looked =
  | { readonly kind: 'found'; readonly state: CopyState; readonly location: Location; readonly folder: string | null }
  | { readonly kind: 'absent' }
  /** It cannot be known. */
  | { readonly kind: 'unasked'; readonly why: string }

const PATIENCE_MS = 20_000
/** Mailboxes looked into at a time: those of a server that hangs are not waited for one after another. */
export const LOOKS = 8

const LOCATIONS: ReadonlyMap<SpecialUse | null, Location> = new Map([
  ['inbox', 'inbox'],
  ['junk', 'junk'],
  ['trash', 'deleted-items'],
])

/** Whether a copy with our message ID lies in the mailbox already: asked when an answer of the next hop was lost. */
export async function look(homeOf: HomeOf, tenant: TenantId, mailbox: MailboxId, id: MessageId): Promise<Looked> {
  try {
    const home = await homeOf(tenant, mailbox)
    if (!home) return { kind: 'unasked', why: 'the mailbox is not known any more' }
    const session = await home.provider.open(home.account, { signal: AbortSignal.timeout(PATIENCE_MS) })
    try {
      const found = await session.find({ networkMessageIds: [id] })
      const state = found.find((copy) => copy.networkMessageId === id)
      if (!state) return { kind: 'absent' }
      const use = (await session.folders()).find((f) => f.path === state.ref.folder)?.use ?? null
      const location = LOCATIONS.get(use) ?? 'folder'
      return { kind: 'found', state, location, folder: location === 'folder' ? state.ref.folder : null }
    } finally {
      await session.close()
    }
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'gone') return { kind: 'absent' }
    return { kind: 'unasked', why: messageOf(error) }
  }
}
