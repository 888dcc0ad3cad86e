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
  const approval = await desk.approval([{ kind: 'release', copies: 1 }], wish.propose ?? false)
  if (approval.needed > 0)
    throw new AppError(
      'copy-needs-approval',
      'A copy to somebody else cannot wait for approval.',
      'Let somebody release it who may run actions.',
      { status: 403 },
    )
  const ids: DeliveryId[] = []
  for (const messageId of await selectedMessages(desk.tx, actor.tenant, select, 100)) {
    for (const address of wish.release?.copyTo ?? []) ids.push(await addCopy(desk, actor, messageId, address))
  }
  const request = {
    kind: 'release' as const,
    select: { deliveryIds: ids },
    name,
    ...(wish.source ? { source: wish.source } : {}),
  }
  const step = { request, scope: {} }
  return shown(step, await desk.submit(request))
}

export async function addCopy(
  desk: PlanDesk,
  actor: Actor,
  messageId: MessageId,
  address: string,
): Promise<DeliveryId> {
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
