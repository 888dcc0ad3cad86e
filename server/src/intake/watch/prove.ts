import { madeAt } from '../../base/index.ts'
import { type MailboxSession, readable, type UnreadableCopies } from '../../mailboxes/index.ts'
import { isCopyOf } from '../../remediation/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { Link } from './link.ts'
import { type Candidates, factsOf } from './read.ts'
import type { Arrival, WatchedMailbox } from './types.ts'

/** What was just handed over is expected: nobody outside knows its id yet. */
const EXPECTED_MS = 3_600_000

/**
 * Our header names the message of a copy, and anybody can copy a header: mail that came past the gateway with the header of a known message
 * must be judged like any other. What nothing but its header links is read here, and has to be that message byte for byte. Gives back
 * the arrivals that are not.
 */
export async function foreign(
  inTx: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  mailbox: WatchedMailbox,
  session: Pick<MailboxSession, 'read'>,
  links: ReadonlyMap<Arrival, Link>,
  found: Candidates,
): Promise<ReadonlySet<Arrival>> {
  const open = [...links].flatMap(([arrival, link]) => {
    const delivery = 'delivery' in link && doubtful(arrival, link, found) ? link.delivery : null
    return delivery ? [{ arrival, delivery: delivery.id }] : []
  })
  const strangers = new Set<Arrival>()
  if (open.length === 0) return strangers
  const facts = await inTx((tx) => factsOf(tx, mailbox, [...new Set(open.map((o) => o.delivery))]))
  for (const [folder, group] of Map.groupBy(open, (o) => o.arrival.state.ref.folder)) {
    const byUid = new Map(group.map((o) => [o.arrival.state.ref.uid, o]))
    // What cannot be read is not proven, either.
    const unproven = ({ copies }: UnreadableCopies) => {
      for (const { ref } of copies) {
        const one = byUid.get(ref.uid)
        if (one) strangers.add(one.arrival)
      }
    }
    for await (const copy of readable(session.read(folder, [...byUid.keys()]), unproven)) {
      const one = byUid.get(copy.ref.uid)
      const known = one && facts.get(one.delivery)
      if (one && known && !isCopyOf(copy.bytes, known)) strangers.add(one.arrival)
    }
  }
  return strangers
}

function doubtful({ state, backlog }: Arrival, link: Link, found: Candidates): boolean {
  if (link.kind === 'new' || link.kind === 'busy' || state.networkMessageId === null) return false
  const { delivery } = link
  // The server's own id of the message is no header.
  const { serverId } = state.ref
  if (serverId !== null && found.byServerId.get(serverId)?.id === delivery.id) return false
  if (link.kind !== 'here') return true
  if (delivery.ref !== null || backlog) return false
  return Math.abs(state.internalDate.getTime() - madeAt(delivery.messageId)) > EXPECTED_MS
}
