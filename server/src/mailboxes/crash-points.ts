/** Named points at which a crash test may kill us while a mailbox is being changed. */
export const CRASH_POINTS = [
  'mailboxes.before-move',
  'mailboxes.after-move',
  'mailboxes.before-append',
  'mailboxes.after-append',
  'mailboxes.before-destroy',
] as const

/** Those of the Maildir provider alone, between the steps of one change. */
export const MAILDIR_CRASH_POINTS = [
  'mailboxes.maildir.after-write',
  'mailboxes.maildir.after-rename',
  'mailboxes.maildir.between-syncs',
  'mailboxes.maildir.after-deliver',
] as const
