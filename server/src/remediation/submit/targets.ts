import { sql } from 'kysely'
import type { ActionId, DeliveryId, ItemId, MessageId, TenantId } from '../../base/index.ts'
import type { Location } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import { isOpen } from '../ledger/open.ts'
import type { ActionRequest, MailKind, MoveTarget, Selection } from '../types.ts'
import { decisionTable } from './possible.ts'
import { chosen, classified, isEvidence, type Scope } from './select.ts'

/** A selected copy with its latest location, and what would be done with it. */
export interface TargetCopy {
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly recipient: string
  readonly location: Location
  readonly folder: string | null
  readonly does: 'move' | 'release' | 'none'
  /** Why nothing is done with it. */
  readonly reason: string | null
}

interface Found {
  id: DeliveryId
  message_id: MessageId
  recipient: string
  location: Location
  folder: string | null
}

/** Copies of a selection in the order of their ids, each with what one of these actions would do with it. */
export async function targetsOf(
  tx: Tx,
  asker: { readonly tenant: TenantId; readonly user: string | null },
  steps: readonly { readonly request: ActionRequest; readonly scope: Scope }[],
  select: Selection,
  page: { readonly limit: number; readonly after: string | null },
): Promise<readonly TargetCopy[]> {
  const { tenant } = asker
  const ids = await chosen(tx, tenant, select)
  const copies = await sql<Found>`
    select d.id, d.message_id, d.recipient, d.latest_location as location, d.latest_folder as folder from delivery d
    where d.tenant_id = ${tenant} and d.id in (${ids}) and (${page.after}::uuid is null or d.id > ${page.after}::uuid)
    order by d.id limit ${page.limit}`.execute(tx)
  const fates = new Map<DeliveryId, Pick<TargetCopy, 'does' | 'reason'>>()
  for (const { request, scope } of steps) {
    const here = { ...request, select: { deliveryIds: copies.rows.map((c) => c.id) } }
    const k = classified(tenant, here, await chosen(tx, tenant, here.select), {
      ...scope,
      automation: asker.user === null,
    })
    const found = await sql<{ id: DeliveryId; is: string; reason: string | null }>`
      with ${k} select id, "is", reason from k`.execute(tx)
    for (const { id, is, reason } of found.rows) {
      const does = is !== 'actionable' ? 'none' : request.kind === 'release' ? 'release' : 'move'
      if (!fates.has(id) || does !== 'none') fates.set(id, { does, reason })
    }
  }
  const none = { does: 'none', reason: steps.length === 0 ? null : 'It is not among the chosen recipients.' } as const
  return copies.rows.map((c) => ({
    deliveryId: c.id,
    messageId: c.message_id,
    recipient: c.recipient,
    location: c.location,
    folder: c.folder,
    ...(fates.get(c.id) ?? none),
  }))
}

/** At most so many copies go back to Sent at a time. */
const MOST = 10_000

/** Copies of senders of the selected messages that a deletion took out of their Sent and that nobody has put back, by action. */
export async function sentToPutBack(
  tx: Tx,
  tenant: TenantId,
  select: Selection,
): Promise<readonly { readonly actionId: ActionId; readonly items: readonly ItemId[] }[]> {
  const ids = await chosen(tx, tenant, select)
  const rows = await sql<{ action_id: ActionId; items: ItemId[] }>`
    select action_id, array_agg(id order by id) as items from (
      select i.action_id, i.id from action_item i where i.tenant_id = ${tenant} and i.sender_copy and i.state = 'done'
        and i.reverted_by is null and i.undoes is null and i.message_id in (
          select d.message_id from delivery d where d.tenant_id = ${tenant} and d.id in (${ids}))
      limit ${MOST}) x group by action_id order by action_id`.execute(tx)
  return rows.rows.map((r) => ({ actionId: r.action_id, items: r.items }))
}

/** Of these addresses, those to whom none of the selected messages was sent. */
export async function strangers(
  tx: Tx,
  tenant: TenantId,
  select: Selection,
  addresses: readonly string[],
): Promise<readonly string[]> {
  const ids = await chosen(tx, tenant, select)
  const small = addresses.map((a) => a.trim().toLowerCase())
  const rows = await sql<{ recipient_key: string }>`
    select distinct d.recipient_key from delivery d where d.tenant_id = ${tenant} and d.id in (${ids})
      and d.recipient_key = any(${small}::text[])`.execute(tx)
  const known = new Set(rows.rows.map((r) => r.recipient_key))
  return addresses.filter((a) => !known.has(a.trim().toLowerCase()))
}

/** Messages of a selection, each once, the first `limit` of them. */
export async function selectedMessages(
  tx: Tx,
  tenant: TenantId,
  select: Selection,
  limit: number,
): Promise<readonly MessageId[]> {
  const ids = await chosen(tx, tenant, select)
  const rows = await sql<{ message_id: MessageId }>`
    select distinct d.message_id from delivery d where d.tenant_id = ${tenant} and d.id in (${ids})
    order by d.message_id limit ${limit}`.execute(tx)
  return rows.rows.map((r) => r.message_id)
}

/** Everything that can be chosen in Take action, in the order of the wizard. */
const CHOICES: readonly { readonly kind: MailKind; readonly target: MoveTarget | null }[] = [
  { kind: 'move', target: 'inbox' },
  { kind: 'move', target: 'junk' },
  { kind: 'move', target: 'deleted-items' },
  { kind: 'soft-delete', target: null },
  { kind: 'hard-delete', target: null },
  { kind: 'release', target: null },
]

export interface Possible {
  readonly kind: MailKind
  readonly target: MoveTarget | null
  /** That it would touch; 0: it cannot be chosen. */
  readonly copies: number
}

interface Fact {
  location: Location
  in_mailbox: boolean
  delivered: boolean
  releasing: boolean
  evidence: boolean
  n: number
}

/**
 * What can be chosen for a selection, and how many copies it would touch. The copies are counted once, by their facts; the rule is asked
 * for each combination. Inbox of what is in quarantine is its release: it can be chosen where that can.
 */
export async function possibleFor(tx: Tx, tenant: TenantId, select: Selection): Promise<readonly Possible[]> {
  const ids = await chosen(tx, tenant, select)
  const facts = await sql<Fact>`
    select location, in_mailbox, delivered, releasing, evidence, count(*)::int as n from (
      select d.latest_location as location, d.mailbox_id is not null as in_mailbox,
        d.ref is not null or d.handover not in ('none', 'refused') as delivered,
        d.latest_location = 'quarantine' and exists (select 1 from action_item i
          join action a on a.tenant_id = i.tenant_id and a.id = i.action_id and a.kind = 'release'
          where i.tenant_id = d.tenant_id and i.delivery_id = d.id and ${isOpen('i')}) as releasing, ${isEvidence} as evidence
      from delivery d where d.tenant_id = ${tenant} and d.id in (${ids})) x
    group by 1, 2, 3, 4, 5`.execute(tx)
  const touched = CHOICES.map(({ kind, target }) => {
    const rules = decisionTable(kind, target, 'take').filter((r) => r.is === 'actionable' && !r.released)
    const fits = (f: Fact) =>
      !(kind === 'release' ? f.releasing : f.evidence) &&
      rules.some((r) => r.location === f.location && r.in_mailbox === f.in_mailbox && r.delivered === f.delivered)
    return { kind, target, copies: facts.rows.reduce((sum, f) => sum + (fits(f) ? f.n : 0), 0) }
  })
  const released = touched.find((c) => c.kind === 'release')?.copies ?? 0
  return touched.map((c) => (c.target === 'inbox' ? { ...c, copies: c.copies + released } : c))
}
