import { type DeliveryId, uuidv7 } from '../base/index.ts'
import type { StoredInput, Verdict } from '../judgement/index.ts'
import type { Delivery, NewDelivery, NewEvent } from '../records/index.ts'
import { type Reply, reply, type Sent } from '../transport/index.ts'
import type { Incoming, Target } from './types.ts'

/** One copy for one mailbox. */
export interface Copy {
  /** The first address of the envelope that leads to it. */
  readonly recipient: string
  readonly target: Target
}

/** Longest time that one hand-over may take; another process waits so long before it takes a copy over. */
export const HANDOVER_MS = 60_000

/** However many addresses lead to a mailbox (its own, an alias, a group), it gets one copy. */
export function copiesOf(recipients: Incoming['recipients']): Copy[] {
  const copies = new Map<string, Copy>()
  for (const { address, targets } of recipients) {
    for (const target of targets) {
      if (!copies.has(target.mailboxId)) copies.set(target.mailboxId, { recipient: address, target })
    }
  }
  return [...copies.values()]
}

/** By somebody, as far as is known: what has not ended by then is in doubt. A clock that was set back must not make us wait for ever. */
export function isBeingHandedOver(
  { action, handover, updated_at }: Pick<Delivery, 'action' | 'handover' | 'updated_at'>,
  now: Date,
  handoverMs = HANDOVER_MS,
): boolean {
  const age = now.getTime() - updated_at.getTime()
  return (
    action === 'pending' &&
    (handover === 'handing-over' || handover === 'possibly-twice') &&
    age >= 0 &&
    age < handoverMs
  )
}

export const HELD = reply(250, '2.0.0', 'Accepted')

/** A recipient is answered for all its copies: what may still come decides, then what was taken. */
export function repliesOf(incoming: Incoming, done: ReadonlyMap<string, Reply>): Reply[] {
  return incoming.recipients.map(({ targets }) => {
    const all = targets.map((t) => done.get(t.mailboxId) ?? reply(451, '4.3.0', 'Not handled yet, please try again'))
    return all.find((r) => r.code < 500 && r.code >= 400) ?? all.find((r) => r.code < 300) ?? all[0] ?? NOBODY
  })
}

const NOBODY = reply(550, '5.1.1', 'This group has no members')

export function newDelivery(copy: Copy, sent: Sent | null): NewDelivery {
  const base = { id: uuidv7<DeliveryId>(), recipient: copy.recipient, mailboxId: copy.target.mailboxId }
  if (!sent) return { ...base, action: 'blocked', location: 'quarantine', handover: 'none' }
  return {
    ...base,
    action: 'pending',
    location: 'unknown',
    handover: 'handing-over',
    sentSha256: sent.sha256,
    sentSize: sent.size,
    sentPrefix: sent.prefix,
  }
}

/** Members of a group who are elsewhere: told, not sent. */
export function outsideDeliveries(recipients: Incoming['recipients']): NewDelivery[] {
  const addresses = new Set(recipients.flatMap((r) => r.external))
  return [...addresses].map((address) => ({
    id: uuidv7<DeliveryId>(),
    recipient: address,
    mailboxId: null,
    action: 'pending',
    location: 'external',
    handover: 'refused',
    handoverDetail: 'Outside of the organisation: expand this address in the MTA, mail is not relayed from here',
  }))
}

/** Beyond `received` and `judged`, which are told anyway. */
export function eventsOf(
  judged: { readonly verdict: Verdict; readonly inputs: Pick<StoredInput, 'unparsable'> },
  deliveries: readonly NewDelivery[],
): Omit<NewEvent, 'messageId'>[] {
  const { verdict, inputs } = judged
  const actor = `policy ${verdict.policy}`
  const unread =
    inputs.unparsable === null
      ? []
      : [{ kind: 'unparsable', actor: 'parser', summary: `Could not be read: ${inputs.unparsable}` }]
  const held = deliveries
    .filter((d) => d.location === 'quarantine')
    .map((d) => ({ deliveryId: d.id, kind: 'quarantined', actor, summary: `Held in quarantine as ${verdict.threat}` }))
  return [...unread, ...held]
}
