import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { DeliveryId } from '../base/index.ts'
import { type Tx, uuids } from '../storage/index.ts'
import type { AdditionalAction } from './filter.ts'

// What was done with a copy stands in the items of remediation, which are read here and nowhere written: Explorer's filter joins them.

const WHAT = sql`case when a.kind = 'release' then 'quarantine-release'
  when a.params->'zap' = 'true'::jsonb then 'zap'
  when a.source = 'automation' and not a.approvals::jsonb @? '$[*] ? (@.id != null)' then 'automated-remediation'
  else 'manual-remediation' end`

/** What has been done with the copies that this condition on `i.delivery_id` chooses. */
const doneWith = (copies: RawBuilder<unknown>): RawBuilder<unknown> => sql`from action_item i
  join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
  where i.tenant_id = recourse_tenant() and ${copies} and i.state = 'done' and i.same_as is null and not i.sender_copy`

/** On the copy `d`: one of these was done with it; `none`: nothing was. */
export function acted(wanted: readonly (AdditionalAction | 'none')[]): Expression<SqlBool> {
  const here = doneWith(sql`i.delivery_id = d.id`)
  const named = wanted.filter((w) => w !== 'none')
  const parts = [
    ...(named.length > 0 ? [sql`exists (select ${here} and ${WHAT} = any(${named}::text[]))`] : []),
    ...(wanted.includes('none') ? [sql`not exists (select ${here})`] : []),
  ]
  return sql<boolean>`(${sql.join(parts, sql` or `)})`
}

/** What was done with each of these copies after its delivery, each once, the latest last. */
export async function additionalActions(
  tx: Tx,
  copies: readonly DeliveryId[],
): Promise<ReadonlyMap<DeliveryId, readonly AdditionalAction[]>> {
  if (copies.length === 0) return new Map()
  const found = await sql<{ id: DeliveryId; what: AdditionalAction }>`
    select i.delivery_id as id, ${WHAT} as what, max(i.id::text) as last
    ${doneWith(sql`i.delivery_id = any(${uuids(copies)})`)} group by 1, 2 order by last`.execute(tx)
  return new Map([...Map.groupBy(found.rows, (r) => r.id)].map(([id, rows]) => [id, rows.map((r) => r.what)]))
}
