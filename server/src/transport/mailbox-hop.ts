import { AppError, messageOf } from '../base/index.ts'
import { BadFolderName, type MailboxProvider, ProviderError } from '../mailboxes/index.ts'
import type { HandOver, HopRecipient, HopResult, NextHop } from './next-hop.ts'
import { reply } from './reply.ts'

/** Delivers straight into mailboxes. Throws AppError `no-delivery` where the provider is not the store itself. */
export function createMailboxHop(provider: MailboxProvider): NextHop {
  const deliver = provider.deliver?.bind(provider)
  if (!deliver) {
    const cure = 'Name the LMTP address of the mail store as next hop.'
    throw new AppError('no-delivery', `Mailboxes of kind ${provider.kind} cannot be delivered into directly`, cure)
  }
  const one = async (mail: HandOver, to: HopRecipient): Promise<HopResult> => {
    if (Date.now() >= mail.deadline) {
      return { kind: 'temporary', reply: reply(451, '4.4.7', 'No time left to hand the message over') }
    }
    try {
      const use = mail.placement === 'junk' ? 'junk' : 'inbox'
      const ref = await deliver({ login: to.login }, use, mail.bytes)
      return { kind: 'delivered', ref, detail: `${ref.folder} of ${to.login}` }
    } catch (error) {
      return hopFailure(error)
    }
  }
  return {
    kind: 'mailbox',
    handOver: (mail) => Promise.all(mail.recipients.map((to) => one(mail, to))),
    close: async () => undefined,
  }
}

/** What an error of a mailbox provider means for a copy that was to be put there. */
export function hopFailure(error: unknown): HopResult {
  const text = messageOf(error)
  if (!(error instanceof ProviderError)) return { kind: 'unknown', why: text }
  if (error.code === 'unknown' || error.code === 'timeout') return { kind: 'unknown', why: text }
  if (error instanceof BadFolderName) return { kind: 'permanent', reply: reply(550, '5.2.0', text) }
  if (error.code === 'gone') return { kind: 'permanent', reply: reply(550, '5.1.1', text) }
  if (error.code === 'quota') return { kind: 'temporary', reply: reply(452, '4.2.2', text) }
  return { kind: 'temporary', reply: reply(451, '4.2.0', text) }
}
