import { createHash } from 'node:crypto'
import type { CopyState, SpecialUse } from '../../mailboxes/index.ts'
import type { Location } from '../../records/index.ts'

/** What a user can say by a keyword (IANA's registry of IMAP keywords); clients differ in case and in the dollar. */
const SAID: readonly (readonly [bit: number, names: readonly string[]])[] = [
  [1, ['$junk', 'junk']],
  [2, ['$notjunk', 'notjunk', 'nonjunk', '$nonjunk']],
  [4, ['$phishing', 'phishing']],
]
export const JUNK = 1
export const NOT_JUNK = 2
export const PHISHING = 4

export function marksOf(keywords: readonly string[]): number {
  const lower = new Set(keywords.map((keyword) => keyword.toLowerCase()))
  return SAID.reduce((bits, [bit, names]) => (names.some((name) => lower.has(name)) ? bits | bit : bits), 0)
}

/** What a move keeps where the server has no ids of its own: a candidate for *the same message*, never a proof. */
export const likenessOf = ({ internetMessageId, size, internalDate }: CopyState): string =>
  createHash('sha256').update(`${internetMessageId} ${size} ${internalDate.getTime()}`).digest('hex').slice(0, 20)

const LOCATIONS: ReadonlyMap<SpecialUse | null, Location> = new Map([
  ['inbox', 'inbox'],
  ['junk', 'junk'],
  ['trash', 'deleted-items'],
])

/** The place of a copy, as records name it. */
export function placeIn(folder: { readonly path: string; readonly use: SpecialUse | null }): {
  readonly location: Location
  readonly folder: string | null
} {
  const location = LOCATIONS.get(folder.use) ?? 'folder'
  return { location, folder: location === 'folder' ? folder.path : null }
}

/** Folders whose mail the user wrote: known, so that moves are understood, but not judged as received. */
export const isOwnWriting = (use: SpecialUse | null): boolean => use === 'drafts' || use === 'sent'

export type Opinion = 'should-not-have-been-blocked' | 'should-have-been-blocked'

/** The place of a copy in a user's eyes: what he files in folders below Junk is junk. `junk` = path of Junk, null: there is none. */
export function seenAs(
  place: { readonly location: Location; readonly folder: string | null },
  junk: string | null,
): Location {
  if (place.folder === null || junk === null) return place.location
  return place.folder.startsWith(junk) && /^[./\\]/.test(place.folder.slice(junk.length)) ? 'junk' : place.location
}

/**
 * What a move by a user says about the message: into Junk and out of it are opinions, emptying Junk into the trash is housekeeping
 * (and so is taking something back from there). Places as `seenAs` has them.
 */
export function opinionOfMove(from: Location, to: Location): Opinion | null {
  if (to === 'junk' && (from === 'inbox' || from === 'folder')) return 'should-have-been-blocked'
  if (from === 'junk' && (to === 'inbox' || to === 'folder')) return 'should-not-have-been-blocked'
  return null
}

/** What keywords say that were not there before; a contradiction says nothing. */
export function opinionOfMarks(
  before: number,
  now: number,
): { opinion: Opinion; threat: 'phish' | 'spam' | null } | null {
  const fresh = now & ~before
  const bad = fresh & (JUNK | PHISHING)
  if (bad && fresh & NOT_JUNK) return null
  if (bad) return { opinion: 'should-have-been-blocked', threat: fresh & PHISHING ? 'phish' : 'spam' }
  return fresh & NOT_JUNK ? { opinion: 'should-not-have-been-blocked', threat: null } : null
}
