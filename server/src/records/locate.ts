import { sql } from 'kysely'
import { type DeliveryId, type MessageId, uuidv7 } from '../base/index.ts'
import { emit, jsonColumn, jsonText, PREPARED, type Tx, uuids, wordColumn } from '../storage/index.ts'
import type { EventText, Relocation } from './door.ts'
import { changeFacts } from './facts.ts'

/** What is happening to copies, as a setting: rooms below follow where copies go, within the statement that moves them. */
export const telling = (event: EventText | undefined): string =>
  event ? jsonText({ kind: event.kind, actor: event.actor, actionId: event.detail?.['actionId'] ?? null }) : ''

interface Located {
  readonly id: DeliveryId
  readonly message_id: MessageId
  readonly received_at: Date
  readonly action: string
}

/**
 * Where copies are now, in one statement for thousands: latest location, fact, timeline, and one event for all. Unknown ids are left
 * out. What is the same for all copies goes over once.
 */
export async function locate(tx: Tx, relocations: readonly Relocation[], event: EventText): Promise<void> {
  const key = (r: Relocation) => JSON.stringify([r.location, r.folder, r.action ?? null])
  const done: Located[] = []
  for (const part of Map.groupBy(relocations, key).values()) done.push(...(await together(tx, part, event)))
  if (done.length === 0) return
  const [only] = done
  if (only && done.length === 1) {
    const data = { messageId: only.message_id, deliveryId: only.id, kind: event.kind }
    await emit(tx, { kind: 'message.changed', data })
    return
  }
  const messageIds = [...new Set(done.map((d) => d.message_id))]
  await emit(tx, { kind: 'messages.changed', data: { messageIds, copies: done.length, kind: event.kind } })
}

/** Copies that come to one place. */
async function together(tx: Tx, part: readonly Relocation[], event: EventText): Promise<readonly Located[]> {
  const [first] = part
  if (!first) return []
  const { location, folder, action = null } = first
  const ids = uuids(part.map((r) => r.deliveryId))
  const details = part.map((r) => (r.detail && Object.keys(r.detail).length > 0 ? r.detail : null))
  // The ids as an array and the message in a subquery: whatever the statistics say, rows are looked up by their keys.
  const done = await sql<Located>`${sql.raw(PREPARED)}
    with d as (
      update delivery d set
        action = coalesce(${action}::text, d.action),
        latest_location = ${location},
        latest_folder = ${folder},
        ref = c.ref::jsonb,
        copy_hash = coalesce(c.copy_hash, d.copy_hash),
        updated_at = now()
      from unnest(${ids}, ${uuids(part.map(() => uuidv7()))}, ${jsonColumn(part.map((r) => r.ref))},
        ${wordColumn(part.map((r) => r.copyHash ?? null))}, ${jsonColumn(details)}) as c(id, event_id, ref, copy_hash, detail)
      where d.tenant_id = recourse_tenant() and d.id = any(${ids}) and d.id = c.id
      returning d.tenant_id, d.id, d.message_id, d.action, c.event_id, c.detail
    ), t as (
      insert into message_event (tenant_id, id, message_id, delivery_id, at, kind, actor, summary, detail)
      select d.tenant_id, d.event_id, d.message_id, d.id, now(), ${event.kind}, ${event.actor}, ${event.summary},
        case when d.detail is null then e.shared else e.shared || d.detail::jsonb end
      from d, (select ${jsonText(event.detail ?? {})}::jsonb as shared) e
    ), told as materialized (
      select set_config('recourse.event', ${telling(event)}, true)
    )
    select d.id, d.message_id, d.action,
      (select m.received_at from message m where m.tenant_id = d.tenant_id and m.id = d.message_id) from d, told`.execute(
    tx,
  )
  await changeFacts(
    tx,
    done.rows.map((row) => ({ ...row, location })),
  )
  return done.rows
}
