import { sql } from 'kysely'
import type { Actor } from '../access/index.ts'
import { AppError, type DeliveryId, type MessageId, uuidv7 } from '../base/index.ts'
import { type Mailbox, resolve } from '../organisation/index.ts'
import { addDeliveries } from '../records/index.ts'
import { type PlanDesk, type Selection, selectedMessages } from '../remediation/index.ts'
import type { TakeActionBody, TakenBody } from './take-schemas.ts'
import { shown } from './take-steps.ts'

const MANY_COPIED = 100

/** Of which messages who else gets a copy. */
export interface ForOthers {
  readonly messages: readonly MessageId[]
  readonly mailboxes: readonly Mailbox[]
}

/** As previews tell it. */
export const othersCount = ({ messages, mailboxes }: ForOthers) => ({
  messages: messages.length,
  mailboxes: mailboxes.length,
  copies: messages.length * mailboxes.length,
})

/** The copies to others that a wish needs; null = it wants none. Throws as `copiesFor` does. */
export async function othersOf(
  desk: PlanDesk,
  actor: Actor,
  { release, propose }: TakeActionBody,
  select: Selection,
): Promise<ForOthers | null> {
  if (!release?.copyTo) return null
  const messages = await selectedMessages(desk.tx, actor.tenant, select, MANY_COPIED + 1)
  return await copiesFor(desk, messages, release.copyTo, propose ?? false)
}

/** A copy to somebody of ours who was not a recipient: a copy of its own, held until it is released to him at once. */
export async function copyTo(
  desk: PlanDesk,
  actor: Actor,
  wish: TakeActionBody,
  others: ForOthers,
  name: string,
): Promise<TakenBody['actions'][number]> {
  const ids = await addCopies(desk, actor, others)
  const request = {
    kind: 'release' as const,
    select: { deliveryIds: ids },
    name,
    ...(wish.source ? { source: wish.source } : {}),
  }
  const step = { request, scope: {} }
  return shown(step, await desk.submit(request))
}

/**
 * Looks for what stands in the way of giving these messages to others, before anything is written; previews ask it, too. Throws AppError
 * `too-many`, `no-mailbox`, `not-releasable`, `is-recipient`, `copy-needs-approval`.
 */
export async function copiesFor(
  desk: PlanDesk,
  messages: readonly MessageId[],
  addresses: readonly string[],
  propose: boolean,
): Promise<ForOthers> {
  if (messages.length > MANY_COPIED)
    throw new AppError(
      'too-many',
      `Copies of more than ${MANY_COPIED} messages to somebody else are too many.`,
      'Choose fewer messages, or release them without copies to somebody else.',
      { status: 422 },
    )
  const mailboxes = await mailboxesOf(desk, addresses)
  await checkHeld(desk, messages, mailboxes)
  const copies = messages.length * mailboxes.length
  const approval = await desk.approval([{ kind: 'release', copies }], propose)
  if (approval.needed > 0)
    throw new AppError(
      'copy-needs-approval',
      `A copy to somebody else cannot wait for approval${approval.why === null ? '.' : `: ${approval.why}`}`,
      'Choose fewer messages, release them without copies, or let somebody do it who may run actions.',
      { status: 403 },
    )
  return { messages, mailboxes }
}

/** Each mailbox once, by whatever addresses it is named. */
async function mailboxesOf(desk: PlanDesk, addresses: readonly string[]): Promise<readonly Mailbox[]> {
  const found = new Map<string, Mailbox>()
  const others = new Set<string>()
  for (const address of addresses) {
    const { mailboxes, via } = await resolve(desk.tx, address)
    const [mailbox] = mailboxes
    if (mailbox && mailboxes.length === 1 && via !== 'group' && via !== 'none') found.set(mailbox.id, mailbox)
    else others.add(address.trim())
  }
  const [first] = others
  if (first === undefined) return [...found.values()]
  const more = others.size - 1
  throw new AppError(
    'no-mailbox',
    `${first} ${more === 0 ? 'is not a mailbox' : `and ${more} more are not mailboxes`} of this organisation.`,
    'Name the address of one mailbox: a copy of held mail does not leave the organisation.',
  )
}

/** Only what is held can be given to others, and nobody gets it twice. */
async function checkHeld(desk: PlanDesk, messages: readonly MessageId[], mailboxes: readonly Mailbox[]): Promise<void> {
  const { rows } = await sql<{ held: boolean; has: string[] }>`
    select coalesce(bool_or(d.latest_location = 'quarantine'), false) as held,
      coalesce(array_agg(d.mailbox_id) filter (where d.mailbox_id is not null), '{}') as has
    from unnest(${messages}::uuid[]) as m(id)
    left join delivery d on d.tenant_id = recourse_tenant() and d.message_id = m.id
    group by m.id`.execute(desk.tx)
  const free = rows.filter((m) => !m.held).length
  if (free > 0)
    throw new AppError(
      'not-releasable',
      `${of(free, messages.length, 'The')} ${free === 1 ? 'is' : 'are'} not in quarantine.`,
      'Choose messages in quarantine.',
      { status: 409 },
    )
  for (const { id, address } of mailboxes) {
    const had = rows.filter((m) => m.has.includes(id)).length
    if (had > 0) throw isRecipient(address, had, messages.length)
  }
}

const of = (n: number, all: number, the: string): string => (all === 1 ? `${the} message` : `${n} of ${all} messages`)

const isRecipient = (address: string, had: number, all: number): AppError =>
  new AppError(
    'is-recipient',
    `${address} has a copy of ${of(had, all, 'this')} already.`,
    'Release it to that recipient instead.',
    { status: 409 },
  )

/** Makes the copies, held until the release that follows gives them to the others. Throws AppError `is-recipient` where somebody was faster. */
export async function addCopies(desk: PlanDesk, actor: Actor, others: ForOthers): Promise<readonly DeliveryId[]> {
  const ids: DeliveryId[] = []
  for (const messageId of others.messages)
    for (const mailbox of others.mailboxes) {
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
      if (!after.some((d) => d.id === id)) throw isRecipient(mailbox.address, 1, others.messages.length)
      ids.push(id)
    }
  return ids
}
