import { type RawBuilder, sql } from 'kysely'

/** A proposal whose time is over has expired, whether or not it was written down already: nobody approves it any more. */
export const overdue = (now: Date): RawBuilder<boolean> =>
  sql<boolean>`(state = 'pending-approval' and expires_at <= ${now}::timestamptz)`
