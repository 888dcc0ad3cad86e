import { type RawBuilder, sql } from 'kysely'
import type { ActionId, TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'

const verdictOf = sql`join message m on m.tenant_id = i.tenant_id and m.id = i.message_id
  join verdict v on v.tenant_id = m.tenant_id and v.id = m.verdict_id`

/** The end of a statement whose `c` names the cause set of each item: what is known of the action, and of its items. */
const keep = (tenant: TenantId, action: ActionId): RawBuilder<unknown> => sql`sets as (
      insert into action_cause_set (tenant_id, action_id, cause_set)
      select distinct ${tenant}::uuid, ${action}::uuid, cause_set from c on conflict do nothing
    )
    update action_item i set cause_set = c.cause_set from c where i.tenant_id = ${tenant} and i.id = c.id`

/**
 * An action that a verdict started, not a person: each of its items is told by which causes the message was judged, as they are now. The
 * same causes are written once, so that an item keeps no more than the name of their set.
 */
export async function noteVerdictCauses(tx: Tx, tenant: TenantId, action: ActionId): Promise<void> {
  await sql`
    with c as materialized (
      select i.id, v.verdict->'causes' as causes, md5((v.verdict->'causes')::text)::uuid as cause_set
      from action_item i ${verdictOf}
      where i.tenant_id = ${tenant} and i.action_id = ${action} and jsonb_array_length(v.verdict->'causes') > 0
    ), members as (
      insert into cause_set (tenant_id, id, kind, cause_id, version)
      select distinct ${tenant}::uuid, d.cause_set, e->>'kind', e->>'id', (e->>'version')::int
      from (select distinct cause_set, causes from c) d, jsonb_array_elements(d.causes) e
      on conflict do nothing
    ), ${keep(tenant, action)}`.execute(tx)
}

/** An action that is done instead of another one: what that was told to be caused by, its copies stay told by. */
export async function inheritVerdictCauses(tx: Tx, tenant: TenantId, action: ActionId, from: ActionId): Promise<void> {
  await sql`
    with c as materialized (
      select i.id, o.cause_set from action_item i
      join action_item o on o.tenant_id = i.tenant_id and o.delivery_id = i.delivery_id and o.action_id = ${from}
      where i.tenant_id = ${tenant} and i.action_id = ${action} and o.cause_set is not null
    ), ${keep(tenant, action)}`.execute(tx)
}

/** The guard `guard` of the copy `d` binds one of the causes of its message's verdict as it is today. */
export const boundByVerdict: RawBuilder<boolean> = sql<boolean>`exists (select 1 from message gm join verdict gv
  on gv.tenant_id = gm.tenant_id and gv.id = gm.verdict_id where gm.tenant_id = d.tenant_id and gm.id = d.message_id
  and gv.verdict->'causes' @> jsonb_build_array(jsonb_build_object('kind', guard.cause_kind, 'id', guard.cause_id, 'version', guard.cause_version)))`
