import { type Static, Type } from 'typebox'
import type { MailboxProvider } from '../provider.ts'
import { proveWayBack } from '../way-back.ts'
import { Account } from './account.ts'
import { deliver } from './deliver.ts'
import { lockRoot, refuseForeign } from './lock.ts'
import { MaildirSession } from './session.ts'

export const MaildirOptions = Type.Object(
  {
    kind: Type.Literal('maildir'),
    root: Type.String({ minLength: 1, description: 'Directory with one Maildir per mailbox, served by nobody else.' }),
  },
  { additionalProperties: false },
)
export type MaildirOptions = Static<typeof MaildirOptions>

export type MaildirProvider = MailboxProvider & {
  readonly kind: 'maildir'
  deliver: NonNullable<MailboxProvider['deliver']>
}

/**
 * Mailboxes as Maildirs that we alone serve: the embedded default. A mailbox appears when it is first opened or
 * delivered to. The first call takes the lock of the tree (AppError `mailboxes.maildir-in-use`).
 */
export function createMaildirProvider({ root }: { readonly kind?: 'maildir'; readonly root: string }): MaildirProvider {
  const accounts = new Map<string, Account>()
  let lock: Promise<() => Promise<void>> | null = null
  const ready = (): Promise<unknown> => {
    lock ??= lockRoot(root).then(async (release) => {
      try {
        await refuseForeign(root)
        return release
      } catch (error) {
        await release()
        throw error
      }
    })
    // A lock that could not be had is asked for again the next time.
    lock.catch(() => {
      lock = null
    })
    return lock
  }
  const account = async (login: string): Promise<Account> => {
    await ready()
    const found = accounts.get(login) ?? new Account(root, login)
    accounts.set(login, found)
    return found
  }
  const provider: MaildirProvider = {
    kind: 'maildir',
    open: async ({ login }, { signal } = {}) => {
      signal?.throwIfAborted()
      const found = await account(login)
      await found.exclusive(() => found.prepare())
      return new MaildirSession(found)
    },
    proveWayBack: (one) => proveWayBack(() => provider.open(one)),
    deliver: async ({ login }, use, bytes) => deliver(await account(login), use, bytes),
    close: async () => {
      const release = await lock?.catch(() => null)
      lock = null
      accounts.clear()
      await release?.()
    },
  }
  return provider
}
