import { type RawBuilder, sql } from 'kysely'

/** The item of this alias has not ended: it waits for approval, is to be done, is being done, or is tried again. */
export const isOpen = (alias: 'i' | 'o' | 'u'): RawBuilder<boolean> => {
  const item = sql.raw(alias)
  return sql<boolean>`(${item}.state in ('planned', 'approved', 'executing') or (${item}.state = 'failed' and ${item}.next_attempt_at is not null))`
}
