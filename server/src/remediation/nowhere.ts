import type { CopyRef } from '../mailboxes/index.ts'
import type { Desk } from './desk.ts'
import type { Change } from './ledger.ts'
import { search } from './seek.ts'
import { pointsOf, type WorkItem } from './types.ts'

export interface Missing {
  readonly item: WorkItem
  /** Where the server said that it came to; null: nobody knows whether it did. */
  readonly came: CopyRef | null
}

/**
 * Copies that are neither where they were nor where they should have come to: the user was faster. What is in a folder still is looked for
 * anew. What came back by an undo and is in none may have been deleted by the user, and must not be put back from the vault as if only our hold
 * were lost; nor may what an action has taken out of a hold, to where the user could delete it. `where` says what is known, as the beginning of
 * a sentence.
 */
export async function nowhere(desk: Desk, missing: readonly Missing[], where: string): Promise<readonly Change[]> {
  const undoing = (item: WorkItem) => pointsOf(item) === 'undo'
  const reachable = ({ item, came }: Missing) => came !== null && item.target.kind !== 'hold'
  const asked = missing.filter((m) => undoing(m.item) || reachable(m)).map((m) => m.item)
  const found = new Set((await search(desk, asked)).filter((s) => s.proven).map((s) => s.item.id))
  return missing.map((m): Change => {
    const { item, came } = m
    if (found.has(item.id) || !(undoing(item) || reachable(m)))
      return { item, to: 'approved', why: `${where}: looked for again.` }
    const gone = `${where}, nor in any other folder: the user`
    if (undoing(item)) return { item, to: 'ambiguous', why: `${gone} may have deleted it. Its bytes are in the vault.` }
    return { item, to: 'not-found', why: `${gone} has deleted it.`, set: { after_ref: came } }
  })
}
