import { type MailboxProvider, type MailboxSession, ProviderError } from '../provider.ts'
import { proveWayBack } from '../way-back.ts'
import { type Fault, type FaultPlan, Faults, type MemoryCallName } from './faults.ts'
import { MemoryMailbox, type MemoryTraits, refOf } from './model.ts'
import { MemorySession } from './session.ts'
import { MemoryUser } from './user.ts'

export type { Fault, FaultPlan, MemoryCall, MemoryCallName } from './faults.ts'
export type { MemoryUser, Snapshot } from './user.ts'

export interface MemoryOptions extends Partial<MemoryTraits> {
  /** Only these mailboxes exist; default: every login has one. */
  readonly logins?: readonly string[]
  /** Asked at every call: what goes wrong in it. */
  readonly faults?: FaultPlan
}

export interface MemoryProvider extends MailboxProvider {
  readonly kind: 'memory'
  deliver: NonNullable<MailboxProvider['deliver']>
  /** The owner of a mailbox, to act in between. */
  user(login: string): MemoryUser
  /** The next call of this name (on this mailbox, if given) fails in this way. */
  failOnce(name: MemoryCallName, fault: Fault, login?: string): void
}

/** A whole mail server in memory, for simulation: behaves as mailbox-semantics says, and fails when told to. */
export function createMemoryProvider(options: MemoryOptions = {}): MemoryProvider {
  const traits: MemoryTraits = {
    serverIds: options.serverIds ?? true,
    uidPlus: options.uidPlus ?? true,
    holdHidden: options.holdHidden ?? true,
  }
  const faults = new Faults(options.faults)
  const boxes = new Map<string, MemoryMailbox>()
  const box = (login: string): MemoryMailbox => {
    if (options.logins && !options.logins.includes(login)) {
      throw new ProviderError('gone', `there is no mailbox ${login}`)
    }
    const found = boxes.get(login) ?? new MemoryMailbox(login)
    boxes.set(login, found)
    return found
  }
  const open = async (login: string, faults: Faults): Promise<MailboxSession> => {
    const mailbox = box(login)
    await faults.enter('open', login)
    if (mailbox.gone) throw new ProviderError('gone', `there is no mailbox ${login}`)
    return new MemorySession(mailbox, faults, traits)
  }
  const provider: MemoryProvider = {
    kind: 'memory',
    user: (login) => new MemoryUser(box(login), !traits.holdHidden),
    failOnce: (name, fault, login) => faults.once(name, fault, login),
    open: async (account, { signal } = {}) => {
      signal?.throwIfAborted()
      return open(account.login, faults)
    },
    proveWayBack: async (account) => proveWayBack(() => open(account.login, faults.inProof())),
    deliver: async (account, use, bytes) => {
      const mailbox = box(account.login)
      const folder = mailbox.folder(use === 'junk' ? 'Junk' : 'INBOX')
      const message = mailbox.append(folder, { flags: [], keywords: [], internalDate: new Date(), bytes })
      return refOf(folder, message, traits.serverIds)
    },
    close: async () => {},
  }
  return provider
}
