import { createImapProvider, type MailboxProvider } from '../../src/mailboxes/index.ts'
import type { Dovecot } from './dovecot.ts'

/** Dovecot's mailboxes by its master user, with a settling time that fits a test. `port`: of a proxy before it. */
export const imapOf = (dovecot: Dovecot, port = dovecot.imapPort): MailboxProvider =>
  createImapProvider({
    kind: 'imap',
    host: dovecot.host,
    port,
    secure: false,
    auth: { type: 'master', ...dovecot.master },
    timeouts: { connectSeconds: 5, commandSeconds: 20, settleQuietSeconds: 0.2 },
  })
