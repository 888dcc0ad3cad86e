import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { ItemId } from '../../base/index.ts'
import { type CopyRef, type CopyState, ProviderError, type ProviderErrorCode } from '../../mailboxes/index.ts'
import { uuids } from '../../storage/index.ts'
import type { Desk } from '../desk/desk.ts'
import { sameRef } from '../find/read.ts'

const TWICE =
  'The mail server has carried out, late, the command that had been given up, too: the second copy of it in the hold was removed.'

const LATER = 'a second copy in a hold cannot be read or removed at the moment: looked at again later'
/** Said of a copy or a folder; all others are of the server or the whole mailbox. */
const OF_ONE: readonly ProviderErrorCode[] = ['refused', 'read-only', 'no-folder', 'changed']

/** A move that had been given up, of an item that has been moved since. */
export interface MovedSince {
  readonly item_id: ItemId
  /** The hold where both moves lead. */
  readonly folder: string
  /** Copies in the hold that the move may have made. */
  readonly candidates: readonly CopyState[]
}

/**
 * A command that was given up may be carried out in the very moment in which the next one is settled, and then the message is in the hold twice.
 * Nobody but us brings mail there, so where the copy that we know of is in its place, and nothing else of this message is unsettled in the
 * mailbox, another one with the same bytes is that command's, and is removed. Gives back the items that must be looked at again.
 */
export async function removeSurplus(
  desk: Desk,
  moved: readonly MovedSince[],
  owned: readonly CopyRef[],
): Promise<ReadonlySet<ItemId>> {
  const unsure = new Set(await unsettled(desk, moved))
  for (const one of moved) {
    if (unsure.has(one.item_id)) continue
    try {
      await removeOf(desk, one, owned)
    } catch (error) {
      // One copy that cannot be read or removed at the moment must keep nothing else in the mailbox waiting.
      if (!(error instanceof ProviderError) || !OF_ONE.includes(error.code)) throw error
      desk.deps.log.warn({ err: error, mailbox: desk.mailbox, item: one.item_id, folder: one.folder }, LATER)
      unsure.add(one.item_id)
    }
  }
  return unsure
}

async function removeOf(desk: Desk, one: MovedSince, owned: readonly CopyRef[]): Promise<void> {
  const ours = one.candidates.filter((c) => owned.some((ref) => sameRef(ref, c.ref)))
  const others = one.candidates.filter((c) => !ours.includes(c))
  if (ours.length === 0 || others.length === 0) return
  const hashes = await hashesOf(desk, one.folder, [...ours, ...others])
  const known = new Set(ours.map((c) => hashes.get(c.ref.uid)))
  const surplus = others.filter((c) => hashes.has(c.ref.uid) && known.has(hashes.get(c.ref.uid)))
  if (surplus.length === 0) return
  const uids = surplus.map((c) => c.ref.uid)
  await (await desk.session()).destroy(one.folder, uids)
  desk.deps.log.warn({ mailbox: desk.mailbox, item: one.item_id, folder: one.folder, uids }, TWICE)
  await desk.commit((tx) =>
    sql`update action_item set reason = ${TWICE} where tenant_id = recourse_tenant() and id = ${one.item_id} and reason is null`.execute(
      tx,
    ),
  )
}

/** Of these, the items beside which another one of the same copy may have come to a hold without owning up to it. */
async function unsettled(desk: Desk, moved: readonly MovedSince[]): Promise<ReadonlySet<ItemId>> {
  const rows = await desk.deps.storage.tenant(desk.tenant, (tx) =>
    sql<{ id: ItemId }>`select i.id from action_item i
      where i.tenant_id = ${desk.tenant} and i.id = any(${uuids(moved.map((m) => m.item_id))})
        and (exists (select from action_item o where o.tenant_id = i.tenant_id and o.delivery_id = i.delivery_id and o.id <> i.id
            and o.state in ('approved', 'executing', 'failed', 'ambiguous'))
          or exists (select from item_late l where l.tenant_id = i.tenant_id and l.delivery_id = i.delivery_id and l.item_id <> i.id))`.execute(
      tx,
    ),
  )
  return new Set(rows.rows.map((r) => r.id))
}

async function hashesOf(
  desk: Desk,
  folder: string,
  copies: readonly CopyState[],
): Promise<ReadonlyMap<number, string>> {
  const hashes = new Map<number, string>()
  const session = await desk.session()
  for await (const { ref, bytes } of session.read(
    folder,
    copies.map((c) => c.ref.uid),
  ))
    hashes.set(ref.uid, createHash('sha256').update(bytes).digest('hex'))
  return hashes
}
