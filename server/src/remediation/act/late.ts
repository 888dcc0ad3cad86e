import { sql } from 'kysely'
import type { ActionId, DeliveryId, ItemId, MailboxId } from '../../base/index.ts'
import type { CopyRef, CopyState } from '../../mailboxes/index.ts'
import { jsonColumn, type Tx, uuids } from '../../storage/index.ts'
import type { Desk } from '../desk/desk.ts'
import { reached } from '../desk/due.ts'
import { sameRef, statesAt } from '../find/read.ts'
import { type Change, HALF_RELEASED, Tally, transition } from '../ledger/ledger.ts'
import type { ItemState } from '../ledger/states.ts'
import type { HoldPosition, StoredState, WorkItem } from '../types.ts'
import { type Owned, settleSurplus, siblings, unsettled } from './surplus.ts'
import { tellTakenOn } from './taken-on.ts'

/** How long after each look the next one comes; the first one comes when the lease and the command's time have passed. */
const PAUSES_MS = [600_000, 3_600_000]
const AT_A_TIME = 500

const CANCELLED = 'It was cancelled, and had not happened when it was looked at again.'
const LANDED = 'The mail server has carried out, late, the command that had been given up.'
const WHOSE =
  'It has come to its target since: the user has moved it, or the mail server has carried out, late, the command that had been given up; nobody can tell.'
const PASSED =
  'It is no longer in the hold, nor where it should have come to: the mail server has carried out, late, the command that had been given up, and the user has moved or deleted it since; or the hold has lost it.'

/**
 * Moves that had not happened when their doubt was settled. They wait anew, unless the action was cancelled meanwhile; and they are looked for
 * later, for the server may carry out yet what a dead or stalled connection had asked for.
 */
export async function giveUp(
  desk: Desk,
  items: readonly WorkItem[],
  at: { readonly position: HoldPosition; readonly shared: boolean },
): Promise<void> {
  if (items.length === 0) return
  const { leaseMs, deadlineMs } = desk.deps.tuning
  const now = desk.deps.clock()
  await desk.commit(async (tx) => {
    const ids = uuids(items.map((i) => i.id))
    await sql`insert into item_late (tenant_id, item_id, mailbox_id, delivery_id, ref, state, position, shared, look_at)
      select recourse_tenant(), x.id, ${desk.mailbox}, x.delivery_id, x.ref::json, x.state::json, ${JSON.stringify(at.position)}::json,
        ${at.shared}, ${new Date(now.getTime() + leaseMs + deadlineMs)}
      from unnest(${ids}, ${uuids(items.map((i) => i.deliveryId))}, ${jsonColumn(items.map((i) => i.beforeRef))},
        ${jsonColumn(items.map((i) => i.beforeState))}) as x(id, delivery_id, ref, state)
      on conflict (tenant_id, item_id) do update set ref = excluded.ref, state = excluded.state, position = excluded.position,
        shared = excluded.shared, looks = 0, look_at = excluded.look_at`.execute(tx)
    const why = 'Looked at again: nothing had happened to it.'
    await transition(
      tx,
      desk.context(),
      items.map((item): Change => ({ item, to: 'approved', why })),
    )
    const stopped = await sql<{ id: ItemId }>`select i.id from action_item i
      join action a on a.tenant_id = i.tenant_id and a.id = i.action_id and a.decision = 'cancelled'
      where i.tenant_id = recourse_tenant() and i.id = any(${ids}) and not ${HALF_RELEASED}`.execute(tx)
    const ended = items.filter((i) => stopped.rows.some((r) => r.id === i.id))
    await transition(
      tx,
      desk.context(),
      ended.map((item): Change => ({ item: { ...item, state: 'approved' }, to: 'skipped', why: CANCELLED })),
    )
  })
}

interface Late {
  readonly item_id: ItemId
  readonly action_id: ActionId
  readonly mailbox_id: MailboxId
  readonly delivery_id: DeliveryId
  readonly state: ItemState
  readonly retries: boolean
  readonly ref: CopyRef
  readonly before: StoredState
  readonly position: HoldPosition
  readonly shared: boolean
  readonly looks: number
  /** We have taken the copy from there since. */
  readonly explained: boolean
}

/**
 * Looks for what was given up: at its time, or before it is begun anew. What has come to a hold, or out of one, is begun as it was, so that
 * it is settled and ends as what has happened. True: there is something to settle.
 */
