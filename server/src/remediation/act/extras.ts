import { sql } from 'kysely'
import { type ItemId, uuidv7 } from '../../base/index.ts'
import type { CopyState } from '../../mailboxes/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import { storedState } from '../desk/desk.ts'
import type { LedgerContext, Tally } from '../ledger/ledger.ts'
import type { WorkItem } from '../types.ts'

/** Adds an item for each further copy of a message that an action takes; one that is an item already, or waits for one, is left out. */
export async function insertExtras(
  tx: Tx,
  context: LedgerContext,
  extras: readonly { readonly like: WorkItem; readonly copy: CopyState }[],
  tally: Tally,
): Promise<void> {
  if (extras.length === 0) return
  const rows = extras.map(({ like, copy }) => ({
    id: uuidv7<ItemId>(),
    like: like.id,
    same: like.sameAs ?? like.id,
    ref: copy.ref,
    state: storedState(copy, null, null),
  }))
  const why = 'Another copy of the same message, made by the user.'
  const made = await sql<{ action_id: WorkItem['actionId'] }>`
    with x as (
      select * from json_to_recordset(${jsonText(rows)}::json) as x(id uuid, "like" uuid, same uuid, ref jsonb, state json)
    ), made as (
      insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, reason, same_as,
        target_kind, target_location, target_folder, target_folder_id, layered, updated_at)
      select i.tenant_id, x.id, i.action_id, i.delivery_id, i.message_id, i.mailbox_id, i.recipient, 'approved', ${why}, x.same,
        i.target_kind, i.target_location, i.target_folder, i.target_folder_id, true, ${context.now}
      from x join action_item i on i.tenant_id = ${context.tenant} and i.id = x."like"
      where not exists (select from action_item o where o.tenant_id = i.tenant_id and o.delivery_id = i.delivery_id
          and o.action_id = i.action_id and exists (select from item_seen s where s.tenant_id = o.tenant_id and s.item_id = o.id
            and (s.source_ref::jsonb = x.ref or s.before_ref::jsonb = x.ref)))
        and not exists (select from action_item o join item_seen s on s.tenant_id = o.tenant_id and s.item_id = o.undoes
          where o.tenant_id = i.tenant_id and o.delivery_id = i.delivery_id and o.state in ('approved', 'executing')
            and s.after_ref::jsonb = x.ref)
      returning id, action_id, mailbox_id
    ), c as (
      insert into item_seen (tenant_id, item_id, source_ref, source_state)
      select ${context.tenant}, made.id, x.ref, x.state from made join x on x.id = made.id
    ), q as (
      insert into item_due (tenant_id, item_id, action_id, mailbox_id)
      select ${context.tenant}, made.id, made.action_id, made.mailbox_id from made
    )
    select action_id from made`.execute(tx)
  for (const [actionId, part] of Map.groupBy(made.rows, (r) => r.action_id)) {
    tally.add(actionId, { total: part.length, approved: part.length })
  }
}
