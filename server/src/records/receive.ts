import { sql } from 'kysely'
import { AppError, type MessageId, uuidv7, type VerdictId } from '../base/index.ts'
import { emit, jsonText, PREPARED, type Tx } from '../storage/index.ts'
import type { NewMessage, Received } from './door.ts'
import { deliveryRows, entityRows, eventRows, messageRow } from './rows.ts'

const DAY_MS = 86_400_000
/** What one statement takes, in characters of its rows: mail that was made to be large must not add up to one huge parameter. */
const MOST_TEXT = 4_000_000

/**
 * Takes a message in: message, verdict, copies, facts, entities and timeline in one statement, and its event. An attempt that is
 * already known (same `attemptKey`) writes nothing and says so. Mark the blob in the same transaction.
 */
export async function receive(tx: Tx, message: NewMessage): Promise<Received> {
  const [received] = await receiveAll(tx, [message])
  if (received) return received
  throw noTenant()
}

/** Several at once, with one statement for all (more only where they are very large); answers in their order. */
export async function receiveAll(tx: Tx, messages: readonly NewMessage[]): Promise<Received[]> {
  const all = messages.map(rowsOf)
  // Sent together and carried out in this order: the days' partitions are there when the first rows come.
  const partitions = all.map(({ at }) => preparePartition(tx, at))
  const [added] = await Promise.all([insertAll(tx, all), ...partitions])
  await emit(
    tx,
    ...messages
      .filter((message) => added.has(message.id))
      .map(({ id, verdict: { threat, placement } }) => ({
        kind: 'message.received' as const,
        data: { messageId: id, threat, placement },
      })),
  )
  const received: Received[] = []
  for (const { message, verdictId } of all)
    received.push(
      added.has(message.id) ? { messageId: message.id, verdictId, duplicate: false } : await known(tx, message),
    )
  return received
}

/** One message as the statement takes it: for each table a JSON text with what follows its opening bracket. */
interface Rows {
  readonly message: NewMessage
  readonly at: Date
  readonly verdictId: VerdictId
  readonly row: string
  readonly verdict: string
  readonly deliveries: string
  readonly entities: string
  readonly events: string
}

function rowsOf(message: NewMessage): Rows {
  // A receipt far ahead would make partitions of days that have not come yet.
  const at = message.receivedAt.getTime() > Date.now() + DAY_MS ? new Date() : message.receivedAt
  const verdictId = uuidv7<VerdictId>()
  const { id: message_id, verdict, signals, inputs } = message
  return {
    message,
    at,
    verdictId,
    row: jsonText(messageRow(message, at, verdictId)),
    verdict: jsonText({ id: verdictId, message_id, verdict, signals, inputs }),
    deliveries: inner(deliveryRows(message, at)),
    entities: inner(entityRows(message.entities).map((entity) => ({ ...entity, message_id }))),
    events: inner(eventRows(message, at)),
  }
}

/** The rows without the brackets of their array. */
const inner = (rows: readonly unknown[]): string => jsonText(rows).slice(1, -1)

const arrayOf = (parts: readonly string[]): string => `[${parts.filter((part) => part !== '').join(',')}]`

function batches(all: readonly Rows[]): Rows[][] {
  const done: Rows[][] = []
  let length = 0
  for (const one of all) {
    const last = done.at(-1)
    const own = one.row.length + one.verdict.length + one.deliveries.length + one.entities.length + one.events.length
    if (last && length + own <= MOST_TEXT) last.push(one)
    else {
      done.push([one])
      length = 0
    }
    length += own
  }
  return done
}

/** Ids of those that were not known. */
async function insertAll(tx: Tx, all: readonly Rows[]): Promise<Set<string>> {
  const added = new Set<string>()
  for (const some of batches(all)) for (const id of await insert(tx, some)) added.add(id)
  return added
}

async function insert(tx: Tx, some: readonly Rows[]): Promise<MessageId[]> {
  // `base` rows give each table's row type with the tenant filled in; the JSON gives the rest by column name.
  const done = await sql<{ id: MessageId }>`${sql.raw(PREPARED)}
    with tenant as (
      select jsonb_build_object('tenant_id', recourse_tenant()) as t
    ), m as (
      insert into message select g.* from tenant,
        json_populate_recordset(jsonb_populate_record(null::message, t), ${arrayOf(some.map((one) => one.row))}::json) g
      on conflict (tenant_id, attempt_key) where attempt_key is not null do nothing
      returning tenant_id, id, received_at, threat, sender_domain, direction
    ), v as (
      insert into verdict (tenant_id, id, message_id, at, verdict, signals, inputs)
      select m.tenant_id, x.id, m.id, now(), x.verdict, x.signals, x.inputs
      from m join json_to_recordset(${arrayOf(some.map((one) => one.verdict))}::json)
        as x(id uuid, message_id uuid, verdict jsonb, signals json, inputs json) on x.message_id = m.id
    ), copy as (
      select c.* from tenant,
        json_populate_recordset(jsonb_populate_record(null::delivery, t), ${arrayOf(some.map((one) => one.deliveries))}::json) c
      where c.message_id in (select id from m)
    ), d as (
      insert into delivery select * from copy
    ), f as (
      insert into copy_fact (tenant_id, received_at, delivery_id, message_id, threat, action, location, mailbox_id,
        sender_domain, direction)
      select m.tenant_id, m.received_at, c.id, m.id, m.threat, c.action, c.latest_location, c.mailbox_id,
        m.sender_domain, m.direction from copy c join m on m.id = c.message_id
    ), e as (
      insert into entity (tenant_id, kind, hash, message_id, value, received_at)
      select m.tenant_id, x.kind, x.hash, m.id, x.value, m.received_at
      from m join json_to_recordset(${arrayOf(some.map((one) => one.entities))}::json)
        as x(message_id uuid, kind text, hash text, value text) on x.message_id = m.id
    ), t as (
      insert into message_event select x.* from tenant,
        json_populate_recordset(jsonb_populate_record(null::message_event, t), ${arrayOf(some.map((one) => one.events))}::json) x
      where x.message_id in (select id from m)
    )
    select id from m`.execute(tx)
  return done.rows.map((row) => row.id)
}

/** Days that a transaction has asked for: messages that are recorded together came on the same one. */
const prepared = new WeakMap<Tx, Set<string>>()

async function preparePartition(tx: Tx, at: Date): Promise<void> {
  const day = at.toISOString().slice(0, 10)
  const days = prepared.get(tx) ?? new Set()
  if (days.has(day)) return
  prepared.set(tx, days.add(day))
  await sql`${sql.raw(PREPARED)} select recourse_copy_fact_partition(${at})`.execute(tx)
}

async function known(tx: Tx, message: NewMessage): Promise<Received> {
  const row = await tx
    .selectFrom('message')
    .select(['id', 'verdict_id'])
    .where('attempt_key', '=', message.attemptKey)
    .executeTakeFirst()
  if (row) return { messageId: row.id, verdictId: row.verdict_id, duplicate: true }
  throw noTenant()
}

const noTenant = () =>
  new AppError('no-tenant', 'A message can only be received for a tenant.', 'Use storage.tenant(id, …).')
