import { type RawBuilder, sql } from 'kysely'
import { AppError, instantOf } from '../base/index.ts'

export const SORTS = ['received', 'expires', 'subject', 'sender', 'reason'] as const
export interface Sort {
  readonly by: (typeof SORTS)[number]
  readonly descending: boolean
}

export interface SortKey {
  /** An expression over the copies of one message. */
  readonly sql: RawBuilder<unknown>
  readonly type: 'timestamptz' | 'text'
  /** Of which the copies have to be grouped besides the message. */
  readonly groupedBy: RawBuilder<unknown> | null
  readonly asksMessage: boolean
}

/** What a page is sorted by. */
export function sortKey({ by }: Sort): SortKey {
  switch (by) {
    case 'received':
      return key(sql`h.received_at`, 'timestamptz', sql`h.received_at`, false)
    case 'expires': {
      const first = sql`coalesce(min(h.expires_at) filter (where h.state in ('held', 'denied')), 'infinity'::timestamptz)`
      return key(first, 'timestamptz', null, false)
    }
    case 'subject':
      return key(sql`lower(m.subject)`, 'text', sql`m.subject`, true)
    case 'sender':
      return key(sql`coalesce(m.sender_address, '')`, 'text', sql`m.sender_address`, true)
    case 'reason':
      return key(sql`min(h.reason)`, 'text', null, false)
  }
}

const key = (
  expression: RawBuilder<unknown>,
  type: SortKey['type'],
  groupedBy: SortKey['groupedBy'],
  asksMessage: boolean,
): SortKey => ({ sql: expression, type, groupedBy, asksMessage })

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
  const instant =
    key === 'infinity' ||
    (/^\d{4}-\d\d-\d\d /.test(key) && instantOf(key.slice(0, 10)) !== null && !Number.isNaN(Date.parse(key)))
  if (
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) &&
    (sortKey(sort).type === 'text' ? !key.includes('\0') : instant)
  )
    return { key, id }
  throw new AppError('bad-cursor', 'This cursor was not given by this list.', 'Begin again without cursor.')
}
