/** Where a copy lies, as far as is known: in its mailbox, in a hold, or nowhere of ours. */
export const LOCATIONS = [
  'inbox',
  'folder',
  'junk',
  'quarantine',
  'deleted-items',
  'soft-deleted',
  'hard-deleted',
  'dropped',
  'external',
  'failed',
  'unknown',
] as const
export type Location = (typeof LOCATIONS)[number]
