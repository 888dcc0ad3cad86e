import { type AuditActor, record } from '../audit/index.ts'
import type { MessageId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'

/** Above this many messages one entry of the audit log names them all. */
const ONE_BY_ONE = 100

/** Who did what with held messages: an entry for each, so that it is found by message (quarantine #111, #112). */
export async function auditHeld(
  tx: Tx,
  actor: AuditActor,
  action: string,
  ids: readonly MessageId[],
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  const all = [...new Set(ids)]
  if (all.length > ONE_BY_ONE) await record(tx, { actor, action, subject: null, detail: { ...detail, messages: all } })
  else for (const id of all) await record(tx, { actor, action, subject: { kind: 'message', id }, detail })
}
