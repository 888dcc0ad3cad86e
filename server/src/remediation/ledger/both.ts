import { sql } from 'kysely'
import type { ActionId, ItemId, TenantId } from '../../base/index.ts'
import type { CopyRef } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { StoredState } from '../types.ts'
import type { ItemState } from './states.ts'

/** One of two copies of which nobody can tell whether a move or the user has made it, as it was seen. */
export interface OneOfTwo {
  readonly ref: CopyRef
  readonly state: StoredState
  readonly location: Location
}

/** Where the message was, and where it should have gone. */
export type Side = 'source' | 'target'

export interface TwoCopies {
  readonly id: ItemId
  readonly source: OneOfTwo
  readonly target: OneOfTwo
}

/** A move that came late may be settled twice: the newest places count. */
export async function noteBoth(tx: Tx, both: readonly TwoCopies[]): Promise<void> {
  if (both.length === 0) return
  await sql`insert into item_both (tenant_id, item_id, source, target)
    select recourse_tenant(), x.id, x.source, x.target
    from json_to_recordset(${jsonText(both)}::json) as x(id uuid, source json, target json)
    on conflict (tenant_id, item_id) do update set source = excluded.source, target = excluded.target`.execute(tx)
}

/** What somebody has decided about two copies, while that stands or is under way. */
export interface KeptBy {
  readonly actionId: ActionId
  readonly by: string
  readonly at: string
  /** Path of the folder whose copy stays. */
  readonly keeps: string
  readonly state: ItemState
}

/**
 * The decision on item `i`, as JSON; null: nobody has decided, or it came to nothing: rejected, found to be impossible, taken back.
 */
export const keptBy = sql<KeptBy | null>`(
  select json_build_object('actionId', a.id, 'by', a.requested_by->>'name', 'at', a.created_at, 'state', d.state,
    'keeps', case k.kept when 'source' then w.source->'ref'->>'folder' else w.target->'ref'->>'folder' end)
  from item_keep k join item_both w on w.tenant_id = k.tenant_id and w.item_id = k.of_id
    join action_item d on d.tenant_id = k.tenant_id and d.id = k.item_id and d.undoes is null and d.reverted_by is null
      and (d.state in ('planned', 'approved', 'executing', 'done', 'already-there') or d.next_attempt_at is not null)
    join action a on a.tenant_id = d.tenant_id and a.id = d.action_id
  where k.tenant_id = i.tenant_id and k.of_id = i.id order by d.id limit 1)`

/** Of items that take one of two copies away, or give it back, the copy that stays. */
export async function keptCopies(
  tx: Tx,
  tenant: TenantId,
  items: readonly ItemId[],
): Promise<ReadonlyMap<ItemId, CopyRef>> {
  if (items.length === 0) return new Map()
  const rows = await sql<{ item_id: ItemId; ref: CopyRef }>`
    select k.item_id, case k.kept when 'source' then w.source->'ref' else w.target->'ref' end as ref
    from item_keep k join item_both w on w.tenant_id = k.tenant_id and w.item_id = k.of_id
    where k.tenant_id = ${tenant} and k.item_id = any(${sql.val([...items])}::uuid[])`.execute(tx)
  return new Map(rows.rows.map((r) => [r.item_id, r.ref]))
}
