import { type Selectable, sql } from 'kysely'
import type { DeliveryId, MessageId, VerdictId } from '../base/index.ts'
import type { EntityKind, Signal, Verdict } from '../judgement/index.ts'
import { PREPARED, plainText, type Tx } from '../storage/index.ts'
import type { BegunMessage } from './door.ts'
import { entityHash } from './rows.ts'
import type { DeliveryTable, MessageEventTable, MessageTable, VerdictTable } from './tables.ts'

export type Message = Selectable<MessageTable>
export type Delivery = Selectable<DeliveryTable>
export type MessageEvent = Selectable<MessageEventTable>
export type StoredVerdict = Selectable<VerdictTable>

/**
 * What was begun of attempts: for each the messages that it has become so far, one for each group of recipients who are judged alike,
 * oldest first, with the copies that they have.
 */
export async function begunAttempts(
  tx: Tx,
  attempts: readonly string[],
): Promise<readonly (readonly BegunMessage[])[]> {
  const keys = sql`${sql.val([...attempts])}::text[]`
  // Two questions that an index each answers; one with OR would read the whole table.
  const rows = await sql<BegunMessage & { attempt: string }>`
    ${sql.raw(PREPARED)} select m.attempt, m.id as "messageId", c.mailboxes, c.outside
    from (
      select id, attempt_key as attempt from message where tenant_id = recourse_tenant() and attempt_key = any(${keys})
      union
      select id, attempt from message where tenant_id = recourse_tenant() and attempt = any(${keys}) and attempt is not null
    ) m
    cross join lateral (
      select coalesce(array_agg(d.mailbox_id) filter (where d.mailbox_id is not null), '{}') as mailboxes,
        coalesce(array_agg(d.recipient) filter (where d.mailbox_id is null), '{}') as outside
      from delivery d where d.tenant_id = recourse_tenant() and d.message_id = m.id
    ) c
    order by m.id`.execute(tx)
  return attempts.map((key) => rows.rows.filter((r) => r.attempt === key))
}

export async function getMessage(tx: Tx, id: MessageId): Promise<Message | null> {
  return (await tx.selectFrom('message').selectAll().where('id', '=', id).executeTakeFirst()) ?? null
}

/** Those that are there, in no order. */
export async function getMessages(tx: Tx, ids: readonly MessageId[]): Promise<Message[]> {
  if (ids.length === 0) return []
  return await tx.selectFrom('message').selectAll().where('id', 'in', ids).execute()
}

/** Copies of a message, in the order of its recipients. */
export async function deliveriesOf(tx: Tx, messageId: MessageId): Promise<Delivery[]> {
  return await tx.selectFrom('delivery').selectAll().where('message_id', '=', messageId).orderBy('id').execute()
}

/** Those that are there, in no order. */
export async function getDeliveries(tx: Tx, ids: readonly DeliveryId[]): Promise<Delivery[]> {
  if (ids.length === 0) return []
  return await tx.selectFrom('delivery').selectAll().where('id', 'in', ids).execute()
}

/**
 * Those of the copies that nobody has changed since they were read, locked until the end of the transaction: of two processes that want
 * to hand the same copy over again, one gets it.
 */
export async function lockUnchanged(
  tx: Tx,
  seen: readonly Pick<Delivery, 'id' | 'updated_at'>[],
): Promise<ReadonlySet<DeliveryId>> {
  if (seen.length === 0) return new Set()
  const at = new Map(seen.map((row) => [row.id, row.updated_at.getTime()]))
  const rows = await tx
    .selectFrom('delivery')
    .select(['id', 'updated_at'])
    .where('id', 'in', [...at.keys()])
    .orderBy('id')
    .forUpdate()
    .execute()
  return new Set(rows.filter((row) => row.updated_at.getTime() === at.get(row.id)).map((row) => row.id))
}

/** Copies that are held, or were until their time was over, although they may lie in their mailbox, too: some of them, other ones each time. */
export async function heldInDoubt(tx: Tx, limit: number): Promise<Delivery[]> {
  return await tx
    .selectFrom('delivery')
    .selectAll()
    .where('handover', '=', 'possibly-twice')
    .where('action', '=', 'blocked')
    .where('latest_location', 'in', ['quarantine', 'dropped'])
    .where('mailbox_id', 'is not', null)
    .where('ref', 'is', null)
    .orderBy(sql`random()`)
    .limit(limit)
    .execute()
}

/** All that happened to a message and its copies, oldest first. */
export async function timeline(tx: Tx, messageId: MessageId): Promise<MessageEvent[]> {
  const query = tx.selectFrom('message_event').selectAll().where('message_id', '=', messageId)
  return await query.orderBy('at').orderBy('id').execute()
}

export interface CurrentVerdict {
  readonly id: VerdictId
  readonly at: Date
  readonly verdict: Verdict
  readonly signals: readonly Signal[]
  readonly inputs: Record<string, unknown>
}

/** The verdict in force, with the signals and inputs that it was made of; null: there is no such message. */
export async function currentVerdict(tx: Tx, messageId: MessageId): Promise<CurrentVerdict | null> {
  const row = await tx
    .selectFrom('message as m')
    .innerJoin('verdict as v', (join) =>
      join.onRef('v.tenant_id', '=', 'm.tenant_id').onRef('v.id', '=', 'm.verdict_id'),
    )
    .select(['v.id', 'v.at', 'v.verdict', 'v.signals', 'v.inputs'])
    .where('m.id', '=', messageId)
    .executeTakeFirst()
  return row ?? null
}

/** All verdicts of a message, oldest first. */
export async function verdicts(tx: Tx, messageId: MessageId): Promise<StoredVerdict[]> {
  const query = tx.selectFrom('verdict').selectAll().where('message_id', '=', messageId)
  return await query.orderBy('at').orderBy('id').execute()
}

export interface Occurrence {
  readonly messageId: MessageId
  readonly receivedAt: Date
}

/** Messages that hold an entity, newest first. Page with `before` = the last one's. */
export async function messagesByEntity(
  tx: Tx,
  kind: EntityKind,
  value: string,
  options: { limit: number; before?: Occurrence },
): Promise<Occurrence[]> {
  let query = tx
    .selectFrom('entity')
    .select(['message_id as messageId', 'received_at as receivedAt'])
    .where('kind', '=', kind)
    .where('hash', '=', entityHash(value))
    // Hash hits are confirmed against the value.
    .where('value', '=', plainText(value))
  const { before } = options
  if (before)
    query = query.where((eb) =>
      eb(eb.refTuple('received_at', 'message_id'), '<', eb.tuple(before.receivedAt, before.messageId)),
    )
  return await query.orderBy('received_at', 'desc').orderBy('message_id', 'desc').limit(options.limit).execute()
}
