import type { Desk } from './desk.ts'
import type { Change } from './ledger.ts'
import { search } from './seek.ts'
import { pointsOf, type WorkItem } from './types.ts'

/**
 * Copies that are neither where they were nor where they should have come to: the user was faster. A take looks for them anew. So does an
 * undo, but only for one that is still in a folder: what came back and is in none may have been deleted by the user, and must not be put back
 * from the vault as if only our hold were lost. `where` says what is known, as the beginning of a sentence.
 */
export async function nowhere(desk: Desk, items: readonly WorkItem[], where: string): Promise<readonly Change[]> {
  const undoing = items.filter((i) => pointsOf(i) === 'undo')
  const found = new Set((await search(desk, undoing)).filter((s) => s.proven).map((s) => s.item.id))
  return items.map((item): Change => {
    if (pointsOf(item) === 'remediation' || found.has(item.id)) {
      return { item, to: 'approved', why: `${where}: looked for again.` }
    }
    const why = `${where}, nor in any other folder: the user may have deleted it. Its bytes are in the vault.`
    return { item, to: 'ambiguous', why }
  })
}
