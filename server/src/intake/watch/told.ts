import type { EventText, Location } from '../../records/index.ts'

export const OWNER = 'owner of the mailbox'

export interface Place {
  readonly location: Location
  readonly folder: string | null
}

export const nameOf = (place: Place): string => place.folder ?? place.location

/** How a copy came to a place, for people; `from` null: nobody knows, it had been removed. */
export function howMoved(from: Place | null, to: Place): string {
  if (from === null || nameOf(from) === nameOf(to)) return `put into ${nameOf(to)} anew`
  return `moved from ${nameOf(from)} to ${nameOf(to)}`
}

export const movedBy = (how: string): EventText => ({
  kind: 'moved',
  actor: OWNER,
  summary: `Was ${how} by its owner`,
})
