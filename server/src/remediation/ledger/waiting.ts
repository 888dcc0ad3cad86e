import { type RawBuilder, sql } from 'kysely'
import type { ActionId, ItemId, MailboxId, TenantId } from '../../base/index.ts'
import { PREPARED, type Tx, uuids } from '../../storage/index.ts'

/** As many as a worker takes at once, so that most rows go as a whole. */
const TOGETHER = 500

const prepared = sql.raw(PREPARED)

/** A statement that lets items of an action wait in their mailboxes; `items`: a query with their `id` and `mailbox_id`. */
export const letWait = (tenant: TenantId, action: ActionId, items: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  insert into action_due (tenant_id, action_id, mailbox_id, first, items)
  select ${tenant}::uuid, ${action}::uuid, x.mailbox_id, (array_agg(x.id order by x.id))[1], array_agg(x.id order by x.id)
  from (select w.id, w.mailbox_id, (row_number() over (partition by w.mailbox_id order by w.id) - 1) / ${sql.lit(TOGETHER)} as part
    from (${items}) w where w.mailbox_id is not null) x
  group by x.mailbox_id, x.part`

/** A statement that ends the waiting of rows all of whose items are among those that end now. */
export const endWait = (mailboxes: readonly MailboxId[], over: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  delete from action_due d where d.tenant_id = recourse_tenant() and d.mailbox_id = any(${uuids(mailboxes)})
    and not exists (select from unnest(d.items) x where x <> all(${over}))`

/** Forgets rows of which nothing waits any more, though its items have not ended together. */
export async function forgetEnded(
  tx: Tx,
  of: { readonly mailbox: MailboxId } | { readonly action: ActionId },
): Promise<void> {
  const which = 'mailbox' in of ? sql`d.mailbox_id = ${of.mailbox}` : sql`d.action_id = ${of.action}`
  await sql`${prepared} delete from action_due d where d.tenant_id = recourse_tenant() and ${which}
    and not exists (select from action_item i where i.tenant_id = d.tenant_id and i.id = any(d.items)
      and i.state in ('approved', 'executing'))`.execute(tx)
}

export interface DueRow {
  readonly item_id: ItemId
  readonly action_id: ActionId
}

/** What waits or was begun in a mailbox, and maybe what has ended since. */
export const dueIn = (mailbox: MailboxId): RawBuilder<DueRow> => sql<DueRow>`
  select item_id, action_id from item_due where tenant_id = recourse_tenant() and mailbox_id = ${mailbox} and retry_at is null
  union select unnest(items), action_id from action_due where tenant_id = recourse_tenant() and mailbox_id = ${mailbox}`
