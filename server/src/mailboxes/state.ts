import type { CopyState, Flags, SystemFlag } from './provider.ts'

export const SYSTEM_FLAGS: readonly SystemFlag[] = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft']

const systemFlag = new Map(SYSTEM_FLAGS.map((flag) => [flag.toLowerCase(), flag]))

/** The five system flags and the keywords among what a server says; `\Recent` and other `\X` are nobody's state. */
export function splitFlags(all: Iterable<string>): { flags: SystemFlag[]; keywords: string[] } {
  const flags: SystemFlag[] = []
  const keywords: string[] = []
  for (const one of all) {
    const known = systemFlag.get(one.toLowerCase())
    if (known) flags.push(known)
    else if (!one.startsWith('\\')) keywords.push(one)
  }
  return { flags: flags.sort(), keywords: keywords.sort() }
}

/** mailbox-semantics A4: what Dovecot or Cyrus refuses, or what would end the atom on the wire. */
function keywordProblem(keyword: string): string | null {
  if (keyword === '') return 'empty'
  if (keyword.length > 50) return 'longer than 50 characters'
  if (keyword.startsWith('\\')) return 'not one of the five system flags'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const bad = /[\x00-\x20\x7f-\uffff(){}%*"\\\]]/.exec(keyword)
  return bad ? `the character ${JSON.stringify(bad[0])} cannot be stored` : null
}

export interface Storable extends Flags {
  /** What cannot be kept, in words. */
  readonly lost: readonly string[]
}

/** What of these flags may go onto the wire; the rest in words. Nothing is dropped in silence (G2, A4, A7). */
export function storableFlags(flags: readonly string[], keywords: readonly string[]): Storable {
  const keep = new Set<SystemFlag>()
  const words = new Map<string, string>()
  const lost: string[] = []
  for (const flag of flags) {
    const known = systemFlag.get(flag.toLowerCase())
    if (known) keep.add(known)
    else if (flag.toLowerCase() !== '\\recent') lost.push(`flag ${flag}: not one of the five system flags`)
  }
  for (const keyword of keywords) {
    const problem = keywordProblem(keyword)
    if (problem) lost.push(`keyword ${JSON.stringify(keyword)}: ${problem}`)
    else if (!words.has(keyword.toLowerCase())) words.set(keyword.toLowerCase(), keyword)
  }
  return { flags: [...keep].sort(), keywords: [...words.values()].sort(), lost }
}

const EARLIEST = Date.UTC(1970, 0, 2)
const LATEST = Date.UTC(2037, 11, 31)

/** The nearest date that servers keep (A3: outside 1970–2037 they change it silently), and what is lost by it. */
export function storableDate(date: Date): { date: Date; lost: readonly string[] } {
  const time = date.getTime()
  if (Number.isNaN(time)) throw new RangeError('the date of a message to restore is not a date')
  if (time >= EARLIEST && time <= LATEST) return { date, lost: [] }
  const clamped = new Date(Math.min(Math.max(time, EARLIEST), LATEST))
  return { date: clamped, lost: [`date ${date.toISOString()}: servers keep only 1970 to 2037`] }
}

const lower = (keywords: readonly string[]) => [...new Set(keywords.map((k) => k.toLowerCase()))].sort().join('\n')

/** Nearly always the same words in the same order. */
const sameWords = (a: readonly string[], b: readonly string[]): boolean =>
  (a.length === b.length && a.every((word, n) => word === b[n])) || lower(a) === lower(b)

/** Keywords are compared without case (A5). */
export function sameFlags(
  a: { readonly flags: readonly string[]; readonly keywords: readonly string[] },
  b: { readonly flags: readonly string[]; readonly keywords: readonly string[] },
): boolean {
  return sameWords(a.flags, b.flags) && sameWords(a.keywords, b.keywords)
}

/** Instants to the second: no server keeps more, and none keeps the zone (A2). */
export function sameInstant(a: Date, b: Date): boolean {
  return Math.floor(a.getTime() / 1000) === Math.floor(b.getTime() / 1000)
}

/** Size, date to the second, flags: what an undo must give back besides bytes and folder. */
export function sameState(a: CopyState, b: CopyState): boolean {
  return a.size === b.size && sameInstant(a.internalDate, b.internalDate) && sameFlags(a, b)
}

/** Our header and the message's own id out of header bytes (which may be the whole message). */
export function idsOf(header: Buffer): Pick<CopyState, 'networkMessageId' | 'internetMessageId'> {
  const end = endOfHeader(header)
  const text = header.toString('latin1', 0, end)
  return {
    networkMessageId: field(text, /^x-recourse-message-id[ \t]*:/im),
    internetMessageId: field(text, /^message-id[ \t]*:/im),
  }
}

function endOfHeader(bytes: Buffer): number {
  const crlf = bytes.indexOf('\r\n\r\n')
  // Only in front of it, or the whole message would be gone through for what is not there.
  const lf = (crlf < 0 ? bytes : bytes.subarray(0, crlf)).indexOf('\n\n')
  return lf >= 0 ? lf : crlf >= 0 ? crlf : bytes.length
}

function field(text: string, name: RegExp): string | null {
  const match = name.exec(text)
  if (!match) return null
  const rest = text.slice(match.index + match[0].length)
  const end = /\r?\n(?![ \t])/.exec(rest)
  const value = (end ? rest.slice(0, end.index) : rest).replace(/\r?\n/g, '').trim()
  return value === '' ? null : value
}
