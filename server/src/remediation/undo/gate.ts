import { type RawBuilder, sql } from 'kysely'
import type { ActionId, TenantId } from '../../base/index.ts'
import { copiesMatching } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger.ts'
import { causesOf, type UndoSelection } from './selection.ts'

/**
 * Copies that no action has taken: the gate keeps them because their verdict has the named causes. Null where the selection does not say
 * so: it names no cause of a verdict, or something that only actions have.
 */
function held(tx: Tx, tenant: TenantId, s: UndoSelection): RawBuilder<unknown> | null {
  const causes = causesOf(s).filter((c) => c.kind !== 'submission')
  if (causes.length === 0 || s.submission !== undefined || s.actions || s.items || s.person !== undefined) return null
  const all: RawBuilder<unknown>[] = causes.map((c) => {
    const like = { kind: c.kind, id: c.id, ...(c.version === null ? {} : { version: c.version }) }
    return sql`v.verdict->'causes' @> ${JSON.stringify([like])}::jsonb`
  })
  if (s.deliveryIds) all.push(sql`d.id = any(${[...s.deliveryIds]}::uuid[])`)
  if (s.messageIds) all.push(sql`d.message_id = any(${[...s.messageIds]}::uuid[])`)
  if (s.filter) all.push(sql`d.id in (${copiesMatching(tx, s.filter).select('d.id')})`)
  if (s.from !== undefined) all.push(sql`m.received_at >= ${s.from}::timestamptz`)
  if (s.to !== undefined) all.push(sql`m.received_at < ${s.to}::timestamptz`)
  return sql`from delivery d join message m on m.tenant_id = d.tenant_id and m.id = d.message_id
    join verdict v on v.tenant_id = m.tenant_id and v.id = m.verdict_id
    where d.tenant_id = ${tenant} and d.latest_location = 'quarantine' and d.ref is null and d.handover in ('none', 'refused')
      and d.mailbox_id is not null and ${sql.join(all, sql` and `)}
      and not exists (select 1 from action_item o where o.tenant_id = d.tenant_id and o.delivery_id = d.id
        and (o.state in ('planned', 'approved', 'executing') or (o.state = 'failed' and o.next_attempt_at is not null)))`
}

/** How many copies the gate keeps because of the named causes. */
export async function countHeld(tx: Tx, tenant: TenantId, s: UndoSelection): Promise<number> {
  const copies = held(tx, tenant, s)
  if (copies === null) return 0
  const rows = await sql<{ n: number }>`select count(*)::int as n ${copies}`.execute(tx)
  return rows.rows[0]?.n ?? 0
}

/**
 * Gives them to their recipients as items of an undo, and keeps automation away from them for the causes of their verdict. Nobody else
 * releases them meanwhile: their messages are locked as for a release. Gives back how many.
 */
export async function insertHeld(
  tx: Tx,
  { tenant, now }: LedgerContext,
  action: ActionId,
  s: UndoSelection,
  pending: boolean,
): Promise<number> {
  const copies = held(tx, tenant, s)
  if (copies === null) return 0
  await sql`select 1 from message where tenant_id = ${tenant} and id in (select d.message_id ${copies}) order by id for no key update`.execute(
    tx,
  )
  const made = await sql<{ n: number }>`
    with i as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, target_kind,
        target_location, before_location, layered, updated_at)
      select ${tenant}, recourse_uuidv7(${now}), ${action}, d.id, d.message_id, d.mailbox_id, d.recipient,
        ${pending ? 'planned' : 'approved'}, 'folder', 'inbox', 'quarantine',
        exists (select 1 from action_item e where e.tenant_id = d.tenant_id and e.delivery_id = d.id), ${now}::timestamptz ${copies}
      returning id, delivery_id, message_id, mailbox_id
    ), q as (
      insert into item_due (tenant_id, item_id, action_id, mailbox_id)
      select ${tenant}, i.id, ${action}, i.mailbox_id from i where ${!pending}
    ), g as (
      insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
      select distinct ${tenant}::uuid, i.delivery_id, c->>'kind', c->>'id', (c->>'version')::int, ${action}::uuid, ${now}::timestamptz
      from i join message m on m.tenant_id = ${tenant} and m.id = i.message_id
      join verdict v on v.tenant_id = m.tenant_id and v.id = m.verdict_id cross join jsonb_array_elements(v.verdict->'causes') c
      on conflict do nothing
    )
    select count(*)::int as n from i`.execute(tx)
  return made.rows[0]?.n ?? 0
}