export async function lookForLate(desk: Desk): Promise<boolean> {
  const rows = await due(desk)
  if (rows.length === 0) return false
  const open = rows.filter((r) => !r.explained && r.state !== 'done' && r.state !== 'executing')
  const landed: Late[] = []
  const passed: Late[] = []
  for (const part of Map.groupBy(open, (r) => `${r.ref.folder}\n${r.position.folder}`).values()) {
    const gone = await goneOf(desk, part)
    const there = await landedOf(desk, gone)
    landed.push(...there)
    const missing = gone.filter((r) => !there.includes(r))
    if (await isRelease(desk, missing)) passed.push(...missing)
  }
  const moved = rows.filter((r) => r.explained && r.state !== 'executing')
  const waiting = new Set(moved.filter((r) => r.state === 'approved' || r.retries).map((r) => r.item_id))
  const unsure = await lookAtMoved(
    desk,
    moved.filter((r) => !waiting.has(r.item_id)),
  )
  await desk.commit(async (tx) => {
    const tally = new Tally()
    await reopen(tx, desk, { landed, passed }, tally)
    const settled = rows.filter((r) => !open.includes(r) && !unsure.has(r.item_id) && !waiting.has(r.item_id))
    const over = [...settled, ...landed, ...passed]
    await later(tx, desk, rows, new Set(over.map((r) => r.item_id)))
    await tally.write(tx, desk.context())
  })
  return landed.some((r) => !r.shared)
}

async function due(desk: Desk): Promise<readonly Late[]> {
  const { storage, clock } = desk.deps
  const ask = (tx: Tx) =>
    sql<Late>`select l.item_id, i.action_id, l.mailbox_id, l.delivery_id, i.state, i.next_attempt_at is not null as retries, l.ref,
      l.state as before, l.position, l.shared, l.looks,
      exists (select from action_item o join item_seen s on s.tenant_id = o.tenant_id and s.item_id = o.id
        where o.tenant_id = l.tenant_id and o.delivery_id = l.delivery_id and s.after_ref is not null
          and s.before_ref::jsonb = l.ref::jsonb) as explained
    from item_late l join action_item i on i.tenant_id = l.tenant_id and i.id = l.item_id
    where l.tenant_id = ${desk.tenant} and l.mailbox_id = ${desk.mailbox}
      and (${reached(sql`l.look_at`, clock())} or i.state = 'approved')
    order by l.item_id limit ${AT_A_TIME}`.execute(tx)
  const found = await storage.tenant(desk.tenant, ask, { mayRunAgain: true })
  return found.rows
}

/** Out of a hold, from which nobody takes anything but us, to where the user may have moved it on; of one folder, to one folder. */
async function isRelease(desk: Desk, [first]: readonly Late[]): Promise<boolean> {
  if (!first) return false
  return (await desk.holdAt(first.ref.folder)) !== null && (await desk.holdAt(first.position.folder)) === null
}

/** No longer where they were; of one folder. */
async function goneOf(desk: Desk, rows: readonly Late[]): Promise<readonly Late[]> {
  const [first] = rows
  if (!first) return []
  const there = await statesAt(
    desk,
    first.ref.folder,
    rows.map((r) => r.ref),
  )
  return rows.filter((r) => !there.some((c) => c.ref.uid === r.ref.uid && c.ref.uidValidity === r.ref.uidValidity))
}

/** Of those that are gone: what has come to where it should have gone; of one folder, to one folder. */
async function landedOf(desk: Desk, gone: readonly Late[]): Promise<readonly Late[]> {
  const [first] = gone
  if (!first) return []
  const found = await inTarget(desk, first.position.folder, gone)
  const known = await placed(desk, gone)
  const free = found.filter((c) => !known.some(({ ref }) => sameRef(ref, c.ref)))
  return gone.filter((r) => {
    const at = free.findIndex((c) => isIt(r, c))
    if (at >= 0) free.splice(at, 1)
    return at >= 0
  })
}

/** Copies in the folder that may be one of these. */
async function inTarget(desk: Desk, folder: string, rows: readonly Late[]): Promise<readonly CopyState[]> {
  const session = await desk.session()
  if ((await session.position(folder)) === null) return []
  return session.find({
    folders: [folder],
    serverIds: rows.flatMap((r) => r.ref.serverId ?? []),
    networkMessageIds: rows.flatMap((r) => r.before.networkMessageId ?? []),
  })
}

/** Moved by a later command since, and perhaps by the one that was given up as well. Gives back those of which that cannot be told yet. */
async function lookAtMoved(desk: Desk, rows: readonly Late[]): Promise<ReadonlySet<ItemId>> {
  const unsure = new Set(await unsettled(desk, rows))
  const quiet = rows.filter((r) => !unsure.has(r.item_id))
  const between = quiet.filter((r) => r.shared).map((r) => r.item_id)
  await tellTakenOn(desk, between)
  for (const [folder, part] of Map.groupBy(quiet, (r) => r.position.folder)) {
    const held = (await desk.holdAt(folder)) !== null
    const found = await inTarget(desk, folder, part)
    const moved = part.map((r) => ({ ...r, folder, held, candidates: found.filter((c) => mayBe(r, c)) }))
    for (const item of await settleSurplus(desk, moved, await placed(desk, part))) unsure.add(item)
  }
  return unsure
}

/** Has come there since, and may be a copy of it by what it says of itself. */
function mayBe({ before, position }: Late, copy: CopyState): boolean {
  if (copy.ref.uidValidity !== position.uidValidity || copy.ref.uid < position.uidNext) return false
  return copy.size === before.size && copy.internetMessageId === before.internetMessageId
}

