import { sql } from 'kysely'
import { AppError, type MessageId } from '../../base/index.ts'
import { type Source, type StoredJudgement, sourcesOf, storedJudgement } from '../../judgement/index.ts'
import {
  type CurrentVerdict,
  cleanDomainsSince,
  deliveriesOf,
  getMessage,
  senderHistories,
} from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import { siteOf } from '../hosts.ts'
import { isFreeMail } from '../senders.ts'

const DAY = 86_400_000
const MOST_NAMED = 10

/** Whose mail was kept out of the Inbox, and by what. */
export interface Loss {
  /** A registrable domain: one that sends under many names is one. */
  readonly sender: string
  readonly sources: readonly Source[]
}

/**
 * Null where the message is in the Inbox, or nobody's loss: its sender is not proven, not known to these people, or not one. Spam, however
 * much of it, is nobody's loss.
 */
export async function lossOf(tx: Tx, messageId: MessageId, current: CurrentVerdict): Promise<Loss | null> {
  if (current.verdict.placement === 'deliver') return null
  const judgement = replayable(current)
  if (judgement === null) return null
  const { authentication, entities } = judgement.inputs
  const [sender, another] = entities.filter((e) => e.kind === 'sender')
  if (!authentication.aligned || sender === undefined || another !== undefined) return null
  if (!(await isKnown(tx, messageId, sender.value))) return null
  const sources = sourcesOf(judgement)
  const domain = sender.value.slice(sender.value.lastIndexOf('@') + 1)
  return sources.length === 0 ? null : { sender: isFreeMail(domain) ? sender.value : siteOf(domain), sources }
}

/** Null for a verdict that lacks what it was decided by: nobody can say whose doing it was. */
function replayable(current: CurrentVerdict): StoredJudgement | null {
  try {
    return storedJudgement(current)
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

/** As `first-contact` trusts them: three messages and more over a week and longer, to the same people, and nothing was found in any. */
async function isKnown(tx: Tx, messageId: MessageId, sender: string): Promise<boolean> {
  const message = await getMessage(tx, messageId)
  if (message === null) return false
  const mailboxes = (await deliveriesOf(tx, messageId)).flatMap((d) => d.mailbox_id ?? [])
  const [history] = await senderHistories(tx, [{ sender, mailboxes, before: message.received_at }])
  if (!history?.toThese || history.firstAt === null || history.fromSender < 3) return false
  return message.received_at.getTime() - Date.parse(history.firstAt) >= 7 * DAY
}

export interface Count {
  /** Senders whose mail the source took within the window. */
  readonly lost: number
  /** The last ten of them. */
  readonly named: readonly string[]
}

export type SourceKey = Pick<Source, 'kind' | 'id' | 'version'>

/** Writes the loss down, once for a sender, forgets what has left the window, and counts. */
export async function countLoss(tx: Tx, source: SourceKey, sender: string, now: Date, since: Date): Promise<Count> {
  const { kind, id, version } = source
  await sql`insert into brake_loss (tenant_id, source_kind, source_id, source_version, sender, at)
    values (recourse_tenant(), ${kind}, ${id}, ${version}, ${sender}, ${now})
    on conflict (tenant_id, source_kind, source_id, source_version, sender)
    do update set at = greatest(brake_loss.at, excluded.at)`.execute(tx)
  await forgetLosses(tx, source, since)
  const rows = await tx
    .selectFrom('brake_loss')
    .select('sender')
    .where('source_kind', '=', kind)
    .where('source_id', '=', id)
    .where('source_version', '=', version)
    .orderBy('at', 'desc')
    .orderBy('sender')
    .execute()
  return { lost: rows.length, named: rows.slice(0, MOST_NAMED).map((row) => row.sender) }
}

/** Those of this source, until then; without `until` all of them. */
export async function forgetLosses(tx: Tx, { kind, id, version }: SourceKey, until?: Date): Promise<void> {
  let rows = tx
    .deleteFrom('brake_loss')
    .where('source_kind', '=', kind)
    .where('source_id', '=', id)
    .where('source_version', '=', version)
  if (until) rows = rows.where('at', '<=', until)
  await rows.execute()
}

/** Whether those who lost are at least this part of them and of all domains whose mail was clean meanwhile. */
export async function isShare(tx: Tx, lost: number, share: number, since: Date): Promise<boolean> {
  const most = Math.floor((lost * (1 - share)) / share + 1e-9)
  return (await cleanDomainsSince(tx, since, most + 1)) <= most
}
