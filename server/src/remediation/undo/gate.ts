import { type RawBuilder, sql } from 'kysely'
import type { ActionId, TenantId } from '../../base/index.ts'
import { copiesMatching } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import { isOpen } from '../ledger/open.ts'
import { causesOf, type UndoSelection } from './selection.ts'

/** What the gate has done by itself, because of the named causes: kept copies, or handed them over as junk. */
export interface AtGate {
  readonly held: number
  readonly junked: number
}

const HELD = sql`(d.latest_location = 'quarantine' and d.ref is null and d.handover in ('none', 'refused'))`
/** By the gate, not by an action since, and not by whoever put it there before we watched the mailbox. */
const JUNKED = sql`(d.latest_location = 'junk' and d.original_location = 'junk' and d.action = 'junked' and m.source = 'gateway'
  and not exists (select 1 from action_item j join action a on a.tenant_id = j.tenant_id and a.id = j.action_id
    where j.tenant_id = d.tenant_id and j.delivery_id = d.id and j.state = 'done' and j.target_location = 'junk' and a.kind <> 'undo'))`

/** An action is about to do something with the copy. */
const OPEN = sql`exists (select 1 from action_item o where o.tenant_id = d.tenant_id and o.delivery_id = d.id and ${isOpen('o')})`

/**
 * Copies that no action has taken: the gate keeps them, or put them into Junk, because their verdict has the named causes. Null where the
 * selection does not say so: it names no cause of a verdict, or something that only actions have. `moving`: which of them, by whether an
 * action has begun with them.
 */
function byGate(tx: Tx, tenant: TenantId, s: UndoSelection, moving = sql`not ${OPEN}`): RawBuilder<unknown> | null {
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
    where d.tenant_id = ${tenant} and (${HELD} or ${JUNKED}) and d.mailbox_id is not null and ${sql.join(all, sql` and `)} and ${moving}`
}

/** How many copies the gate keeps, and has put into Junk, because of the named causes. */
export async function countAtGate(tx: Tx, tenant: TenantId, s: UndoSelection): Promise<AtGate> {
  const copies = byGate(tx, tenant, s)
  const none = { held: 0, junked: 0 }
  if (copies === null) return none
  const rows = await sql<AtGate>`select count(*) filter (where d.latest_location = 'quarantine')::int as held,
    count(*) filter (where d.latest_location = 'junk')::int as junked ${copies}`.execute(tx)
  return rows.rows[0] ?? none
}

/** Nobody else releases them until the transaction ends: their messages are locked as for a release. */
export async function lockAtGate(tx: Tx, tenant: TenantId, s: UndoSelection): Promise<void> {
  const copies = byGate(tx, tenant, s)
  if (copies === null) return
  await sql`select 1 from message where tenant_id = ${tenant} and id in (select d.message_id ${copies}) order by id for no key update`.execute(
    tx,
  )
}

/** The first action that is about to do something with such a copy. */
export async function leavingGate(tx: Tx, tenant: TenantId, s: UndoSelection): Promise<ActionId | null> {
  const copies = byGate(tx, tenant, s, OPEN)
  if (copies === null) return null
  const rows = await sql<{ id: ActionId }>`
    select min(i.action_id::text) as id from action_item i where i.tenant_id = ${tenant} and i.delivery_id in (select d.id ${copies})
      and ${isOpen('i')}`.execute(tx)
  return rows.rows[0]?.id ?? null
}

/** Gives them to their recipients as items of an undo; they are to be locked. Gives back how many. */
export async function insertFromGate(
  tx: Tx,
  { tenant, now }: LedgerContext,
  action: ActionId,
  s: UndoSelection,
  pending: boolean,
): Promise<number> {
  const copies = byGate(tx, tenant, s)
  if (copies === null) return 0
  const made = await sql<{ n: number }>`
    with i as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, target_kind,
        target_location, before_location, before_folder, layered, updated_at)
      select ${tenant}, recourse_uuidv7(${now}), ${action}, d.id, d.message_id, d.mailbox_id, d.recipient,
        ${pending ? 'planned' : 'approved'}, 'folder', 'inbox', d.latest_location, d.latest_folder,
        exists (select 1 from action_item e where e.tenant_id = d.tenant_id and e.delivery_id = d.id), ${now}::timestamptz ${copies}
      returning id, delivery_id, message_id, mailbox_id
    ), q as (
      insert into item_due (tenant_id, item_id, action_id, mailbox_id)
      select ${tenant}, i.id, ${action}, i.mailbox_id from i where ${!pending}
    )
    select count(*)::int as n from i`.execute(tx)
  return made.rows[0]?.n ?? 0
}
