import { type Log, type MessageId, messageOf, type SubmissionId, type TenantId } from '../base/index.ts'
import { type Class, lessonOf, teach } from '../detection/index.ts'
import type { Parser } from '../mail/index.ts'
import { getMessage } from '../records/index.ts'
import type { Storage } from '../storage/index.ts'
import type { ClaimedThreat, Opinion } from './tables.ts'

export interface TeachDeps {
  readonly storage: Pick<Storage, 'tenant' | 'blobs' | 'outbox' | 'jobs'>
  readonly parser: Pick<Parser, 'parse'>
  readonly log: Pick<Log, 'info' | 'warn'>
}

const JOB = 'classifier.teach'

/**
 * What analysts submit teaches the organisation's classifier. A user's report alone teaches nothing: it is an opinion until an analyst
 * says the same. Call it before `storage.start()`.
 */
export function teachFromSubmissions({ storage }: Pick<TeachDeps, 'storage'>): void {
  storage.outbox.subscribe('submissions.teach', ['submission.made'], async (tx, { data }) => {
    const made = await tx
      .selectFrom('submission')
      .select('submitted_as')
      .where('id', '=', data.submissionId)
      .executeTakeFirst()
    if (made?.submitted_as !== 'analyst') return
    await storage.jobs.send(
      tx,
      JOB,
      { submission: data.submissionId, message: data.messageId },
      { key: data.submissionId },
    )
  })
}

/** Reads the submitted mail (in the parser's processes) and teaches it. */
export async function workOnLessons(deps: TeachDeps): Promise<void> {
  await deps.storage.jobs.work(JOB, async ({ tenant, submission, message }) => {
    if (typeof tenant !== 'string' || typeof submission !== 'string' || typeof message !== 'string') return
    await teachSubmission(deps, tenant as TenantId, submission as SubmissionId, message as MessageId)
  })
}

/** Makes the submitted message a lesson of the classifier, with the submission as its cause. Nothing happens where it teaches nothing, or its bytes are gone. */
export async function teachSubmission(
  { storage, parser, log }: TeachDeps,
  tenant: TenantId,
  submission: SubmissionId,
  messageId: MessageId,
): Promise<void> {
  const found = await storage.tenant(tenant, async (tx) => {
    const message = await getMessage(tx, messageId)
    const made = await tx.selectFrom('submission').selectAll().where('id', '=', submission).executeTakeFirst()
    return message && made ? { message, made } : null
  })
  const as = found ? classOf(found.made.opinion, found.made.threat) : null
  if (found === null || as === null) return
  let raw: Buffer
  try {
    raw = await storage.blobs.get(tenant, found.message.blob_key)
  } catch (error) {
    // Its bytes are past their retention: there is nothing left to learn from.
    log.warn({ tenant, message: messageId, reason: messageOf(error) }, 'a submitted message cannot be taught')
    return
  }
  const { mail } = await parser.parse(raw, { mailFrom: null, clientIp: null, helo: null })
  const lesson = lessonOf(mail, found.message.sha256, as)
  const actor = { user: found.made.by_id, name: found.made.by_name }
  const learnt = await storage.tenant(tenant, (tx) =>
    teach(tx, storage.outbox, { lesson, messageId, cause: { kind: 'submission', id: submission } }, actor),
  )
  log.info({ tenant, message: messageId, as, learnt }, 'a submission taught the classifier')
}

/** Malware is no matter of words: its files are looked at by others. */
export function classOf(opinion: Opinion, threat: ClaimedThreat | null): Class | null {
  if (opinion === 'should-not-have-been-blocked') return 'ham'
  if (threat === 'malware') return null
  return threat ?? 'spam'
}
