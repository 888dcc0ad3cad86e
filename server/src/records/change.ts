import { sql } from 'kysely'
import { type DeliveryId, type MessageId, uuidv7, type VerdictId } from '../base/index.ts'
import { emit, jsonText, PREPARED, type Tx, uuids } from '../storage/index.ts'
import type { EventText, HandoverChange, Judgement, NewEvent } from './door.ts'
import { changeFacts } from './facts.ts'
import { telling } from './locate.ts'
import { eventRow } from './rows.ts'

/** A change of copies as the statement takes it; null = leave as it is, except where a flag says otherwise. */
interface Change {
  readonly id: DeliveryId
  readonly event_id: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly [column: string]: unknown
}

/**
 * The state of copies where the next hop is concerned, before and after DATA. One statement for all; `event` (if any) goes on each
 * copy's timeline. Unknown ids are left out.
 */
export async function setHandover(tx: Tx, changes: readonly HandoverChange[], event?: EventText): Promise<void> {
  const rows: Change[] = changes.map((c) => ({
    id: c.deliveryId,
    event_id: uuidv7(),
    detail: event?.detail ?? {},
    handover: c.handover ?? null,
    handover_detail: c.handoverDetail ?? null,
    action: c.action ?? null,
    original_location: c.location ?? null,
    latest_location: c.location ?? null,
    ref: c.ref ?? null,
    sent_sha256: c.sentSha256 ?? null,
    sent_size: c.sentSize ?? null,
    sent_prefix: c.sentPrefix ?? null,
    copy_hash: c.copyHash ?? null,
  }))
  await change(tx, rows, event)
}

async function change(tx: Tx, rows: readonly Change[], event: EventText | undefined): Promise<void> {
  if (rows.length === 0) return
  const { kind, actor, summary } = event ?? { kind: '', actor: '', summary: '' }
  // The ids as an array and the message in a subquery: whatever the statistics say, rows are looked up by their keys.
  const [first] = rows
  // One alone is named alone: a plan for it is as good as a plan for any, so it is kept.
  const named =
    rows.length === 1 && first ? sql`d.id = ${first.id}::uuid` : sql`d.id = any(${uuids(rows.map((row) => row.id))})`
  const done = await sql<Changed>`${sql.raw(PREPARED)}
    with c as (
      select * from json_to_recordset(${jsonText(rows)}::json) as x(id uuid, event_id uuid, detail jsonb, handover text,
        handover_detail text, action text, original_location text, latest_location text,
        ref jsonb, sent_sha256 text, sent_size bigint, sent_prefix text, copy_hash text)
    ), d as (
      update delivery d set
        handover = coalesce(c.handover, d.handover),
        handover_detail = coalesce(c.handover_detail, d.handover_detail),
        action = coalesce(c.action, d.action),
        original_location = coalesce(c.original_location, d.original_location),
        latest_location = coalesce(c.latest_location, d.latest_location),
        ref = coalesce(c.ref, d.ref),
        sent_sha256 = coalesce(c.sent_sha256, d.sent_sha256),
        sent_size = coalesce(c.sent_size, d.sent_size),
        sent_prefix = coalesce(c.sent_prefix, d.sent_prefix),
        copy_hash = coalesce(c.copy_hash, d.copy_hash),
        updated_at = now()
      from c where d.tenant_id = recourse_tenant() and ${named} and d.id = c.id
      returning d.tenant_id, d.id, d.message_id, d.action, d.latest_location, c.event_id, c.detail
    ), t as (
      insert into message_event (tenant_id, id, message_id, delivery_id, at, kind, actor, summary, detail)
      select d.tenant_id, d.event_id, d.message_id, d.id, now(), ${kind}, ${actor}, ${summary}, d.detail from d
      where ${event !== undefined}
    ), told as materialized (
      select set_config('recourse.event', ${telling(event)}, true)
    )
    select d.id, d.message_id, d.action, d.latest_location as location,
      (select m.received_at from message m where m.tenant_id = d.tenant_id and m.id = d.message_id) from d, told`.execute(
    tx,
  )
  const said = event?.kind ?? 'handover'
  const events = done.rows.map((row) => ({
    kind: 'message.changed' as const,
    data: { messageId: row.message_id, deliveryId: row.id, kind: said },
  }))
  await Promise.all([changeFacts(tx, done.rows), emit(tx, ...events)])
}

interface Changed {
  readonly id: DeliveryId
  readonly message_id: MessageId
  readonly received_at: Date
  readonly action: string
  readonly location: string
}

/** Adds to timelines without changing anything else, and says so in `message.changed`. Unknown messages are left out. */
export async function addEvents(tx: Tx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  const now = new Date()
  const rows = jsonText(events.map((event) => eventRow(event.messageId, event, now)))
  const added = await sql<{ message_id: MessageId; delivery_id: DeliveryId | null; kind: string }>`
    insert into message_event select x.* from json_populate_recordset(
      jsonb_populate_record(null::message_event, jsonb_build_object('tenant_id', recourse_tenant())), ${rows}::json) x
    where exists (select from message m where m.tenant_id = recourse_tenant() and m.id = x.message_id)
    returning message_id, delivery_id, kind`.execute(tx)
  await emit(
    tx,
    ...added.rows.map((row) => ({
      kind: 'message.changed' as const,
      data: { messageId: row.message_id, deliveryId: row.delivery_id, kind: row.kind },
    })),
  )
}

/** A new verdict beside the old ones, which stay. Where the copies are does not change by it. Returns null for an unknown id. */
export async function rejudge(
  tx: Tx,
  messageId: MessageId,
  judgement: Judgement,
  event: { actor: string; summary: string; detail?: Readonly<Record<string, unknown>> },
): Promise<VerdictId | null> {
  const id = uuidv7<VerdictId>()
  const { verdict } = judgement
  const done = await sql<{ received_at: Date }>`
    with m as (
      update message set verdict_id = ${id}, threat = ${verdict.threat}, technology = ${verdict.technology}
      where tenant_id = recourse_tenant() and id = ${messageId} returning tenant_id, id, received_at
    ), v as (
      insert into verdict (tenant_id, id, message_id, at, verdict, signals, inputs)
      select tenant_id, ${id}, m.id, now(), ${jsonText(verdict)}::jsonb, ${jsonText(judgement.signals)}::json,
        ${jsonText(judgement.inputs)}::json from m
    )
    select received_at from m`.execute(tx)
  const found = done.rows[0]
  if (!found) return null
  await sql`update copy_fact set threat = ${verdict.threat}, rev = rev + 1 where tenant_id = recourse_tenant()
    and received_at = ${found.received_at} and message_id = ${messageId}`.execute(tx)
  const detail = { ...event.detail, verdictId: id, threat: verdict.threat, placement: verdict.placement }
  await addEvents(tx, [{ messageId, kind: 're-judged', actor: event.actor, summary: event.summary, detail }])
  return id
}
