import { sql } from 'kysely'
import type { MessageId } from '../base/index.ts'
import type { EntityKind, EntityRef } from '../judgement/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Occurrence } from './queries.ts'

export interface RecentMessage extends Occurrence {
  readonly entities: readonly EntityRef[]
}

/** Messages received since then with their entities of these kinds, newest first. Page with `before` = the last one's. */
export async function recentMessages(
  tx: Tx,
  options: {
    readonly since: Date
    readonly kinds: readonly EntityKind[]
    readonly limit: number
    readonly before?: Occurrence
  },
): Promise<RecentMessage[]> {
  const { since, kinds, limit, before } = options
  const earlier = before
    ? sql`and (received_at, id) < (${before.receivedAt}::timestamptz, ${before.messageId}::uuid)`
    : sql``
  const found = await sql<{ id: MessageId; received_at: Date; entities: readonly EntityRef[] | null }>`
    with m as materialized (
      select id, received_at from message where tenant_id = recourse_tenant() and received_at >= ${since} ${earlier}
      order by received_at desc, id desc limit ${limit}
    )
    select m.id, m.received_at, (select json_agg(json_build_object('kind', e.kind, 'value', e.value)) from entity e
      where e.tenant_id = recourse_tenant() and e.message_id = m.id and e.kind = any(${sql.val([...kinds])}::text[])) as entities
    from m order by m.received_at desc, m.id desc`.execute(tx)
  return found.rows.map((r) => ({ messageId: r.id, receivedAt: r.received_at, entities: r.entities ?? [] }))
}

/** Nobody else judges it again until the end of the transaction. */
export async function lockMessage(tx: Tx, id: MessageId): Promise<void> {
  await sql`select from message where tenant_id = recourse_tenant() and id = ${id} for no key update`.execute(tx)
}
