import { sql } from 'kysely'
import type { DeliveryId, ItemId, MailboxId, MessageId, TenantId } from '../base/index.ts'
import type { Cause } from '../judgement/index.ts'
import type { CopyRef } from '../mailboxes/index.ts'
import { copiesMatching, type Location } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import { type Classified, classify } from './plan.ts'
import { type ActionRequest, type Place, placeAt, type Selection, type StoredState } from './types.ts'

/** A recipient copy as recorded, with what stands in the way of an action. */
export interface Copy {
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly mailboxId: MailboxId | null
  readonly recipient: string
  readonly location: Location
  readonly folder: string | null
  readonly ref: CopyRef | null
  readonly handover: string
}

interface Row {
  id: DeliveryId
  message_id: MessageId
  mailbox_id: MailboxId | null
  recipient: string
  latest_location: Location
  latest_folder: string | null
  ref: CopyRef | null
  handover: string
}

const columns = sql`d.id, d.message_id, d.mailbox_id, d.recipient, d.latest_location, d.latest_folder, d.ref, d.handover`

/** The copies that a request selects; for a release only those of the named recipients. Order: message, copy. */
export async function selectCopies(tx: Tx, tenant: TenantId, request: ActionRequest): Promise<readonly Copy[]> {
  const rows = await selected(tx, tenant, request.select)
  const only = request.recipients && new Set(request.recipients.map((r) => r.toLowerCase()))
  const wanted = only ? rows.filter((r) => only.has(r.recipient.toLowerCase())) : rows
  return wanted.map((r) => ({
    deliveryId: r.id,
    messageId: r.message_id,
    mailboxId: r.mailbox_id,
    recipient: r.recipient,
    location: r.latest_location,
    folder: r.latest_folder,
    ref: r.ref,
    handover: r.handover,
  }))
}

async function selected(tx: Tx, tenant: TenantId, select: Selection): Promise<readonly Row[]> {
  if ('filter' in select) {
    const ids = copiesMatching(tx, select.filter).select('d.id')
    return (
      await sql<Row>`select ${columns} from delivery d where d.tenant_id = ${tenant} and d.id in (${ids})
      order by d.message_id, d.id`.execute(tx)
    ).rows
  }
  if ('deliveryIds' in select) {
    return (
      await sql<Row>`select ${columns} from delivery d where d.tenant_id = ${tenant}
      and d.id = any(${sql.val([...select.deliveryIds])}::uuid[]) order by d.message_id, d.id`.execute(tx)
    ).rows
  }
  const recipients = select.recipients?.map((r) => r.toLowerCase()) ?? null
  return (
    await sql<Row>`select ${columns} from delivery d where d.tenant_id = ${tenant}
    and d.message_id = any(${sql.val([...select.messageIds])}::uuid[])
    and (${recipients}::text[] is null or lower(d.recipient) = any(${recipients}::text[]))
    order by d.message_id, d.id`.execute(tx)
  ).rows
}

/** What an item of the plan starts with. */
export interface Planned {
  readonly copy: Copy
  readonly is: Classified
  readonly target: Place
  /** For a copy that was taken from a folder: the way back to it. */
  readonly back: Taking | null
}

/** The item that has put a copy where it is, with the folder it came from. */
export interface Taking {
  readonly itemId: ItemId
  readonly deliveryId: DeliveryId
  readonly before: Place
  readonly beforeState: StoredState | null
  readonly vaultId: string | null
}

