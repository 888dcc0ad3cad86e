import type { Tx } from '../storage/index.ts'

export interface AuditEntry {
  readonly seq: number
  readonly id: string
  readonly at: Date
  readonly actorId: string
  readonly actor: string
  readonly action: string
  readonly subject: { readonly kind: string; readonly id: string } | null
  readonly detail: Record<string, unknown>
  readonly hash: string
}

export interface AuditQuery {
  readonly limit: number
  /** Entries before this number. */
  readonly before?: number
  readonly action?: string
  readonly actor?: string
  readonly subject?: string
}

/** Newest first. */
export async function list(tx: Tx, query: AuditQuery): Promise<readonly AuditEntry[]> {
  let rows = tx
    .selectFrom('audit_entry')
    .selectAll()
    .where('seq', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(query.limit)
  if (query.before !== undefined) rows = rows.where('seq', '<', query.before)
  if (query.action !== undefined) rows = rows.where('action', '=', query.action)
  if (query.actor !== undefined) rows = rows.where('actor_id', '=', query.actor)
  if (query.subject !== undefined) rows = rows.where('subject_id', '=', query.subject)
  return (await rows.execute()).map((row) => ({
    seq: row.seq ?? 0,
    id: row.id,
    at: row.at,
    actorId: row.actor_id,
    actor: row.actor_name,
    action: row.action,
    subject: row.subject_kind && row.subject_id ? { kind: row.subject_kind, id: row.subject_id } : null,
    detail: row.detail,
    hash: row.hash ?? '',
  }))
}
