import { sql } from 'kysely'
import type { ActionId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import { emit, type Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger.ts'
import type { Requester } from '../types.ts'
import type { Chosen, NamedCause } from './selection.ts'

/** The items of this undo with those that they take back; `undo_plan` is the plan of this transaction. */
const TAKEN_BACK = sql`(select p.id, p.top as of_id from undo_plan p union all select p.id, l from undo_plan p, unnest(p.below) l)`

/**
 * An undo binds its causes: automation does not take these copies again for them, and new mail is judged without them if that was asked
 * for. A redo says that the original was right and lets go.
 */
export async function bindCauses(
  tx: Tx,
  context: LedgerContext,
  undo: { id: ActionId; requester: Requester; chosen: Chosen; suspend: boolean },
): Promise<void> {
  const { tenant, now } = context
  const { id, chosen, suspend } = undo
  await sql`
    delete from guard g using ${TAKEN_BACK} x, action_item o, action a
    where g.tenant_id = ${tenant} and o.tenant_id = ${tenant} and o.id = x.of_id and a.tenant_id = ${tenant} and a.id = o.action_id
      and a.kind = 'undo' and g.delivery_id = o.delivery_id and g.set_by = a.id`.execute(tx)
  await sql`
    insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
    select distinct ${tenant}::uuid, o.delivery_id, c.kind, c.id, c.version, ${id}::uuid, ${now}::timestamptz
    from ${TAKEN_BACK} x
    join action_item o on o.tenant_id = ${tenant} and o.id = x.of_id
    join action a on a.tenant_id = ${tenant} and a.id = o.action_id and a.kind <> 'undo'
    cross join lateral (
      select coalesce(a.cause->>'kind', 'action') as kind, coalesce(a.cause->>'id', a.id::text) as id,
        coalesce((a.cause->>'version')::int, 1) as version
      union select s.kind, s.cause_id, s.version from cause_set s where s.tenant_id = ${tenant} and s.id = o.cause_set
    ) c
    on conflict do nothing`.execute(tx)
  if (!suspend) return
  for (const cause of await toSuspend(tx, context, chosen)) {
    await emit(tx, { kind: 'cause.suspend', data: { cause, undoActionId: id } })
  }
}

/** Those that were named, in the versions in which they acted; without names, those of the actions. */
async function toSuspend(tx: Tx, { tenant }: LedgerContext, chosen: Chosen): Promise<readonly Cause[]> {
  const rows = await sql<{ kind: Cause['kind']; id: string; version: number }>`
    select distinct c.kind, c.id, c.version from ${TAKEN_BACK} x
    join action_item o on o.tenant_id = ${tenant} and o.id = x.of_id
    join action a on a.tenant_id = ${tenant} and a.id = o.action_id and a.kind <> 'undo'
    cross join lateral (
      select a.cause->>'kind' as kind, a.cause->>'id' as id, (a.cause->>'version')::int as version where a.cause is not null
      union select s.kind, s.cause_id, s.version from cause_set s where s.tenant_id = ${tenant} and s.id = o.cause_set
        and ${chosen.causes.length > 0}
    ) c order by 1, 2, 3`.execute(tx)
  const named = (c: Cause) =>
    chosen.causes.some(
      (n: NamedCause) => n.kind === c.kind && n.id === c.id && (n.version === null || n.version === c.version),
    )
  return chosen.causes.length === 0 ? rows.rows : rows.rows.filter(named)
}
