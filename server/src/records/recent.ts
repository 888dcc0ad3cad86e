import { sql } from 'kysely'
import { idFrom, type MessageId } from '../base/index.ts'
import type { EntityKind, EntityRef, Signal } from '../judgement/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Occurrence } from './queries.ts'

export interface RecentMessage extends Occurrence {
  readonly entities: readonly EntityRef[]
  /** What its verdict rests on, of a message with a threat: the signals of this kind. */
  readonly signals: readonly Signal[]
}

/** Messages received since then with their entities of these kinds and signals whose id begins so, newest first. Page with `before` = the last one's. */
export async function recentMessages(
  tx: Tx,
  options: {
    readonly since: Date
    /** Only what has come to us since then, whenever it was received. */
    readonly arrivedSince?: Date | null
    readonly kinds: readonly EntityKind[]
    readonly signals: string
    readonly limit: number
    readonly before?: Occurrence
  },
): Promise<RecentMessage[]> {
  const { since, arrivedSince, kinds, signals, limit, before } = options
  const earlier = before
    ? sql`and (received_at, id) < (${before.receivedAt}::timestamptz, ${before.messageId}::uuid)`
    : sql``
  const late = arrivedSince ? sql`and id >= ${idFrom(arrivedSince)}::uuid` : sql``
  const found = await sql<{
    id: MessageId
    received_at: Date
    entities: readonly EntityRef[] | null
    signals: readonly Signal[] | null
  }>`
    with m as materialized (
      select id, received_at, verdict_id, threat from message where tenant_id = recourse_tenant() and received_at >= ${since} ${late} ${earlier}
      order by received_at desc, id desc limit ${limit}
    )
    select m.id, m.received_at, (select json_agg(json_build_object('kind', e.kind, 'value', e.value)) from entity e
      where e.tenant_id = recourse_tenant() and e.message_id = m.id and e.kind = any(${sql.val([...kinds])}::text[])) as entities,
      case when m.threat <> 'none' then (select json_agg(s) from verdict v, json_array_elements(v.signals) s
        where v.tenant_id = recourse_tenant() and v.id = m.verdict_id and starts_with(s->>'id', ${signals})) end as signals
    from m order by m.received_at desc, m.id desc`.execute(tx)
  return found.rows.map((r) => ({
    ...{ messageId: r.id, receivedAt: r.received_at },
    entities: r.entities ?? [],
    signals: r.signals ?? [],
  }))
}

/** Nobody else judges it again until the end of the transaction. */
export async function lockMessage(tx: Tx, id: MessageId): Promise<void> {
  await sql`select from message where tenant_id = recourse_tenant() and id = ${id} for no key update`.execute(tx)
}
