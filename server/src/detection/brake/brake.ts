import { record, SYSTEM } from '../../audit/index.ts'
import { AppError, type EntryId, type MessageId } from '../../base/index.ts'
import type { Source } from '../../judgement/index.ts'
import { removeEntry, suspendSignal } from '../../lists/index.ts'
import { type CurrentVerdict, currentVerdict } from '../../records/index.ts'
import type { Outbox, StorageLog, Tx } from '../../storage/index.ts'
import { type Count, countLoss, isShare, lossOf } from './losses.ts'
import { standing, suspensionRevoked, tell } from './notices.ts'
import type { BrakeOptions } from './options.ts'

export interface Brake {
  /** A message was judged: counts what known senders lose, and stops what takes too much. In the transaction of the caller. */
  judged(tx: Tx, messageId: MessageId, current: CurrentVerdict): Promise<void>
}

interface Deps {
  readonly outbox: Outbox
  readonly limits: BrakeOptions
  readonly log: StorageLog
}

/**
 * A source that convicts far too much is stopped by itself (lesson #65). It is measured by the proven senders that people here know, each
 * counted once: however much spam a source finds, and however much of it one stolen account sends, it is not stopped for that.
 */
export function createBrake(deps: Deps): Brake {
  return {
    judged: async (tx, messageId, current) => {
      if (deps.limits.senders === 0) return
      const loss = await lossOf(tx, messageId, current)
      for (const source of loss?.sources ?? []) await lost(deps, tx, source, loss?.sender ?? '')
    },
  }
}

/** What is judged late, and what people let go where suspensions are listed. Call it before `storage.start()`. */
export function watchBrake(outbox: Outbox, brake: Brake): void {
  outbox.subscribe('brake.late', ['verdict.late'], async (tx, { data }) => {
    const current = await currentVerdict(tx, data.messageId)
    if (current !== null) await brake.judged(tx, data.messageId, current)
  })
  outbox.subscribe('brake.resumed', ['signal.resumed'], (tx, { data }) => suspensionRevoked(tx, data.id, new Date()))
}

async function lost({ outbox, limits, log }: Deps, tx: Tx, source: Source, sender: string): Promise<void> {
  const now = new Date()
  const since = new Date(now.getTime() - limits.minutes * 60_000)
  const count = await countLoss(tx, source, sender, now, since)
  if (count.lost < limits.senders) return
  const before = await standing(tx, source, now)
  if (before === 'held' || before === 'suspended') return
  const wanted = mayBeSuspended(source, limits) && (await isShare(tx, count.lost, limits.share, since))
  if (before === 'told' && !wanted) return
  const stopped = wanted ? await stop(tx, outbox, source, reason(count, limits, true)) : null
  const suspend = stopped !== null
  if (before === 'told' && !suspend) return
  const why = reason(count, limits, suspend)
  const notice = { source, why, senders: count.named, suspended: suspend, suspensionId: stopped?.suspensionId ?? null }
  const noticeId = await tell(tx, notice, now)
  const { kind, id, version } = source
  await record(tx, {
    actor: SYSTEM,
    action: suspend ? 'source.suspend' : 'source.tell',
    subject: { kind, id },
    detail: { notice: noticeId, version, why, senders: count.named },
  })
  await outbox.emit(tx, {
    kind: 'source.braked',
    data: { noticeId, source: { kind, id, version }, suspended: suspend },
  })
  log.warn({ source: { kind, id, version }, suspended: suspend, senders: count.named }, why)
}

/** Malware is told only: whoever has been known for a week could otherwise have his scanner switched off. */
const mayBeSuspended = ({ kind, threat }: Source, limits: BrakeOptions): boolean =>
  kind === 'entry' ? limits.entries === 'suspend' : threat !== 'malware'

function reason({ lost, named }: Count, { minutes, share }: BrakeOptions, suspended: boolean): string {
  const who = `${named.slice(0, 3).join(', ')}${lost > 3 ? ' and others' : ''}`
  const much = suspended ? `, ${Math.round(share * 100)} % and more of all whose mail was clean or lost` : ''
  return `Within ${minutes} minutes it kept the mail of ${lost} proven, known senders out of the Inbox (${who})${much}.`
}

/** Out of judging from now on; null where that cannot be, and it is told only: what hands on events must not stand still for it. */
async function stop(
  tx: Tx,
  outbox: Outbox,
  { kind, id, version }: Source,
  why: string,
): Promise<{ readonly suspensionId: string | null } | null> {
  try {
    if (kind === 'signal')
      return { suspensionId: (await suspendSignal(tx, outbox, SYSTEM, { signalId: id, version, why })).id }
    await removeEntry(tx, outbox, SYSTEM, id as EntryId)
    return { suspensionId: null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // Somebody was faster: it does not count, as was wanted.
    return error.code === 'signal-suspended' ? { suspensionId: null } : null
  }
}
