import type { MailboxId, TenantId } from '../base/index.ts'
import type { MailboxAccount, MailboxProvider } from '../mailboxes/index.ts'
import { directory } from '../organisation/index.ts'
import type { Storage } from '../storage/index.ts'

export interface MailboxHome {
  readonly provider: MailboxProvider
  readonly account: MailboxAccount
  /** Primary address: what the next hop is given. */
  readonly address: string
  /** Names the server: its concurrency and the proof of its way back are shared by the mailboxes on it. */
  readonly server: string
}

/** Where a mailbox of the organisation lives. Null: the organisation does not have it any more. */
export type HomeOf = (tenant: TenantId, mailbox: MailboxId) => Promise<MailboxHome | null>

/** Every mailbox of every organisation on one server. */
export function oneServer(storage: Pick<Storage, 'tenant'>, provider: MailboxProvider): HomeOf {
  return async (tenant, id) => {
    const mailbox = await storage.tenant(tenant, async (tx) => (await directory(tx)).mailbox(id))
    if (!mailbox) return null
    return { provider, account: { login: mailbox.login }, address: mailbox.address, server: provider.kind }
  }
}
