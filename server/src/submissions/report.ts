import { sql } from 'kysely'
import { type Actor, forbidden } from '../access/index.ts'
import { record } from '../audit/index.ts'
import { AppError, type MessageId, type SubmissionId, type TenantId, uuidv7 } from '../base/index.ts'
import { type Explanation, explain, notFound } from '../detection/index.ts'
import type { Verdict } from '../judgement/index.ts'
import { ownDomains, resolve } from '../organisation/index.ts'
import { addEvents, type Delivery, deliveriesOf, getMessage } from '../records/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import { advice } from './advice.ts'
import { type NextStep, nextSteps } from './next-steps.ts'
import { type ResultOf, resultOf } from './result.ts'
import type { ClaimedThreat, Opinion, SubmittedAs, VerdictBrief } from './tables.ts'

export interface Report {
  readonly as: SubmittedAs
  readonly opinion: Opinion
  /** Only where it should have been blocked. */
  readonly threat?: ClaimedThreat | null
  readonly reason?: string | null
  readonly recipient?: string | null
}

export interface Submission {
  readonly id: SubmissionId
  readonly messageId: MessageId
  readonly subject: string
  readonly as: SubmittedAs
  readonly opinion: Opinion
  readonly threat: ClaimedThreat | null
  readonly reason: string | null
  readonly recipient: string | null
  readonly by: string
  readonly createdAt: Date
  readonly result: string
  readonly resultDetail: string
}

export interface SubmissionMade {
  readonly submission: Submission
  /** Null for those who may report but not see verdicts. */
  readonly explanation: Explanation | null
  readonly next: readonly NextStep[]
  /** What no step says: why something is not offered, which entry stands in the way. */
  readonly advice: readonly string[]
}

export interface ReportDeps {
  readonly outbox: Outbox
  /** The mail address of the person who asks; null for API tokens and people without one. */
  readonly emailOf: (actor: Actor) => Promise<string | null>
}

const MAX_REASON = 2_000

/**
 * Takes a user's report or an analyst's submission on a message: judges it anew with today's lists and policy, stores both, tells the
 * timeline, and says what may follow. Throws AppError `message-not-found` (also for a reporter to whom it was not addressed),
 * `no-recipient`, `forbidden`, `bad-report`.
 */
export async function report(
  tx: Tx,
  deps: ReportDeps,
  actor: Actor,
  messageId: MessageId,
  wanted: Report,
): Promise<SubmissionMade> {
  const sees = actor.permissions.has('mail.read')
  if (wanted.as === 'analyst' && !sees) throw forbidden('mail.read')
  checkReport(wanted)
  const message = await getMessage(tx, messageId)
  if (message === null) throw notFound(messageId)
  const deliveries = await deliveriesOf(tx, messageId)
  const recipient = sees
    ? named(wanted.recipient ?? null, deliveries)
    : await ownCopy(tx, deps, actor, messageId, wanted.recipient ?? null, deliveries)
  const explanation = await explain(tx, messageId)
  const result = resultOf(explanation, wanted.opinion, deliveries)
  const submission = await store(tx, deps, actor, { wanted, message, recipient, explanation, result })
  if (!sees) return { submission, explanation: null, next: [], advice: [] }
  const own = [...(await ownDomains(tx))]
  const { opinion, threat } = submission
  const next = await nextSteps(tx, {
    submissionId: submission.id,
    opinion,
    threat,
    recipient,
    message,
    deliveries,
    explanation,
    own,
  })
  return { submission, explanation, next, advice: advice(explanation, opinion, deliveries, next) }
}

function checkReport({ opinion, threat, reason }: Report): void {
  if (threat && opinion === 'should-not-have-been-blocked')
    throw new AppError(
      'bad-report',
      `A message that should not have been blocked is no ${threat}.`,
      'Leave out the threat, or say that it should have been blocked.',
    )
  if ((reason ?? '').length > MAX_REASON)
    throw new AppError('bad-report', `The reason has more than ${MAX_REASON} characters.`, 'Shorten it.')
}

