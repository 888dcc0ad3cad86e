import { createHash } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { DeliveryId, ItemId } from '../../base/index.ts'
import { type CopyRef, type CopyState, ProviderError, type ProviderErrorCode } from '../../mailboxes/index.ts'
import { uuids } from '../../storage/index.ts'
import type { Desk } from '../desk/desk.ts'
import { sameRef, statesAt } from '../find/read.ts'

const TWICE =
  'The mail server has carried out, late, the command that had been given up, too: the second copy of it in the hold was removed.'

const beside = (folder: string) =>
  `There is a second copy of it in ${folder} since: the mail server has carried out, late, the command that had been given up, too, or the user has copied it; nobody can tell, and both were left.`
const LATER = 'a second copy in a hold cannot be read or removed at the moment: looked at again later'
/** Said of a copy or a folder; all others are of the server or the whole mailbox. */
const OF_ONE: readonly ProviderErrorCode[] = ['refused', 'read-only', 'no-folder', 'changed']

/** A copy that an item has brought to its place. */
export interface Owned {
  readonly item_id: ItemId
  readonly delivery_id: DeliveryId
  readonly ref: CopyRef
}

/** A move that had been given up, of a copy that has been moved since: for the same item, or for that of another action. */
export interface MovedSince {
  readonly item_id: ItemId
  readonly delivery_id: DeliveryId
  /** Where it leads. */
  readonly folder: string
  /** It is a hold of ours. */
  readonly held: boolean
  /** Copies in the hold that the move may have made. */
  readonly candidates: readonly CopyState[]
}

/**
 * A command that was given up may be carried out in the very moment in which the next one is settled, and then there is one copy too many where
 * it leads. Nobody but us brings mail into a hold, so where the copy that we know of is in its place, here or elsewhere, and nothing else of this
 * message is unsettled in the mailbox (`moved` has only such), one with the same bytes is that command's, and is removed. In a folder of the
 * user's it is left, and told. `owned`: copies that items own up to, by their delivery. Gives back the items that must be looked at again.
 */
export async function settleSurplus(
  desk: Desk,
  moved: readonly MovedSince[],
  owned: readonly Owned[],
): Promise<ReadonlySet<ItemId>> {
  const unsure = new Set<ItemId>()
  for (const one of moved) {
    try {
      await settleOne(desk, one, owned)
    } catch (error) {
      // One copy that cannot be read or removed at the moment must keep nothing else in the mailbox waiting.
      if (!(error instanceof ProviderError) || !OF_ONE.includes(error.code)) throw error
      desk.deps.log.warn({ err: error, mailbox: desk.mailbox, item: one.item_id, folder: one.folder }, LATER)
      unsure.add(one.item_id)
    }
  }
  return unsure
}

async function settleOne(desk: Desk, one: MovedSince, owned: readonly Owned[]): Promise<void> {
  const others = one.candidates.filter((c) => !owned.some((o) => sameRef(o.ref, c.ref)))
  if (others.length === 0) return
  const own = owned.filter((o) => o.delivery_id === one.delivery_id && (one.held || o.ref.folder === one.folder))
  const known = new Set<string>()
  const places = own.map((o) => o.ref)
  for (const [folder, refs] of Map.groupBy(places, (ref) => ref.folder))
    for (const hash of (await hashesOf(desk, folder, refs)).values()) known.add(hash)
  if (known.size === 0) return
  const hashes = await hashesOf(
    desk,
    one.folder,
    others.map((c) => c.ref),
  )
  const surplus = others.filter((c) => known.has(hashes.get(c.ref.uid) ?? ''))
  if (surplus.length === 0) return
  const uids = surplus.map((c) => c.ref.uid)
  if (one.held) await (await desk.session()).destroy(one.folder, uids)
  const told = one.held ? TWICE : beside(one.folder)
  // What is removed was the late command's; what lies beside a copy is said of that.
  const of = one.held || own.some((o) => o.item_id === one.item_id) ? one.item_id : own.at(-1)?.item_id
  desk.deps.log.warn({ mailbox: desk.mailbox, item: of, folder: one.folder, uids }, told)
  await desk.commit((tx) =>
    sql`update action_item set reason = coalesce(reason || ' ', '') || ${told}
      where tenant_id = recourse_tenant() and id = ${of}`.execute(tx),
  )
}

/** The deliveries of the same messages: what came to several addresses of a mailbox lies there several times. */
export const siblings = (desk: Desk, of: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`select d.id from delivery d where d.tenant_id = ${desk.tenant} and d.message_id in (
    select own.message_id from delivery own where own.tenant_id = ${desk.tenant} and own.id in (${of}))`

/** Of these, the items beside which another one of the same copy may have come to a hold, or be about to take it, without owning up to it. */
export async function unsettled(
  desk: Desk,
  moved: readonly Pick<MovedSince, 'item_id'>[],
): Promise<ReadonlySet<ItemId>> {
  if (moved.length === 0) return new Set()
  const rows = await desk.deps.storage.tenant(desk.tenant, (tx) =>
    sql<{ id: ItemId }>`select i.id from action_item i
      where i.tenant_id = ${desk.tenant} and i.id = any(${uuids(moved.map((m) => m.item_id))})
        and (exists (select from action_item o where o.tenant_id = i.tenant_id and o.mailbox_id = i.mailbox_id and o.id <> i.id
            and o.delivery_id in (${siblings(desk, sql`select i.delivery_id`)}) and o.state in ('approved', 'executing', 'failed', 'ambiguous'))
          or exists (select from item_late l where l.tenant_id = i.tenant_id and l.mailbox_id = i.mailbox_id and l.item_id <> i.id
            and l.delivery_id in (${siblings(desk, sql`select i.delivery_id`)})))`.execute(tx),
  )
  return new Set(rows.rows.map((r) => r.id))
}

/** SHA-256 of the bytes, by UID, of those of these copies that are still there; of one folder. */
async function hashesOf(desk: Desk, folder: string, refs: readonly CopyRef[]): Promise<ReadonlyMap<number, string>> {
  const hashes = new Map<number, string>()
  const there = (await statesAt(desk, folder, refs)).filter((s) => refs.some((ref) => sameRef(ref, s.ref)))
  if (there.length === 0) return hashes
  const session = await desk.session()
  const uids = there.map((s) => s.ref.uid)
  for await (const { ref, bytes } of session.read(folder, uids))
    hashes.set(ref.uid, createHash('sha256').update(bytes).digest('hex'))
  return hashes
}
