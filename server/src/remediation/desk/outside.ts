import type { MailboxId, TenantId } from '../../base/index.ts'
import type { MailboxAccount, MailboxProvider } from '../../mailboxes/index.ts'
import { type Directory, directory } from '../../organisation/index.ts'
import type { Storage } from '../../storage/index.ts'

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

/** How long an organisation is taken to be as it was read. */
const FRESH_MS = 2000

/** Every mailbox of every organisation on one server. */
export function oneServer(storage: Pick<Storage, 'tenant'>, provider: MailboxProvider): HomeOf {
  const known = new Map<TenantId, { readonly until: number; readonly directory: Promise<Directory> }>()
  const read = (tenant: TenantId): Promise<Directory> => {
    const found = known.get(tenant)
    if (found && found.until > performance.now()) return found.directory
    const fresh = storage.tenant(tenant, (tx) => directory(tx))
    fresh.catch(() => known.delete(tenant))
    known.set(tenant, { until: performance.now() + FRESH_MS, directory: fresh })
    return fresh
  }
  return async (tenant, id) => {
    let mailbox = (await read(tenant)).mailbox(id)
    if (!mailbox) {
      // It may have been made since.
      known.delete(tenant)
      mailbox = (await read(tenant)).mailbox(id)
    }
    if (!mailbox) return null
    return { provider, account: { login: mailbox.login }, address: mailbox.address, server: provider.kind }
  }
}
