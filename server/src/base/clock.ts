/** What time it is; given to whatever depends on it, so that tests can move it. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** A clock that stands still until it is moved. */
export function testClock(start: Date): Clock & { set(at: Date): void; advance(ms: number): void } {
  let at = start.getTime()
  return {
    now: () => new Date(at),
    set: (to) => {
      at = to.getTime()
    },
    advance: (ms) => {
      at += ms
    },
  }
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i

/** The instant that is written as ISO 8601; null for anything else, and for days that do not exist: a Date takes 30 February for 2 March. */
export function instantOf(text: string): Date | null {
  const [, year, month, day] = ISO.exec(text) ?? []
  const date = new Date(text)
  if (day === undefined || Number.isNaN(date.getTime())) return null
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return Number(day) <= last ? date : null
}
