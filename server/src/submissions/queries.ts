import type { MessageId, SubmissionId } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import type { Submission } from './report.ts'
import type { Opinion, SubmittedAs } from './tables.ts'

export interface SubmissionQuery {
  readonly id?: SubmissionId
  readonly messageId?: MessageId
  readonly as?: SubmittedAs
  readonly opinion?: Opinion
  readonly limit: number
  /** Id of the last one of the page before. */
  readonly after?: SubmissionId
}

/** Newest first. */
export async function listSubmissions(tx: Tx, query: SubmissionQuery): Promise<Submission[]> {
  let rows = tx
    .selectFrom('submission as s')
    .innerJoin('message as m', (join) =>
      join.onRef('m.tenant_id', '=', 's.tenant_id').onRef('m.id', '=', 's.message_id'),
    )
    .selectAll('s')
    .select('m.subject')
    .orderBy('s.id', 'desc')
    .limit(query.limit)
  if (query.id) rows = rows.where('s.id', '=', query.id)
  if (query.messageId) rows = rows.where('s.message_id', '=', query.messageId)
  if (query.as) rows = rows.where('s.submitted_as', '=', query.as)
  if (query.opinion) rows = rows.where('s.opinion', '=', query.opinion)
  if (query.after) rows = rows.where('s.id', '<', query.after)
  return (await rows.execute()).map((r) => ({
    id: r.id,
    messageId: r.message_id,
    subject: r.subject,
    as: r.submitted_as,
    opinion: r.opinion,
    threat: r.threat,
    reason: r.reason,
    recipient: r.recipient,
    by: r.by_name,
    createdAt: r.at,
    result: r.result,
    resultDetail: r.result_detail,
  }))
}

/** For entries that name the submission they come from. */
export async function submissionExists(tx: Tx, id: SubmissionId): Promise<boolean> {
  return (await tx.selectFrom('submission').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
}
