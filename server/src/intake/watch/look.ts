import { uuidv7 } from '../../base/index.ts'
import type { CopyState, FlagsNow, FolderMark, MailboxSession } from '../../mailboxes/index.ts'
import type { KnownFolder } from './types.ts'

/** What one look at one folder brought. */
export interface Seen {
  readonly mark: FolderMark
  /** As it is to be remembered, were everything taken in. */
  readonly folder: KnownFolder
  /** First look at it. */
  readonly fresh: boolean
  readonly renamedFrom: string | null
  readonly arrived: readonly CopyState[]
  readonly backlog: readonly CopyState[]
  /** Where the backlog goes on; null = nothing is left of it. */
  readonly backfillBefore: number | null
  readonly flagged: readonly FlagsNow[]
  /** Whether copies may have vanished: then all UIDs that are there. */
  readonly present: readonly (readonly [number, number])[] | null
}

export interface LookOptions {
  /** Largest number of messages that one look takes from a folder. */
  readonly batch: number
  /** Messages that were there before us, which may be taken now. */
  readonly allow: (wanted: number) => number
  /** Ask for flags where the server keeps no counter of changes. */
  readonly allFlags: boolean
}

/** Folders of a mailbox paired with what is known of them: by the folder's id, else by path and UIDVALIDITY. */
export function pairFolders(marks: readonly FolderMark[], known: readonly KnownFolder[]) {
  const left = new Set(known)
  const pairs = marks.map((mark) => {
    const same = [...left].find(
      (one) =>
        one.uidValidity === mark.uidValidity &&
        (mark.id !== null && one.folderId !== null ? one.folderId === mark.id : one.path === mark.path),
    )
    if (same) left.delete(same)
    return { mark, known: same ?? null }
  })
  return { pairs, gone: [...left] }
}

const newFolder = (mark: FolderMark): KnownFolder => ({
  id: uuidv7(),
  path: mark.path,
  folderId: mark.id,
  uidValidity: mark.uidValidity,
  uidNext: mark.uidNext,
  backfillBefore: mark.messages > 0 ? mark.uidNext : null,
  firstUidNext: mark.uidNext,
  messages: mark.messages,
  modseq: mark.modseq,
})

const differs = (mark: FolderMark, known: KnownFolder): boolean =>
  mark.uidNext !== known.uidNext || mark.messages !== known.messages || mark.modseq !== known.modseq

/**
 * Looks at a folder, if there is anything to see. What came since the last look comes first; then, newest first, what was there
 * before. Null: nothing changed.
 */
export async function lookAt(
  session: MailboxSession,
  mark: FolderMark,
  known: KnownFolder | null,
  options: LookOptions,
): Promise<Seen | null> {
  const folder = known ?? newFolder(mark)
  const renamedFrom = folder.path === mark.path ? null : folder.path
  const blind = mark.modseq === null && options.allFlags
  const behind = folder.backfillBefore !== null
  if (known && renamedFrom === null && !differs(mark, known) && !blind && !behind) return null
  const watched = { folder: mark.path, uidValidity: mark.uidValidity }
  const last = Math.min(mark.uidNext, folder.uidNext + options.batch) - 1
  const arrived = last < folder.uidNext ? [] : await session.between(watched, folder.uidNext, last)
  const allowed = folder.backfillBefore === null ? 0 : Math.min(options.batch, options.allow(options.batch))
  const below = folder.backfillBefore ?? 1
  const from = Math.max(1, below - allowed)
  const backlog = allowed > 0 && below > 1 ? await session.between(watched, from, below - 1) : []
  const changedFlags = known !== null && mark.messages > 0 && (blind || mark.modseq !== known.modseq)
  const flagged = changedFlags ? await session.flagged(watched, known.modseq) : []
  const complete = known !== null && known.messages + arrived.length === mark.messages
  return {
    mark,
    folder: { ...folder, path: mark.path, uidNext: last + 1, messages: mark.messages, modseq: mark.modseq },
    fresh: known === null,
    renamedFrom,
    arrived,
    backlog,
    backfillBefore: folder.backfillBefore === null || (allowed > 0 && from <= 1) ? null : allowed > 0 ? from : below,
    flagged,
    present: known === null || complete ? null : await session.present(watched),
  }
}
