import { sql } from 'kysely'
import type { ItemId } from '../../base/index.ts'
import { uuids } from '../../storage/index.ts'
import type { Desk } from '../desk/desk.ts'
import { siblings } from './surplus.ts'

const told = (folder: string) =>
  `Taken from ${folder}, where the mail server may have brought it, late, by a command that had been given up, or the user; nobody can tell: both were taken, and an undo gives both back.`

/**
 * A command that was given up may bring a message to a folder of the user's in the very moment in which a later action takes the same message
 * from where it was: then that finds two copies and takes both. Whether the user has made one of them nobody can tell; it is said of the
 * one that came from there. `late`: moves that had been given up and whose copy has been taken since. A copy that an item had brought there is
 * no second one.
 */
export async function tellTakenOn(desk: Desk, late: readonly ItemId[]): Promise<void> {
  if (late.length === 0) return
  const found = await desk.deps.storage.tenant(desk.tenant, (tx) =>
    sql<{ id: ItemId; folder: string }>`select distinct o.id, l.position->>'folder' as folder
      from item_late l
      join action_item o on o.tenant_id = l.tenant_id and o.mailbox_id = l.mailbox_id and o.state = 'done' and o.reverted_by is null
        and o.delivery_id in (${siblings(desk, sql`select l.delivery_id`)})
      join item_seen s on s.tenant_id = o.tenant_id and s.item_id = o.id
        and s.before_ref->>'folder' = l.position->>'folder' and s.before_ref->>'uidValidity' = l.position->>'uidValidity'
        and (s.before_ref->>'uid')::bigint >= (l.position->>'uidNext')::bigint
        and s.before_state->>'size' = l.state->>'size' and s.before_state->>'internetMessageId' = l.state->>'internetMessageId'
      where l.tenant_id = ${desk.tenant} and l.item_id = any(${uuids(late)})
        and not exists (select from action_item w join item_seen b on b.tenant_id = w.tenant_id and b.item_id = w.id
          where w.tenant_id = o.tenant_id and w.mailbox_id = o.mailbox_id and w.delivery_id in (${siblings(desk, sql`select o.delivery_id`)})
            and b.after_ref::jsonb = s.before_ref::jsonb)
        and exists (select from action_item p where p.tenant_id = o.tenant_id and p.delivery_id = o.delivery_id and p.id <> o.id
          and p.state = 'done' and p.undoes is null and p.reverted_by is null)
        and position('both were taken' in coalesce(o.reason, '')) = 0`.execute(tx),
  )
  if (found.rows.length === 0) return
  for (const { id, folder } of found.rows) desk.deps.log.warn({ mailbox: desk.mailbox, item: id, folder }, told(folder))
  await desk.commit(async (tx) => {
    for (const { id, folder } of found.rows)
      await sql`update action_item set reason = coalesce(reason || ' ', '') || ${told(folder)}
        where tenant_id = recourse_tenant() and id = ${id}`.execute(tx)
  })
}
