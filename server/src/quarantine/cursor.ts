import { type RawBuilder, sql } from 'kysely'
import { AppError } from '../base/index.ts'

export const SORTS = ['received', 'expires', 'subject', 'sender', 'reason'] as const
export interface Sort {
  readonly by: (typeof SORTS)[number]
  readonly descending: boolean
}

/** What a page is sorted by: an expression over the copies of one message, and its type. */
export function sortKey({ by }: Sort): { readonly sql: RawBuilder<unknown>; readonly type: 'timestamptz' | 'text' } {
  switch (by) {
    case 'received':
      return { sql: sql`m.received_at`, type: 'timestamptz' }
    case 'expires':
      return {
        sql: sql`coalesce(min(h.expires_at) filter (where h.state in ('held', 'denied')), 'infinity'::timestamptz)`,
        type: 'timestamptz',
      }
    case 'subject':
      return { sql: sql`lower(m.subject)`, type: 'text' }
    case 'sender':
      return { sql: sql`coalesce(m.sender_address, '')`, type: 'text' }
    case 'reason':
      return { sql: sql`min(h.reason)`, type: 'text' }
  }
}

export interface Position {
  /** As the database writes it: instants to the microsecond. */
  readonly key: string
  readonly id: string
}

export const writeCursor = ({ key, id }: Position): string => Buffer.from(`${id} ${key}`, 'utf8').toString('base64url')

/** Throws AppError `bad-cursor` for what no list has given for this order. */
export function readCursor(sort: Sort, cursor: string | undefined): Position | null {
  if (cursor === undefined) return null
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  const id = text.slice(0, 36)
  const key = text.slice(37)
  const instant = key === 'infinity' || (/^\d{4}-\d\d-\d\d /.test(key) && !Number.isNaN(Date.parse(key)))
  if (
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) &&
    (sortKey(sort).type === 'text' ? !key.includes('\0') : instant)
  )
    return { key, id }
  throw new AppError('bad-cursor', 'This cursor was not given by this list.', 'Begin again without cursor.')
}
