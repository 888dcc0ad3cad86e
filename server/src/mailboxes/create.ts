import { type Static, Type } from 'typebox'
import { ImapOptions } from './imap/options.ts'
import { createImapProvider } from './imap/provider.ts'
import { createMaildirProvider, MaildirOptions } from './maildir/provider.ts'
import type { MailboxProvider } from './provider.ts'

/** Where the organisation's mailboxes are: the `mailboxes` part of the configuration. */
export const MailboxesOptions = Type.Union([MaildirOptions, ImapOptions])
export type MailboxesOptions = Static<typeof MailboxesOptions>

/** The provider that the settings name. Nothing is asked of it yet; throws AppError where a secret is missing. */
export function createMailboxes(options: MailboxesOptions): MailboxProvider {
  return options.kind === 'maildir' ? createMaildirProvider(options) : createImapProvider(options)
}
