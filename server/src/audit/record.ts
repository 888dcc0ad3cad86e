import { sql } from 'kysely'
import { uuidv7 } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'

/** Who did it; an `Actor` fits. */
export interface AuditActor {
  readonly user: string
  readonly name: string
}

/** Recourse itself: start-up, schedules, automation. */
export const SYSTEM: AuditActor = { user: 'system', name: 'Recourse' }

export interface AuditRecord {
  readonly actor: AuditActor
  /** What was done, as noun.verb: `message.preview`, `policy.set`, `token.create`. */
  readonly action: string
  readonly subject?: { readonly kind: string; readonly id: string } | null
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Writes an entry in the transaction of what it is about; it gets its place in the chain when that commits. */
export async function record(tx: Tx, entry: AuditRecord): Promise<void> {
  await tx
    .insertInto('audit_entry')
    .values({
      tenant_id: sql`current_setting('recourse.tenant_id')::uuid`,
      id: uuidv7(),
      actor_id: entry.actor.user,
      actor_name: entry.actor.name,
      action: entry.action,
      subject_kind: entry.subject?.kind ?? null,
      subject_id: entry.subject?.id ?? null,
      detail: JSON.stringify(entry.detail ?? {}).replaceAll('\\u0000', '�'),
    })
    .execute()
}
