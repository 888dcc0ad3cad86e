import { sql } from 'kysely'
import { uuidv7 } from '../../base/index.ts'
import { PREPARED } from '../dialect.ts'
import type { Tx } from '../schema.ts'
import { jsonText } from '../text.ts'
import type { DomainEvent } from '../types.ts'
import { wakeAfterCommit } from '../wake.ts'

/** Within the transaction that changes the state. One statement, however many events. */
export async function emit(tx: Tx, ...events: readonly DomainEvent[]): Promise<void> {
  if (events.length === 0) return
  wakeAfterCommit(tx, 'outbox')
  const rows = jsonText(events.map((event) => ({ id: uuidv7(), kind: event.kind, data: event.data })))
  await sql`${sql.raw(PREPARED)} insert into outbox (tenant_id, id, kind, data)
    select recourse_tenant(), e.id, e.kind, e.data
    from json_to_recordset(${rows}::json) as e(id uuid, kind text, data jsonb)`.execute(tx)
}
