import { AppError, instantOf } from '../base/index.ts'

// What people type after a command: read here, or refused with an AppError `usage`, which ends the command with exit code 2.

/** Every command takes --json. */
export interface Json {
  readonly json?: true
}

/** `a, b,,c` → `['a', 'b', 'c']` */
export const split = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** For an option that may be given several times. */
export const collect = (value: string, all: string[] | boolean | undefined): string[] => [
  ...(Array.isArray(all) ? all : []),
  value,
]

/** A day or an instant → ISO 8601 in UTC. */
export function instant(option: string, text: string): string {
  const at = instantOf(text)
  if (at === null)
    throw new AppError('usage', `--${option} "${text}" is no time.`, 'Write 2026-05-01 or 2026-05-01T12:00:00Z.')
  return at.toISOString()
}

/** A whole number from `least` to `most`. */
export function whole(option: string, text: string, least = 0, most = 1e15): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  const cure =
    most < 1e15
      ? `Give a whole number from ${least} to ${most}.`
      : `Give a whole number${least ? ` from ${least}` : ''}.`
  throw new AppError('usage', `--${option} "${text}" is no whole number that is possible here.`, cure)
}

/** A number of days; `never` → null. */
export function daysOrNever(option: string, text: string): number | null {
  if (text === 'never') return null
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text)
  throw new AppError('usage', `--${option} "${text}" is no number of days.`, 'Give whole days, or never.')
}

/** `sender=a@b.example`: kind and value of a list entry. */
export function entryOf(text: string): { kind: string; value: string } {
  const at = text.indexOf('=')
  if (at < 1) throw new AppError('usage', `"${text}" is no entry.`, 'Write kind=value, as in sender=news@shop.example.')
  return { kind: text.slice(0, at).trim(), value: text.slice(at + 1).trim() }
}
