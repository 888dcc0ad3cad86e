import { sql } from 'kysely'
import type { MessageId } from '../base/index.ts'
import { emit, jsonText, type Tx } from '../storage/index.ts'
import type { NewDelivery, NewEvent } from './door.ts'
import { type Delivery, deliveriesOf } from './queries.ts'
import { deliveryRows, eventRow } from './rows.ts'

/**
 * More recipients of a message that was received before: an MTA sends some of them in another transaction. A mailbox
 * that has a copy already gets no other. Returns all copies, old and new. Concurrent callers wait for each
 * other, so that a copy is never added twice.
 */
export async function addDeliveries(
  tx: Tx,
  messageId: MessageId,
  wanted: readonly NewDelivery[],
  events: readonly Omit<NewEvent, 'messageId'>[] = [],
): Promise<Delivery[]> {
  const locked = await tx
    .selectFrom('message')
    .select(['id', 'received_at'])
    .where('id', '=', messageId)
    .forUpdate()
    .executeTakeFirst()
  if (!locked) return []
  const known = new Set((await deliveriesOf(tx, messageId)).map((d) => keyOf(d.recipient, d.mailbox_id)))
  const added = wanted.filter((d) => !known.has(keyOf(d.recipient, d.mailboxId)))
  if (added.length > 0) {
    const now = new Date()
    const ids = new Set(added.map((d) => d.id))
    const told = events.filter((e) => e.deliveryId === undefined || e.deliveryId === null || ids.has(e.deliveryId))
    await insert(
      tx,
      deliveryRows({ id: messageId, deliveries: added }, now),
      told.map((e) => eventRow(messageId, e, now)),
    )
    await emit(
      tx,
      ...added.map((d) => ({
        kind: 'message.changed' as const,
        data: { messageId, deliveryId: d.id, kind: 'recipient-added' },
      })),
    )
  }
  return await deliveriesOf(tx, messageId)
}

/** One copy per mailbox, however many addresses lead to it. */
const keyOf = (recipient: string, mailboxId: string | null): string => mailboxId ?? recipient.toLowerCase()

async function insert(
  tx: Tx,
  deliveries: readonly Record<string, unknown>[],
  events: readonly Record<string, unknown>[],
): Promise<void> {
  await sql`
    with tenant as (
      select jsonb_build_object('tenant_id', recourse_tenant()) as t
    ), copy as (
      select c.* from tenant,
        json_populate_recordset(jsonb_populate_record(null::delivery, t), ${jsonText(deliveries)}::json) c
    ), d as (
      insert into delivery select * from copy
    ), f as (
      insert into copy_fact (tenant_id, received_at, delivery_id, message_id, threat, action, location, mailbox_id,
        sender_domain, direction)
      select m.tenant_id, m.received_at, c.id, m.id, m.threat, c.action, c.latest_location, c.mailbox_id,
        m.sender_domain, m.direction
      from copy c join message m on m.tenant_id = c.tenant_id and m.id = c.message_id
    )
    insert into message_event select x.* from tenant,
      json_populate_recordset(jsonb_populate_record(null::message_event, t), ${jsonText(events)}::json) x`.execute(tx)
}