function isIt(late: Late, copy: CopyState): boolean {
  const { ref, before } = late
  if (!mayBe(late, copy)) return false
  return ref.serverId === null ? copy.networkMessageId === before.networkMessageId : copy.ref.serverId === ref.serverId
}

/** Copies of the same messages in this mailbox that items own up to, those of its other addresses among them. */
async function placed(desk: Desk, rows: readonly Late[]): Promise<readonly Owned[]> {
  const found = await desk.deps.storage.tenant(desk.tenant, (tx) =>
    sql<Owned>`select o.id as item_id, o.delivery_id, s.after_ref as ref from action_item o
      join item_seen s on s.tenant_id = o.tenant_id and s.item_id = o.id and s.after_ref is not null
      where o.tenant_id = ${desk.tenant} and o.mailbox_id = ${desk.mailbox} and o.delivery_id in (${siblings(desk, sql`select unnest(${uuids(rows.map((r) => r.delivery_id))})`)})
      order by o.id`.execute(tx),
  )
  return found.rows
}

async function reopen(
  tx: Tx,
  desk: Desk,
  { landed, passed }: { readonly landed: readonly Late[]; readonly passed: readonly Late[] },
  tally: Tally,
): Promise<void> {
  // What waits still is looked for where it is before it is begun.
  const listed = [...landed.filter((r) => r.shared), ...passed].filter(
    (r) => r.state !== 'approved' && !r.retries && r.state !== 'ambiguous',
  )
  const begun = landed.filter((r) => !r.shared)
  const itemOf = (r: Late) => ({ id: r.item_id, actionId: r.action_id, state: r.state, mailboxId: r.mailbox_id })
  // Only what is tried again counts as such, and it leaves that count when it moves on.
  for (const r of [...listed, ...begun]) if (r.state === 'failed' && !r.retries) tally.add(r.action_id, { retrying: 1 })
  const changes = [
    ...listed.map(
      (r): Change => ({ item: itemOf(r), to: 'ambiguous', why: passed.includes(r) ? PASSED : WHOSE, late: true }),
    ),
    ...begun.map(
      (r): Change => ({
        item: itemOf(r),
        to: 'executing',
        why: LANDED,
        goesOn: true,
        late: true,
        set: {
          via: 'move',
          before_ref: r.ref,
          before_state: r.before,
          hold_position: r.position,
          after_folder: r.position.folder,
        },
      }),
    ),
  ]
  await transition(tx, desk.context(), changes, tally)
  await sql`insert into item_due (tenant_id, item_id, action_id, mailbox_id)
    select tenant_id, id, action_id, mailbox_id from action_item
    where tenant_id = recourse_tenant() and id = any(${uuids(begun.map((r) => r.item_id))})
    on conflict (tenant_id, item_id) do update set retry_at = null`.execute(tx)
}

/** When the others are looked for again; those that have been found, and after the last look all, are forgotten. */
async function later(tx: Tx, desk: Desk, rows: readonly Late[], over: ReadonlySet<ItemId>): Promise<void> {
  const { leaseMs, deadlineMs } = desk.deps.tuning
  const now = desk.deps.clock().getTime()
  // What waits still, or was begun, is looked for once it has ended.
  const counts = (r: Late) => r.state !== 'approved' && r.state !== 'executing'
  const forgotten = (r: Late) =>
    r.state !== 'executing' && (over.has(r.item_id) || (counts(r) && r.looks >= PAUSES_MS.length))
  const last = rows.filter(forgotten)
  await sql`delete from item_late where tenant_id = recourse_tenant()
    and item_id = any(${uuids(last.map((r) => r.item_id))})`.execute(tx)
  const again = rows.filter((r) => !forgotten(r))
  const pause = (r: Late) => (counts(r) ? (PAUSES_MS[r.looks] ?? 0) : leaseMs + deadlineMs)
  for (const [ms, part] of Map.groupBy(again, pause)) {
    await sql`update item_late l set looks = l.looks + case when i.state in ('approved', 'executing') then 0 else 1 end,
        look_at = ${new Date(now + ms)}
      from action_item i where l.tenant_id = recourse_tenant() and i.tenant_id = l.tenant_id and i.id = l.item_id
        and l.item_id = any(${uuids(part.map((r) => r.item_id))})`.execute(tx)
  }
}

/** Of items that were begun anew because their move had come late: why they are done. */
export async function sayLate(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  if (items.length === 0) return
  await desk.commit((tx) =>
    sql`update action_item i set reason = ${LANDED} where i.tenant_id = recourse_tenant() and i.state = 'done' and i.reason is null
      and i.id = any(${uuids(items.map((i) => i.id))}) and exists (select from item_history h where h.tenant_id = i.tenant_id
        and h.action_id = i.action_id and i.id = any(h.items) and h.why = ${LANDED})`.execute(tx),
  )
}

/** The mailbox does not exist any more. */
export async function forgetLate(tx: Tx, mailbox: MailboxId): Promise<void> {
  await sql`delete from item_late where tenant_id = recourse_tenant() and mailbox_id = ${mailbox}`.execute(tx)
}
