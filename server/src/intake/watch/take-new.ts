import { messageOf } from '../../base/index.ts'
import { type MailboxSession, readable, type UnreadableCopies } from '../../mailboxes/index.ts'
import type { StorageLog } from '../../storage/index.ts'
import type { Link } from './link.ts'
import { isOwnWriting } from './marks.ts'
import { type TakeDeps, type TakenCopy, takeFound } from './take.ts'
import type { Arrival, WatchedMailbox } from './types.ts'

/** Messages that are judged at a time: enough to keep the parsers busy. */
const AT_ONCE = 8

export interface TakenNew {
  readonly taken: Map<Arrival, TakenCopy>
  /** Those that are there, and why they could not be read or recorded. */
  readonly failed: Map<Arrival, string>
}

/**
 * Judges what nobody knows. A copy that vanished before it could be read is left out: the next round will miss it. One that cannot be read or
 * recorded keeps no other one waiting.
 */
export async function takeNew(
  deps: TakeDeps,
  mailbox: WatchedMailbox,
  session: Pick<MailboxSession, 'read'>,
  arrivals: readonly Arrival[],
  links: ReadonlyMap<Arrival, Link>,
): Promise<TakenNew> {
  const taken = new Map<Arrival, TakenCopy>()
  const failed = new Map<Arrival, string>()
  const fresh = arrivals.filter((a) => links.get(a)?.kind === 'new' && !isOwnWriting(a.use))
  const folders = Map.groupBy(fresh, (arrival) => arrival.state.ref.folder)
  for (const [folder, group] of folders) {
    const byUid = new Map(group.map((arrival) => [arrival.state.ref.uid, arrival]))
    const running = new Set<Promise<void>>()
    const note = ({ copies, message }: UnreadableCopies) => {
      for (const { ref } of copies) {
        const arrival = byUid.get(ref.uid)
        if (arrival) failed.set(arrival, message)
      }
    }
    for await (const copy of readable(session.read(folder, [...byUid.keys()]), note)) {
      const arrival = byUid.get(copy.ref.uid)
      if (!arrival) continue
      const one = takeFound(deps, mailbox, copy, arrival.use)
        .then(
          (done) => void taken.set(arrival, done),
          (error: unknown) => void failed.set(arrival, messageOf(error)),
        )
        .finally(() => running.delete(one))
      running.add(one)
      if (running.size >= AT_ONCE) await Promise.race(running)
    }
    await Promise.all(running)
  }
  return { taken, failed }
}

/** Places that one line of the log names. */
const NAMED = 20

export function tellFailed(
  log: Pick<StorageLog, 'warn'>,
  mailbox: WatchedMailbox,
  failed: readonly (readonly [Arrival, string])[],
): void {
  for (const [folder, group] of Map.groupBy(failed, ([arrival]) => arrival.state.ref.folder)) {
    const uids = group.slice(0, NAMED).map(([arrival]) => arrival.state.ref.uid)
    log.warn(
      { mailbox: mailbox.address, folder, uids, copies: group.length, error: group[0]?.[1] },
      'mail in a mailbox could not be read or recorded, and is not judged; tried again later',
    )
  }
}
