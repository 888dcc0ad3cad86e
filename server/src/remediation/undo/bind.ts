import { type RawBuilder, sql } from 'kysely'
import type { ActionId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import { emit, type Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import type { ActionParams } from '../ledger/tables.ts'
import { causesOf } from './selection.ts'

/** Guards are written in one order: an undo and a release that write the same ones would else wait for each other. */
export const IN_ORDER = sql`order by 2, 3, 4, 5`

/**
 * An undo that runs binds its causes: automation does not take these copies again for them, and new mail is judged without them if that was
 * asked for. A redo says that the original was right and lets go; what takes the redo back binds again. What waits for approval binds nothing; of what was approved in part,
 * only that part does. To be called once, when its items are approved.
 */
export async function bindCauses(tx: Tx, context: LedgerContext, id: ActionId): Promise<void> {
  const { tenant, now } = context
  const takenBack = takenBackBy(context, id)
  const redoes = await undoesUndos(tx, context, id)
  const inForceNoMore = redoes ? downTo(context, takenBack) : takenBack
  if (redoes)
    await sql`
    delete from guard g using ${takenBack} x, action_item o, action a
    where g.tenant_id = ${tenant} and o.tenant_id = ${tenant} and o.id = x.of_id and a.tenant_id = ${tenant} and a.id = o.action_id
      and a.kind = 'undo' and g.delivery_id = o.delivery_id and g.set_by = a.id`.execute(tx)
  // What a person did without a cause has none that automation could take it again for.
  if (redoes || (await hadCauses(tx, context, id)))
    await sql`
    with x as materialized (select of_id from ${inForceNoMore} x),
    o as materialized (
      select o.delivery_id, o.cause_set, a.cause from x
      join action_item o on o.tenant_id = ${tenant} and o.id = x.of_id
      join action a on a.tenant_id = ${tenant} and a.id = o.action_id and a.kind <> 'undo')
    insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
    select ${tenant}::uuid, o.delivery_id, o.cause->>'kind', o.cause->>'id', (o.cause->>'version')::int, ${id}::uuid, ${now}::timestamptz
      from o where o.cause is not null
    union all select ${tenant}, o.delivery_id, s.kind, s.cause_id, s.version, ${id}, ${now}
      from o join cause_set s on s.tenant_id = ${tenant} and s.id = o.cause_set
    ${IN_ORDER} on conflict do nothing`.execute(tx)
  await guardFromGate(tx, context, id)
  for (const cause of await toSuspend(tx, context, id, inForceNoMore))
    await emit(tx, { kind: 'cause.suspend', data: { cause, undoActionId: id } })
}

/**
 * The approved items of this undo with those that they take back. `offset 0` keeps the planner, to which the action is new, from reading
 * all that was ever taken back instead of this action's items.
 */
const takenBackBy = ({ tenant }: LedgerContext, id: ActionId): RawBuilder<unknown> => sql`(
  select id, of_id from (select i.id, i.undoes as of_id from action_item i
    where i.tenant_id = ${tenant} and i.action_id = ${id} and i.state = 'approved' offset 0) own where of_id is not null
  union all select i.id, t.of_id from action_item i join item_together t on t.tenant_id = i.tenant_id and t.item_id = i.id
    where i.tenant_id = ${tenant} and i.action_id = ${id} and i.state = 'approved')`

const undoesUndos = async (tx: Tx, { tenant }: LedgerContext, id: ActionId): Promise<boolean> => {
  const rows = await sql`select 1 from action_undoes x join action a on a.tenant_id = x.tenant_id and a.id = x.action_id
    where x.tenant_id = ${tenant} and x.undo_id = ${id} and a.kind = 'undo' limit 1`.execute(tx)
  return rows.rows.length > 0
}

const hadCauses = async (tx: Tx, { tenant }: LedgerContext, id: ActionId): Promise<boolean> => {
  const rows = await sql`select from action_undoes x join action a on a.tenant_id = x.tenant_id and a.id = x.action_id
    where x.tenant_id = ${tenant} and x.undo_id = ${id} and (a.cause is not null or exists (
      select from action_cause_set s where s.tenant_id = a.tenant_id and s.action_id = a.id)) limit 1`.execute(tx)
  return rows.rows.length > 0
}

/** What takes a redo back takes back what that had put in force again, and so on down: at every second step something is in force no more. */
const downTo = ({ tenant }: LedgerContext, takenBack: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  with recursive down (of_id, off) as (
    select t.of_id, true from ${takenBack} t
    union select y.of_id, not d.off from down d, lateral (
      select o.undoes as of_id from action_item o where o.tenant_id = ${tenant} and o.id = d.of_id and o.undoes is not null
      union all select g.of_id from item_together g where g.tenant_id = ${tenant} and g.item_id = d.of_id) y
  ) select of_id from down where off)`

/** What the gate has kept or put into Junk was taken by no action: it is kept from automation for the causes of its verdict. */
const guardFromGate = (tx: Tx, { tenant, now }: LedgerContext, id: ActionId) =>
  sql`
    insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
    select distinct i.tenant_id, i.delivery_id, c->>'kind', c->>'id', (c->>'version')::int, ${id}::uuid, ${now}::timestamptz
    from action_item i join message m on m.tenant_id = i.tenant_id and m.id = i.message_id
    join verdict v on v.tenant_id = m.tenant_id and v.id = m.verdict_id cross join jsonb_array_elements(v.verdict->'causes') c
    where i.tenant_id = ${tenant} and i.action_id = ${id} and i.state = 'approved' and i.undoes is null
    ${IN_ORDER} on conflict do nothing`.execute(tx)

/** If that was asked for: the causes that were named, in the versions in which they acted; without names, those of the actions. */
async function toSuspend(
  tx: Tx,
  { tenant }: LedgerContext,
  id: ActionId,
  takenBack: RawBuilder<unknown>,
): Promise<readonly Cause[]> {
  const asked = await sql<{ params: ActionParams }>`
    select params from action where tenant_id = ${tenant} and id = ${id}`.execute(tx)
  const { suspendCause = false, select = {} } = asked.rows[0]?.params ?? {}
  if (!suspendCause) return []
  const names = causesOf(select)
  const rows = await sql<{ kind: Cause['kind']; id: string; version: number }>`
    select distinct c.kind, c.id, c.version from ${takenBack} x
    join action_item o on o.tenant_id = ${tenant} and o.id = x.of_id
    join action a on a.tenant_id = ${tenant} and a.id = o.action_id and a.kind <> 'undo'
    cross join lateral (
      select a.cause->>'kind' as kind, a.cause->>'id' as id, (a.cause->>'version')::int as version where a.cause is not null
      union select s.kind, s.cause_id, s.version from cause_set s where s.tenant_id = ${tenant} and s.id = o.cause_set
        and ${names.length > 0}
    ) c order by 1, 2, 3`.execute(tx)
  const named = (c: Cause) =>
    names.some((n) => n.kind === c.kind && n.id === c.id && (n.version === null || n.version === c.version))
  return names.length === 0 ? rows.rows : rows.rows.filter(named)
}
