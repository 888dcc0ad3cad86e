import type { CopyState } from '../../mailboxes/index.ts'
import { type Desk, storedState } from '../desk/desk.ts'
import type { OneOfTwo, TwoCopies } from '../ledger/both.ts'
import type { WorkItem } from '../types.ts'

export interface Found {
  readonly item: WorkItem
  readonly source: CopyState
  readonly target: CopyState
}

/** The two copies of each item, to be written down with the doubt. */
export async function twoOf(desk: Desk, found: readonly Found[]): Promise<readonly TwoCopies[]> {
  const one = async (copy: CopyState, sha256: string | null): Promise<OneOfTwo> => {
    const { location } = await desk.placeOf(copy.ref.folder)
    return { ref: copy.ref, state: storedState(copy, sha256, null), location }
  }
  return Promise.all(
    found.map(async ({ item, source, target }) => ({
      id: item.id,
      source: await one(source, item.beforeState?.sha256 ?? null),
      target: await one(target, null),
    })),
  )
}
