import type { Actor } from '../access/index.ts'
import { AppError, type DeliveryId, type MessageId, uuidv7 } from '../base/index.ts'
import { resolve } from '../organisation/index.ts'
import { addDeliveries, deliveriesOf } from '../records/index.ts'
import { type PlanDesk, type Selection, selectedMessages } from '../remediation/index.ts'
import type { TakeActionBody, TakenBody } from './take-schemas.ts'
import { shown } from './take-steps.ts'

/** A copy to somebody of ours who was not a recipient: a copy of its own, held until it is released to him at once. */
export async function copyTo(
  desk: PlanDesk,
  actor: Actor,
  wish: TakeActionBody,
  select: Selection,
  name: string,
): Promise<TakenBody['actions'][number]> {
  const messages = await selectedMessages(desk.tx, actor.tenant, select, MANY_COPIED + 1)
  const ids = await addCopies(desk, actor, messages, wish.release?.copyTo ?? [], wish.propose ?? false)
  const request = {
    kind: 'release' as const,
    select: { deliveryIds: ids },
    name,
    ...(wish.source ? { source: wish.source } : {}),
  }
  const step = { request, scope: {} }
  return shown(step, await desk.submit(request))
}

const MANY_COPIED = 100

/** Each address once, however it is written. */
const each = (addresses: readonly string[]): readonly string[] => [
  ...new Set(addresses.map((a) => a.trim().toLowerCase())),
]

/** What stands in the way of giving so many messages to others. Throws AppError `too-many`, `copy-needs-approval`. */
export async function checkCopies(
  desk: PlanDesk,
  messages: number,
  addresses: readonly string[],
  propose: boolean,
): Promise<void> {
  if (messages > MANY_COPIED)
    throw new AppError(
      'too-many',
      `Copies of more than ${MANY_COPIED} messages to somebody else are too many.`,
      'Choose fewer messages, or release them without copies to somebody else.',
      { status: 422 },
    )
  const approval = await desk.approval([{ kind: 'release', copies: messages * each(addresses).length }], propose)
  if (approval.needed > 0)
    throw new AppError(
      'copy-needs-approval',
      `A copy to somebody else cannot wait for approval${approval.why === null ? '.' : `: ${approval.why}`}`,
      'Choose fewer messages, release them without copies, or let somebody do it who may run actions.',
      { status: 403 },
    )
}

/** Copies of these messages for others of ours, held until the release that follows gives them to them. Throws as `checkCopies` and `addCopy` do. */
export async function addCopies(
  desk: PlanDesk,
  actor: Actor,
  messages: readonly MessageId[],
  addresses: readonly string[],
  propose: boolean,
): Promise<readonly DeliveryId[]> {
  await checkCopies(desk, messages.length, addresses, propose)
  const ids: DeliveryId[] = []
  for (const id of messages) for (const address of each(addresses)) ids.push(await addCopy(desk, actor, id, address))
  return ids
}

async function addCopy(desk: PlanDesk, actor: Actor, messageId: MessageId, address: string): Promise<DeliveryId> {
  const copies = await deliveriesOf(desk.tx, messageId)
  if (!copies.some((c) => c.latest_location === 'quarantine'))
    throw new AppError('not-releasable', 'A message is not in quarantine.', 'Choose messages in quarantine.', {
      status: 409,
    })
  const { mailboxes, via } = await resolve(desk.tx, address)
  const [mailbox] = mailboxes
  if (!mailbox || mailboxes.length > 1 || via === 'group' || via === 'none')
    throw new AppError(
      'no-mailbox',
      `${address} is not a mailbox of this organisation.`,
      'Name the address of one mailbox: a copy of held mail does not leave the organisation.',
    )
  const id = uuidv7<DeliveryId>()
  const summary = `A copy is released to ${mailbox.address}, who was not a recipient`
  const event = { deliveryId: id, kind: 'recipient-added', actor: actor.name, summary }
  const delivery = {
    id,
    recipient: mailbox.address,
    mailboxId: mailbox.id,
    action: 'blocked',
    location: 'quarantine',
    handover: 'none',
  } as const
  const after = await addDeliveries(desk.tx, messageId, [delivery], [event])
  if (after.some((d) => d.id === id)) return id
  throw new AppError(
    'is-recipient',
    `${mailbox.address} has a copy of this message already.`,
    'Release it to that recipient instead.',
    { status: 409 },
  )
}
