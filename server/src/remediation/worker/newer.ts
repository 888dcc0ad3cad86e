import { sql } from 'kysely'
import type { ItemId, TenantId } from '../../base/index.ts'
import { PREPARED, type Tx, uuids } from '../../storage/index.ts'

/**
 * When it was decided that action `a` shall happen: by the last approval, also where the rest of it was cancelled since, or by submission. Those
 * of one moment follow each other by their ids.
 */
const decided = (a: 'a' | 'b') => {
  const of = (column: string) => sql.ref(`${a}.${column}`)
  return sql`(coalesce(case when ${of('decision')} is null then ${of('decided_at')} else (
    select max((x ->> 'at')::timestamptz) from jsonb_array_elements(${of('approvals')}) x where x ->> 'decision' = 'approved') end,
    ${of('created_at')}), ${of('id')})`
}

/** Of action `a`: something that was decided later has begun. */
export const hasNewer = sql<boolean>`exists (select from action b where b.tenant_id = a.tenant_id and b.id <> a.id
  and b.started_at >= coalesce(a.decided_at, a.created_at) and ${decided('b')} > ${decided('a')})`

/**
 * Of these items, those whose copy was since brought to its place by an action that was decided later, and the name of that action. An
 * older action that waited for its next attempt, or for a server, must not take it from there again.
 */
export async function newerThan(
  tx: Tx,
  tenant: TenantId,
  items: readonly ItemId[],
): Promise<ReadonlyMap<ItemId, string>> {
  if (items.length === 0) return new Map()
  const rows = await sql<{ id: ItemId; name: string }>`${sql.raw(PREPARED)}
    select i.id, newer.name from action_item i
      join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
      cross join lateral (
        select b.name from action_item n join action b on b.tenant_id = n.tenant_id and b.id = n.action_id
        where n.tenant_id = i.tenant_id and n.delivery_id = i.delivery_id and n.action_id <> i.action_id
          and n.mailbox_id is not distinct from i.mailbox_id and n.sender_copy = i.sender_copy
          and (n.state = 'done' or (n.state = 'already-there' and n.verified_at is not null)) and n.reverted_by is null and ${decided('b')} > ${decided('a')}
        order by ${decided('b')} desc limit 1
      ) newer
    where i.tenant_id = ${tenant} and i.id = any(${uuids(items)})`.execute(tx)
  return new Map(rows.rows.map((r) => [r.id, r.name]))
}
