import { createHash } from 'node:crypto'
import type { MessageId } from '../base/index.ts'
import type { BegunMessage, NewMessage } from '../records/index.ts'
import { type Reply, reply } from '../transport/index.ts'
import type { Judged } from './judge.ts'
import type { Incoming, Taken } from './types.ts'

/** Which policy and which of users' own lists judged; null = the policy for everybody and none. */
export function judgedFor({ inputs }: Pick<Judged, 'inputs'>): string | null {
  const { policy, recipientList } = inputs
  return policy.id === undefined && recipientList === undefined ? null : `${policy.id ?? ''} ${recipientList ?? ''}`
}

/**
 * The attempt of those recipients whom one policy judges for: recognised again whoever of them a retry still names, and in whatever order.
 * `policy`: null = the one for everybody.
 */
export const attemptOf = (attempt: string, policy: string | null): Pick<NewMessage, 'attemptKey' | 'attempt'> =>
  policy === null
    ? { attemptKey: attempt }
    : {
        attemptKey: createHash('sha256')
          .update(JSON.stringify([attempt, policy]))
          .digest('hex'),
        attempt,
      }

type Recipients = Incoming['recipients']

/** Recipients of an attempt that was begun, each with the message that has its copy, whatever would judge it today; and those who are new. */
export function begunAndNew(
  recipients: Recipients,
  begun: readonly BegunMessage[],
): {
  readonly begun: readonly { readonly messageId: MessageId; readonly recipients: Recipients }[]
  readonly rest: Recipients
} {
  const messageOf = new Map<string, MessageId>()
  for (const { messageId, mailboxes, outside } of begun)
    for (const copy of [...mailboxes, ...outside]) if (!messageOf.has(copy)) messageOf.set(copy, messageId)
  const of = (id: MessageId | undefined): Recipients =>
    recipients
      .map((r) => ({
        ...r,
        targets: r.targets.filter((t) => messageOf.get(t.mailboxId) === id),
        external: r.external.filter((address) => messageOf.get(address) === id),
      }))
      .filter((r) => r.targets.length > 0 || r.external.length > 0)
  const parts = begun.map(({ messageId }) => ({ messageId, recipients: of(messageId) }))
  return { begun: parts.filter((p) => p.recipients.length > 0), rest: of(undefined) }
}

/** One answer per recipient out of those of its groups: what may still come decides, then what was taken. */
export function together(
  incoming: Incoming,
  parts: readonly { readonly recipients: Incoming['recipients']; readonly done: Taken }[],
): Taken {
  const [first] = parts
  if (first === undefined) throw new Error('a message for nobody')
  if (parts.length === 1 && first.recipients.length === incoming.recipients.length) return first.done
  const replies = incoming.recipients.map(({ address }): Reply => {
    const all = parts.flatMap(({ recipients, done }) => {
      const at = recipients.findIndex((r) => r.address === address)
      const said = done.replies[at]
      return said === undefined || (recipients[at]?.targets.length === 0 && recipients[at]?.external.length === 0)
        ? []
        : [said]
    })
    const later = all.find((r) => r.code >= 400 && r.code < 500)
    return later ?? all.find((r) => r.code < 300) ?? all[0] ?? reply(550, '5.1.1', 'This group has no members')
  })
  return { ...first.done, duplicate: parts.every((p) => p.done.duplicate), replies }
}
