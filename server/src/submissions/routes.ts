import { Type } from 'typebox'
import type { Api } from '../access/index.ts'
import { type MessageId, type SubmissionId, Uuid } from '../base/index.ts'
import { type Explanation, explain } from '../detection/index.ts'
import { checkEntry, EntryBody, type EntryRule } from '../lists/index.ts'
import { currentVerdict, deliveriesOf } from '../records/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { type Past, tryOnPast } from './past.ts'
import { presentSteps } from './present.ts'
import { listSubmissions, submissionExists } from './queries.ts'
import { type ReportDeps, report, type Submission, type SubmissionMade } from './report.ts'
import * as schemas from './schemas.ts'

export interface SubmissionsDeps extends Pick<ReportDeps, 'emailOf'> {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
}

const Id = Type.Object({ id: Uuid<MessageId>() })

export function register(app: Api, deps: SubmissionsDeps): void {
  const { storage } = deps
  const reporting: ReportDeps = { outbox: storage.outbox, emailOf: deps.emailOf }

  app.post(
    '/messages/:id/submissions',
    {
      config: { permission: 'submission.write' },
      schema: {
        summary: 'Report a message: it should, or should not, have been blocked',
        params: Id,
        body: schemas.ReportBody,
        response: { 201: schemas.SubmissionMade },
      },
    },
    async ({ actor, params, body }, reply) => {
      const made = await storage.tenant(actor.tenant, (tx) => report(tx, reporting, actor, params.id, body))
      return reply.code(201).send(madeView(made))
    },
  )

  app.get(
    '/submissions',
    {
      config: { permission: 'mail.read' },
      schema: {
        summary: 'User reports and submissions, newest first',
        querystring: Type.Object({
          id: Type.Optional(Uuid<SubmissionId>()),
          messageId: Type.Optional(Uuid<MessageId>()),
          as: Type.Optional(schemas.SubmittedAs),
          opinion: Type.Optional(schemas.Opinion),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
          cursor: Type.Optional(Uuid<SubmissionId>()),
        }),
        response: { 200: schemas.SubmissionPage },
      },
    },
    async ({ actor, query: { cursor, limit = 100, ...query } }) => {
      const which = {
        ...query,
        limit: limit + 1,
        ...(cursor === undefined ? {} : { after: cursor }),
      }
      const found = await storage.tenant(actor.tenant, (tx) => listSubmissions(tx, which))
      const items = found.slice(0, limit).map(submissionRow)
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  )

  app.get(
    '/messages/:id/explain',
    {
      config: { permission: 'mail.read' },
      schema: {
        summary: 'The whole reasoning: as judged at receipt, as it would be judged today, and what differs',
        params: Id,
        response: { 200: schemas.ExplanationView },
      },
    },
    async ({ actor, params }) => {
      const { id } = params
      return explanationView(id, await storage.tenant(actor.tenant, (tx) => explain(tx, id)))
    },
  )

  app.post(
    '/entries/preview',
    {
      config: { permission: 'lists.read' },
      schema: {
        summary: 'What an entry would have changed in the last 30 days; nothing is saved',
        body: EntryBody,
        response: { 200: schemas.EntryPreview },
      },
    },
    async ({ actor, body }) =>
      storage.tenant(actor.tenant, async (tx) => {
        const submissionId = (body.submissionId ?? null) as SubmissionId | null
        const known = submissionId !== null && (await submissionExists(tx, submissionId))
        const { action, kind, value, expiresAt } = checkEntry(
          { ...body, submissionId: known ? submissionId : null },
          new Date(),
        )
        const rule: EntryRule = {
          id: 'preview',
          version: 0,
          action,
          kind,
          value,
          expiresAt: expiresAt?.toISOString() ?? null,
          origin: known ? 'submission' : 'direct',
        }
        const past = await tryOnPast(tx, rule)
        // Numbers are for everybody who reads lists; what messages they are, for those who may see messages.
        const sees = actor.permissions.has('mail.read')
        const sample = sees ? await rows(tx, past.flipped) : []
        const now = sees && action === 'allow' ? await presentSteps(tx, past.freed, value) : []
        const { matching, flips, complete, since } = past
        return { matching, flips, sample, now, complete, since: since.toISOString() }
      }),
  )
}

export function submissionRow(s: Submission): schemas.SubmissionRow {
  return { ...s, createdAt: s.createdAt.toISOString(), status: 'Completed' }
}

function madeView({ submission, explanation, next, advice }: SubmissionMade): schemas.SubmissionMade {
  if (explanation === null) return { ...submissionRow(submission), today: null, differs: [], next: [], advice: [] }
  const { today, judgement, differs } = explanation
  const { verdict, entries } = today
  return {
    ...submissionRow(submission),
    today: {
      verdict,
      wouldPlace: verdict.policy === 'observe' ? verdict.wouldPlace : verdict.placement,
      signals: [...judgement.signals],
      entries: [...entries],
    },
    differs: [...differs],
    next: [...next],
    advice: [...advice],
  }
}

function explanationView(messageId: string, e: Explanation): schemas.ExplanationView {
  return {
    messageId,
    stored: {
      at: e.stored.at.toISOString(),
      verdict: e.stored.verdict,
      policyVersion: e.judgement.inputs.policy.version,
    },
    signals: [...e.judgement.signals],
    entities: [...e.judgement.inputs.entities],
    today: {
      at: e.today.at,
      verdict: e.today.verdict,
      policyVersion: e.today.policy.version,
      entries: [...e.today.entries],
    },
    same: e.flip === null,
    differs: [...e.differs],
  }
}

async function rows(tx: Tx, flipped: Past['flipped']): Promise<schemas.PreviewRow[]> {
  const out: schemas.PreviewRow[] = []
  for (const { message: m, flip } of flipped) {
    const copies = await deliveriesOf(tx, m.id)
    const reports = await listSubmissions(tx, { messageId: m.id, limit: 1 })
    out.push({
      id: m.id,
      receivedAt: m.received_at.toISOString(),
      subject: m.subject,
      senderName: m.sender_name,
      senderAddress: m.sender_address,
      senderDomain: m.sender_domain,
      direction: m.direction,
      threat: m.threat,
      technology: (await currentVerdict(tx, m.id))?.verdict.technology ?? 'none',
      size: Number(m.size),
      urls: m.mail.urls.length,
      attachments: m.mail.attachments.length,
      reported: reports.length > 0,
      copies: copies.slice(0, 20).map((d) => ({
        id: d.id,
        recipient: d.recipient,
        mailboxId: d.mailbox_id,
        action: d.action,
        originalLocation: d.original_location,
        latestLocation: d.latest_location,
        latestFolder: d.latest_folder,
      })),
      copyCount: copies.length,
      snippet: m.snippet,
      from: flip.from,
      to: flip.to,
    })
  }
  return out
}