/** Decides for every copy what the action would do with it; from recorded state only. */
export async function plan(
  tx: Tx,
  tenant: TenantId,
  request: ActionRequest,
  copies: readonly Copy[],
  options: { readonly automation: boolean },
): Promise<readonly Planned[]> {
  const ids = copies.map((c) => c.deliveryId)
  const release = request.kind === 'release'
  const releases = release ? await releasesOf(tx, tenant, ids) : new Map<string, 'open' | 'done'>()
  const taken = release ? await takingsOf(tx, tenant, ids) : new Map<string, Taking>()
  const guarded = options.automation && request.cause ? await guardedBy(tx, tenant, ids, request.cause) : new Set()
  return copies.map((copy) => {
    const is = guarded.has(copy.deliveryId)
      ? ({
          is: 'impossible',
          reason: 'It was taken back from this cause before: automation does not take it again.',
        } as const)
      : releases.get(copy.deliveryId) === 'open'
        ? ({ is: 'impossible', reason: 'A release to this recipient is under way.' } as const)
        : classify(request.kind, request.target ?? null, {
            location: copy.location,
            inMailbox: copy.mailboxId !== null,
            delivered: copy.ref !== null || (copy.handover !== 'none' && copy.handover !== 'refused'),
            released: releases.get(copy.deliveryId) === 'done',
          })
    const back = taken.get(copy.deliveryId) ?? null
    const goal = is.is === 'actionable' ? is.target : placeAt(copy.location)
    return { copy, is, target: back && is.is === 'actionable' ? back.before : goal, back }
  })
}

async function releasesOf(tx: Tx, tenant: TenantId, ids: readonly DeliveryId[]): Promise<Map<string, 'open' | 'done'>> {
  const rows = await sql<{ delivery_id: string; open: boolean }>`
    select i.delivery_id, bool_or(i.state <> 'done') as open
    from action_item i join action a on a.tenant_id = i.tenant_id and a.id = i.action_id
    where i.tenant_id = ${tenant} and i.delivery_id = any(${sql.val([...ids])}::uuid[]) and a.kind = 'release'
      and (i.state in ('planned', 'approved', 'executing') or (i.state = 'failed' and i.next_attempt_at is not null)
        or (i.state = 'done' and i.reverted_by is null))
    group by i.delivery_id`.execute(tx)
  return new Map(rows.rows.map((r) => [r.delivery_id, r.open ? 'open' : 'done']))
}

async function takingsOf(tx: Tx, tenant: TenantId, ids: readonly DeliveryId[]): Promise<Map<string, Taking>> {
  const rows = await sql<{
    id: ItemId
    delivery_id: DeliveryId
    before_location: Location
    before_folder: string | null
    ref: CopyRef | null
    state: StoredState | null
    vault_id: string | null
  }>`
    select distinct on (i.delivery_id) i.id, i.delivery_id, i.before_location, i.before_folder, i.vault_id, b.ref, b.state
    from action_item i
    left join item_copy b on b.tenant_id = i.tenant_id and b.item_id = i.id and b.side = 'before'
    where i.tenant_id = ${tenant} and i.delivery_id = any(${sql.val([...ids])}::uuid[]) and i.state = 'done'
      and i.same_as is null and i.reverted_by is null and i.before_kind = 'folder' and i.after_location = 'quarantine'
    order by i.delivery_id, i.id desc`.execute(tx)
  const takings = rows.rows.map(
    (r): Taking => ({
      itemId: r.id,
      deliveryId: r.delivery_id,
      before: {
        kind: 'folder',
        location: r.before_location,
        folder: r.before_folder,
        folderId: r.ref?.folderId ?? null,
      },
      beforeState: r.state,
      vaultId: r.vault_id,
    }),
  )
  return new Map(takings.map((t) => [t.deliveryId, t]))
}

/** Of these copies, those that automation may not take for this cause in this version. */
export async function guardedBy(
  tx: Tx,
  tenant: TenantId,
  ids: readonly DeliveryId[],
  cause: Cause,
): Promise<ReadonlySet<DeliveryId>> {
  const rows = await sql<{ delivery_id: DeliveryId }>`
    select delivery_id from guard where tenant_id = ${tenant} and delivery_id = any(${sql.val([...ids])}::uuid[])
      and cause_kind = ${cause.kind} and cause_id = ${cause.id} and cause_version = ${cause.version}`.execute(tx)
  return new Set(rows.rows.map((r) => r.delivery_id))
}
