import { sql } from 'kysely'
import type { ActionId, MessageId, TenantId } from '../../base/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { Classification } from '../ledger/tables.ts'

/** Says with an action what it was: a false positive, by whom and why. */
export async function classifyAction(
  tx: Tx,
  tenant: TenantId,
  id: ActionId,
  classification: Classification,
): Promise<void> {
  await sql`update action set classification = ${jsonText(classification)}::jsonb
    where tenant_id = ${tenant} and id = ${id}`.execute(tx)
}

/** Messages of an action, each once, the first `limit` of them. */
export async function messagesOf(tx: Tx, tenant: TenantId, id: ActionId, limit: number): Promise<readonly MessageId[]> {
  const rows = await sql<{ message_id: MessageId }>`
    select distinct message_id from action_item where tenant_id = ${tenant} and action_id = ${id}
    order by message_id limit ${limit}`.execute(tx)
  return rows.rows.map((r) => r.message_id)
}
