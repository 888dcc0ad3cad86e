import { sql } from 'kysely'
import { AppError, type MessageId } from '../base/index.ts'
import { additionalActions, currentVerdict, deliveriesOf, getMessage, timeline } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import { listSubmissions } from '../submissions/index.ts'
import { copyRow, messageRow } from './list.ts'
import type { ActionBrief, MessageDetail, TimelineEvent } from './schemas.ts'

const MOST = 200

const notFound = (id: string) =>
  new AppError('no-message', `There is no message ${id}.`, 'Look for it in Explorer.', { status: 404 })

/** Everything about one message. Throws AppError `no-message`. */
export async function messageDetail(tx: Tx, id: MessageId): Promise<MessageDetail> {
  const [row, message, judged] = [await messageRow(tx, id), await getMessage(tx, id), await currentVerdict(tx, id)]
  if (!row || !message || !judged) throw notFound(id)
  const { mail } = message
  const copies = await deliveriesOf(tx, id)
  const done = await additionalActions(
    tx,
    copies.map((copy) => copy.id),
  )
  const submissions = await listSubmissions(tx, { messageId: id, limit: MOST })
  return {
    ...row,
    source: message.source,
    sha256: message.sha256,
    parseState: message.parse_state,
    parseError: message.parse_error,
    date: mail.date,
    headers: [...mail.headers],
    from: [...mail.from],
    fromHeaders: mail.fromHeaders,
    sender: mail.sender,
    replyTo: [...mail.replyTo],
    to: [...mail.to],
    cc: [...mail.cc],
    returnPath: mail.returnPath,
    authentication: { ...mail.authentication, dkim: [...mail.authentication.dkim] },
    urlList: [...mail.urls],
    attachmentList: [...mail.attachments],
    fingerprints: mail.fingerprints,
    defects: [...mail.defects],
    hasHtml: mail.hasHtml,
    // Messages that were stored before these were noted have neither.
    html: mail.html ?? null,
    writing: mail.writing ?? null,
    copies: copies.map((copy) => ({
      ...copyRow(copy, done),
      handover: copy.handover,
      handoverDetail: copy.handover_detail,
      updatedAt: copy.updated_at.toISOString(),
    })),
    verdict: {
      ...judged.verdict,
      suspended: [...(judged.verdict.suspended ?? [])],
      overrides: [...judged.verdict.overrides],
      causes: [...judged.verdict.causes],
      because: [...judged.verdict.because],
    },
    signals: judged.signals.map((signal) => ({ ...signal, entities: [...signal.entities] })),
    ownPolicy: ownPolicy(judged.inputs),
    judgedAt: judged.at.toISOString(),
    submissions: submissions.map(({ createdAt, messageId: _, subject: __, ...s }) => ({
      ...s,
      createdAt: createdAt.toISOString(),
    })),
    actions: await actionsOn(tx, id),
  }
}

/** What was stored is read with care: verdicts of earlier versions name none. */
function ownPolicy(inputs: Readonly<Record<string, unknown>>): MessageDetail['ownPolicy'] {
  const { policy } = inputs
  if (typeof policy !== 'object' || policy === null) return null
  const [id, name] = ['id', 'name'].map((key) => Reflect.get(policy, key))
  return typeof id === 'string' && typeof name === 'string' ? { id, name } : null
}

async function actionsOn(tx: Tx, id: MessageId): Promise<ActionBrief[]> {
  const rows = await tx
    .selectFrom('action as a')
    .innerJoin('action_item as i', (join) =>
      join.onRef('i.tenant_id', '=', 'a.tenant_id').onRef('i.action_id', '=', 'a.id'),
    )
    .select([
      'a.id',
      'a.kind',
      'a.target',
      'a.name',
      'a.state',
      'a.requested_by',
      'a.created_at',
      'a.ended_at',
      'a.undo_of',
    ])
    .select((eb) => eb.fn.countAll<number>().as('copies'))
    .select(sql<number>`count(*) filter (where i.state in ('done', 'already-there'))`.as('done'))
    // Items know their copy; copies know their message, and are few.
    .where('i.delivery_id', 'in', tx.selectFrom('delivery').select('id').where('message_id', '=', id))
    .groupBy(['a.tenant_id', 'a.id'])
    .orderBy('a.id', 'desc')
    .limit(MOST)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    target: row.target,
    name: row.name,
    state: row.state,
    requestedBy: row.requested_by.name,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    undoOf: row.undo_of,
    copies: row.copies,
    done: row.done,
  }))
}

/** What happened to a message and its copies, oldest first. Throws AppError `no-message`. */
export async function messageTimeline(tx: Tx, id: MessageId): Promise<TimelineEvent[]> {
  const events = await timeline(tx, id)
  const copies = await deliveriesOf(tx, id)
  if (events.length === 0 && copies.length === 0) throw notFound(id)
  const recipients = new Map<string, string>(copies.map((copy) => [copy.id, copy.recipient]))
  return events.map((event) => ({
    id: event.id,
    at: event.at.toISOString(),
    kind: event.kind,
    actor: event.actor,
    summary: event.summary,
    recipient: event.delivery_id === null ? null : (recipients.get(event.delivery_id) ?? null),
    detail: event.detail,
  }))
}