function named(recipient: string | null, deliveries: readonly Delivery[]): string | null {
  if (recipient === null) return null
  const copy = deliveries.find((d) => d.recipient.toLowerCase() === recipient.trim().toLowerCase())
  if (copy !== undefined) return copy.recipient
  throw new AppError(
    'no-recipient',
    `${recipient} is not a recipient of this message.`,
    'Choose one of its recipients, or leave it out.',
  )
}

/** The reporter's own copy: by address, or by the mailbox in which it was put. To others the message does not exist. */
async function ownCopy(
  tx: Tx,
  deps: ReportDeps,
  actor: Actor,
  messageId: MessageId,
  wanted: string | null,
  deliveries: readonly Delivery[],
): Promise<string> {
  const email = (await deps.emailOf(actor))?.trim().toLowerCase() ?? null
  if (email === null) throw notFound(messageId)
  const { via, mailboxes } = await resolve(tx, email)
  const boxes = via === 'group' ? [] : mailboxes.map((m) => m.id)
  const mine = deliveries.filter(
    (d) => d.recipient.toLowerCase() === email || (d.mailbox_id !== null && boxes.includes(d.mailbox_id)),
  )
  const copy = wanted === null ? mine[0] : mine.find((d) => d.recipient.toLowerCase() === wanted.trim().toLowerCase())
  if (copy === undefined) throw notFound(messageId)
  return copy.recipient
}

const brief = (v: Verdict): VerdictBrief => ({
  threat: v.threat,
  placement: v.placement,
  engine: v.engine,
  policy: v.policy,
})

interface Storing {
  readonly wanted: Report
  readonly message: { readonly id: MessageId; readonly subject: string }
  readonly recipient: string | null
  readonly explanation: Explanation
  readonly result: ResultOf
}

async function store(
  tx: Tx,
  { outbox }: ReportDeps,
  actor: Actor,
  { wanted, message, recipient, explanation, result }: Storing,
): Promise<Submission> {
  const id = uuidv7<SubmissionId>()
  const at = new Date()
  const { opinion } = wanted
  const threat = wanted.threat ?? null
  // PostgreSQL's text holds no NUL.
  const reason = wanted.reason?.replaceAll('\0', '').trim() || null
  await tx
    .insertInto('submission')
    .values({
      tenant_id: sql<TenantId>`current_setting('recourse.tenant_id')::uuid`,
      id,
      message_id: message.id,
      submitted_as: wanted.as,
      opinion,
      threat,
      reason,
      recipient,
      by_id: actor.user,
      by_name: actor.name,
      at,
      result: result.result,
      result_detail: result.detail,
      was: JSON.stringify(brief(explanation.stored.verdict)),
      today: JSON.stringify(brief(explanation.today.verdict)),
    })
    .execute()
  const said =
    opinion === 'should-have-been-blocked'
      ? `should have been blocked${threat ? ` as ${threat}` : ''}`
      : 'should not have been blocked'
  await addEvents(tx, [
    {
      messageId: message.id,
      kind: 'reported',
      actor: actor.name,
      summary: `${wanted.as === 'user' ? 'User report' : 'Submission'}: ${said}. Result: ${result.result}`,
      detail: { submissionId: id, as: wanted.as, opinion, threat, reason, recipient, result: result.result },
    },
  ])
  await record(tx, {
    actor,
    action: 'submission.make',
    subject: { kind: 'message', id: message.id },
    detail: { submissionId: id, as: wanted.as, opinion, threat },
  })
  await outbox.emit(tx, { kind: 'submission.made', data: { submissionId: id, messageId: message.id, opinion } })
  return {
    id,
    messageId: message.id,
    subject: message.subject,
    as: wanted.as,
    opinion,
    threat,
    reason,
    recipient,
    by: actor.name,
    createdAt: at,
    result: result.result,
    resultDetail: result.detail,
  }
}
