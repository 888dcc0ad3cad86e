import { type RawBuilder, sql } from 'kysely'
import { type CsvColumn, csvText } from '../base/index.ts'
import type { EntityKind } from '../judgement/index.ts'
import { copiesMatching, type MessageFilter } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import type { TopOf, TopRow } from './query-schemas.ts'

const COLUMN: Readonly<Partial<Record<TopOf, string>>> = {
  recipient: 'd.recipient_key',
  sender: 'm.sender_address',
  senderDomain: 'm.sender_domain',
  ip: 'm.client_ip',
}
const ENTITY: Readonly<Partial<Record<TopOf, EntityKind>>> = {
  url: 'url',
  urlDomain: 'url-domain',
  fileHash: 'file-hash',
}

/**
 * The values that most of the matching recipient copies have, the commonest first. A copy counts for each link or file that its message
 * holds. Throws AppError `bad-filter`.
 */
export async function topOf(tx: Tx, filter: MessageFilter, of: TopOf, limit: number): Promise<TopRow[]> {
  const column = COLUMN[of]
  const copies = copiesMatching(tx, filter).select(['d.message_id', 'd.action'])
  const source: RawBuilder<unknown> = column
    ? sql`(${copies.select(sql.ref<string | null>(column).as('value'))}) x`
    : sql`(${copies}) x join entity e on e.tenant_id = recourse_tenant() and e.message_id = x.message_id and e.kind = ${ENTITY[of]}`
  const value = column ? sql.ref('x.value') : sql.ref('e.value')
  const found = await sql<TopRow>`select ${value} as value, count(*)::int as copies,
      (count(*) filter (where x.action = 'delivered'))::int as delivered,
      (count(*) filter (where x.action = 'junked'))::int as junked,
      (count(*) filter (where x.action = 'blocked'))::int as blocked
    from ${source} where ${value} is not null group by 1 order by 2 desc, 1 limit ${limit}`.execute(tx)
  return found.rows
}

const CSV: readonly CsvColumn<TopRow>[] = [
  ['Value', (r) => r.value],
  ['Recipient copies', (r) => r.copies],
  ['Delivered', (r) => r.delivered],
  ['Junked', (r) => r.junked],
  ['Blocked', (r) => r.blocked],
]
export const topCsv = (rows: readonly TopRow[]): string => csvText(rows, CSV)
