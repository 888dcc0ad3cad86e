import type { CopyRef } from '../../mailboxes/index.ts'
import type { Desk } from '../desk/desk.ts'
import { search } from '../find/seek.ts'
import type { Change } from '../ledger/ledger.ts'
import { type HoldPosition, takes, type WorkItem } from '../types.ts'

export interface Missing {
  readonly item: WorkItem
  /** Where the server said that it came to; null: nobody knows whether it did. */
  readonly came: CopyRef | null
  /** Nobody knows whether it came to a hold, which has taken in something since: where it would have been put. */
  readonly perhaps?: CopyRef
}

/**
 * Copies that are neither where they were nor where they should have come to: the user was faster, or a hold was lost. What is in a folder still
 * is looked for anew. What came back by an undo and is in none may have been deleted by the user, and must not be put back from the vault as if
 * only our hold were lost; nor may what an action has taken out of a hold, to where the user could delete it. What had come to a hold, or
 * may have, nobody could delete there but us: the item keeps its place in it, so that an undo can ask the vault. `where` says what is known,
 * as the beginning of a sentence.
 */
export async function nowhere(desk: Desk, missing: readonly Missing[], where: string): Promise<readonly Change[]> {
  const asked = missing.filter((m) => fateOf(m) !== 'again').map((m) => m.item)
  const found = new Set((await search(desk, asked)).filter((s) => s.proven).map((s) => s.item.id))
  return missing.map((m): Change => {
    const { item } = m
    const fate = fateOf(m)
    if (found.has(item.id) || fate === 'again') return { item, to: 'approved', why: `${where}: looked for again.` }
    const gone = `${where}, nor in any other folder`
    if (fate === 'undone') {
      return { item, to: 'ambiguous', why: `${gone}: the user may have deleted it. Its bytes are in the vault.` }
    }
    if (fate === 'deleted')
      return { item, to: 'not-found', why: `${gone}: the user has deleted it.`, set: { after_ref: m.came } }
    if (fate === 'lost') return heldOnce(item, m.came, `${gone}: it was taken, and its copy in the hold was lost`)
    const perhaps = 'it was taken and its copy in the hold was lost, or the user may have deleted it before'
    return heldOnce(item, m.perhaps ?? null, `${gone}: ${perhaps}`)
  })
}

function heldOnce(item: WorkItem, ref: CopyRef | null, what: string): Change {
  if (item.vaultId === null) return { item, to: 'ambiguous', why: `${what}. The vault has no bytes of it.` }
  const why = `${what}. Its bytes are in the vault: an undo puts it back from there.`
  return { item, to: 'ambiguous', why, set: { after_ref: ref, after_folder: ref?.folder ?? null } }
}

type Fate = 'again' | 'undone' | 'deleted' | 'lost' | 'lost or deleted'

function fateOf({ item, came, perhaps }: Missing): Fate {
  if (item.target.kind !== 'folder') return came ? 'lost' : perhaps ? 'lost or deleted' : 'again'
  if (!takes(item)) return 'undone'
  return came ? 'deleted' : 'again'
}

/** Where each of these would lie in the hold, had the move happened: in the order of their UIDs (A12). A guess, which whoever finds something there proves. */
export function guessed(items: readonly WorkItem[], at: HoldPosition): ReadonlyMap<WorkItem, CopyRef> {
  const inOrder = items.toSorted((a, b) => (a.beforeRef?.uid ?? 0) - (b.beforeRef?.uid ?? 0))
  const { folder, folderId, uidValidity, uidNext } = at
  return new Map(
    inOrder.map((item, n) => {
      const serverId = item.beforeRef?.serverId ?? null
      return [item, { folder, folderId, uidValidity, uid: uidNext + n, serverId }]
    }),
  )
}
