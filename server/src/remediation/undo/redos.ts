import { type RawBuilder, sql } from 'kysely'
import type { ActionId, ItemId, TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { Layer } from './layers.ts'

/**
 * A redo takes anew what an undo had given back, and with it the copies that its user has made since. So what an action has taken may be in
 * the hands of its redo, and is given back from there: to where the redo has found it, and with the redo's further copies.
 */
export interface Redo extends Layer {
  /** What an undo had taken back and this item has put in force again; empty: it is no redo. */
  readonly restores: readonly string[]
}

export interface ThroughRedos<L> {
  readonly layers: readonly L[]
  /** By the id of a redo's layer: those that it stands for, which are given back with it. */
  readonly behind: ReadonlyMap<string, readonly L[]>
}

/** In place of layers that are chosen, the redo that has put all of them in force again. Pure. */
export function throughRedos<L extends Redo>(layers: readonly L[]): ThroughRedos<L> {
  const redos = layers.filter((l) => l.restores.length > 0).sort((a, b) => (a.id < b.id ? -1 : 1))
  const known = new Map(layers.map((l) => [l.id, l]))
  const chosen = new Set(layers.filter((l) => l.chosen).map((l) => l.id))
  const behind = new Map<string, readonly L[]>()
  for (const redo of redos) {
    if (!redo.chosen && !redo.restores.every((id) => chosen.has(id))) continue
    chosen.add(redo.id)
    const restored = redo.restores.flatMap((id) => known.get(id) ?? [])
    behind.set(
      redo.id,
      restored.flatMap((l) => [l, ...(behind.get(l.id) ?? [])]),
    )
  }
  const hidden = new Set([...behind.values()].flat().map((l) => l.id))
  return {
    layers: layers.filter((l) => !hidden.has(l.id)).map((l) => (chosen.has(l.id) ? { ...l, chosen: true } : l)),
    behind,
  }
}

/** The items that `item` takes back: the uppermost, and the layers that went with it. */
const takenBackBy = (tenant: TenantId, item: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  select k.undoes as id from action_item k where k.tenant_id = ${tenant} and k.id = ${item} and k.undoes is not null
  union all select k.of_id from item_together k where k.tenant_id = ${tenant} and k.item_id = ${item})`

/** `restores` of the item `i`. */
export const restoredBy = (
  tenant: TenantId,
): RawBuilder<readonly ItemId[]> => sql`case when i.undoes is null then '{}'::uuid[]
  else array(select y.id from ${takenBackBy(tenant, sql`i.id`)} x, lateral ${takenBackBy(tenant, sql`x.id`)} y) end`

/** Undos that have taken back undos: their items may stand for what these actions have taken. A redo alone is given back by its own items. */
export async function redosBeside(
  tx: Tx,
  tenant: TenantId,
  actions: readonly ActionId[],
): Promise<readonly ActionId[]> {
  const rows = await sql<{ id: ActionId }>`
    select distinct x.undo_id as id from action_undoes x join action a on a.tenant_id = x.tenant_id and a.id = x.action_id
    where x.tenant_id = ${tenant} and a.kind = 'undo'`.execute(tx)
  const redos = rows.rows.map((r) => r.id)
  return actions.length === 1 ? redos.filter((id) => id !== actions[0]) : redos
}

/** Of undos that have not ended, those that are about to put something of these actions in force again. */
export async function redoing(
  tx: Tx,
  tenant: TenantId,
  open: readonly ActionId[],
  actions: readonly ActionId[],
): Promise<readonly ActionId[]> {
  if (open.length === 0 || actions.length === 0) return []
  const rows = await sql<{ id: ActionId }>`
    with recursive down (id, of_id, again) as (
      select undo_id, action_id, false from action_undoes where tenant_id = ${tenant} and undo_id = any(${[...open]}::uuid[])
      union select d.id, x.action_id, not d.again from down d join action_undoes x on x.tenant_id = ${tenant} and x.undo_id = d.of_id
    ) select distinct id from down where again and of_id = any(${[...actions]}::uuid[])`.execute(tx)
  return rows.rows.map((r) => r.id)
}

/**
 * Further copies that a redo (or the undo of a release) has taken and that are taken still, where it put items in force again that fulfil
 * `selected` (a condition on an item `i`). `standing`: the further copy, an item `e`, is taken.
 */
export async function furtherCopies(
  tx: Tx,
  tenant: TenantId,
  selected: RawBuilder<unknown>,
  standing: RawBuilder<unknown>,
): Promise<readonly ItemId[]> {
  const rows = await sql<{ further: ItemId }>`
    with recursive up (further, id, again) as (
      select e.id, e.same_as, null::boolean from action_item e join action a on a.tenant_id = e.tenant_id and a.id = e.action_id and a.kind = 'undo'
        where e.tenant_id = ${tenant} and e.same_as is not null and e.undoes is null and ${standing}
      union select u.further, x.id, coalesce(not u.again, false) from up u, lateral (
        select * from ${takenBackBy(tenant, sql`u.id`)} t
        union all select b.back_of from action_item b where b.tenant_id = ${tenant} and b.id = u.id and b.back_of is not null) x
    ) select distinct u.further from up u join action_item i on i.tenant_id = ${tenant} and i.id = u.id
      where u.again and ${selected}`.execute(tx)
  return rows.rows.map((r) => r.further)
}
