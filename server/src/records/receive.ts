import { sql } from 'kysely'
import { AppError, type MessageId, uuidv7, type VerdictId } from '../base/index.ts'
import { emit, jsonText, PREPARED, type Tx } from '../storage/index.ts'
import type { NewMessage, Received } from './door.ts'
import { deliveryRows, entityRows, eventRows, messageRow } from './rows.ts'

const DAY_MS = 86_400_000

/**
 * Takes a message in: message, verdict, copies, facts, entities and timeline in one statement, and its event. An attempt that is
 * already known (same `attemptKey`) writes nothing and says so. Mark the blob in the same transaction.
 */
export async function receive(tx: Tx, message: NewMessage): Promise<Received> {
  // A receipt far ahead would make partitions of days that have not come yet.
  const at = message.receivedAt.getTime() > Date.now() + DAY_MS ? new Date() : message.receivedAt
  const verdictId = uuidv7<VerdictId>()
  await preparePartition(tx, at)
  // `base` rows give each table's row type with the tenant filled in; the JSON gives the rest by column name.
  const done = await sql<{ id: MessageId }>`${sql.raw(PREPARED)}
    with tenant as (
      select jsonb_build_object('tenant_id', recourse_tenant()) as t
    ), m as (
      insert into message select g.* from tenant,
        json_populate_record(jsonb_populate_record(null::message, t), ${jsonText(messageRow(message, at, verdictId))}::json) g
      on conflict (tenant_id, attempt_key) where attempt_key is not null do nothing
      returning tenant_id, id, received_at, threat, sender_domain, direction
    ), v as (
      insert into verdict (tenant_id, id, message_id, at, verdict, signals, inputs)
      select m.tenant_id, ${verdictId}, m.id, now(), ${jsonText(message.verdict)}::jsonb,
        ${jsonText(message.signals)}::json, ${jsonText(message.inputs)}::json from m
    ), copy as (
      select c.* from m, tenant,
        json_populate_recordset(jsonb_populate_record(null::delivery, t), ${jsonText(deliveryRows(message, at))}::json) c
    ), d as (
      insert into delivery select * from copy
    ), f as (
      insert into copy_fact (tenant_id, received_at, delivery_id, message_id, threat, action, location, mailbox_id,
        sender_domain, direction)
      select m.tenant_id, m.received_at, c.id, m.id, m.threat, c.action, c.latest_location, c.mailbox_id,
        m.sender_domain, m.direction from copy c, m
    ), e as (
      insert into entity (tenant_id, kind, hash, message_id, value, received_at)
      select m.tenant_id, x.kind, x.hash, m.id, x.value, m.received_at
      from m, json_to_recordset(${jsonText(entityRows(message.entities))}::json) as x(kind text, hash text, value text)
    ), t as (
      insert into message_event select x.* from m, tenant,
        json_populate_recordset(jsonb_populate_record(null::message_event, t), ${jsonText(eventRows(message, at))}::json) x
    )
    select id from m`.execute(tx)
  if (done.rows.length === 0) return known(tx, message)
  const { threat, placement } = message.verdict
  await emit(tx, { kind: 'message.received', data: { messageId: message.id, threat, placement } })
  return { messageId: message.id, verdictId, duplicate: false }
}

/** Days that a transaction has asked for: messages that are recorded together came on the same one. */
const prepared = new WeakMap<Tx, Set<string>>()

async function preparePartition(tx: Tx, at: Date): Promise<void> {
  const day = at.toISOString().slice(0, 10)
  const days = prepared.get(tx) ?? new Set()
  if (days.has(day)) return
  await sql`${sql.raw(PREPARED)} select recourse_copy_fact_partition(${at})`.execute(tx)
  prepared.set(tx, days.add(day))
}

async function known(tx: Tx, message: NewMessage): Promise<Received> {
  const row = await tx
    .selectFrom('message')
    .select(['id', 'verdict_id'])
    .where('attempt_key', '=', message.attemptKey)
    .executeTakeFirst()
  if (row) return { messageId: row.id, verdictId: row.verdict_id, duplicate: true }
  throw new AppError('no-tenant', 'A message can only be received for a tenant.', 'Use storage.tenant(id, …).')
}
