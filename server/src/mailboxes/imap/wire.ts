import { splitFlags } from '../state.ts'
import { expandSet } from './sets.ts'
import { encodeMailbox } from './utf7.ts'

/** What goes into a command; imapflow quotes and escapes it. */
export type Arg =
  | { readonly type: 'ATOM'; readonly value: string; readonly section?: readonly Arg[] }
  | { readonly type: 'STRING' | 'SEQUENCE'; readonly value: string }
  | { readonly type: 'LITERAL'; readonly value: Buffer; readonly isLiteral8: boolean }
  | readonly Arg[]

export const atom = (value: string): Arg => ({ type: 'ATOM', value })
export const quoted = (value: string): Arg => ({ type: 'STRING', value })
export const sequence = (value: string): Arg => ({ type: 'SEQUENCE', value })
export const atoms = (values: readonly string[]): Arg => values.map(atom)
export const mailbox = (path: string): Arg => quoted(encodeMailbox(path))
export const parenthesised = (...names: string[]): Arg => names.map(atom)
export const section = (value: string, ...inside: readonly Arg[]): Arg => ({ type: 'ATOM', value, section: inside })

// What imapflow's parser gives back is untyped at this door; these read it without believing it.

export const isList = (token: unknown): token is readonly unknown[] => Array.isArray(token)

export function valueIn(token: unknown): string | Buffer | null {
  if (typeof token !== 'object' || token === null || !('value' in token)) return null
  const { value } = token
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value
  return typeof value === 'number' ? String(value) : null
}

export function textOf(token: unknown): string | null {
  const value = valueIn(token)
  return Buffer.isBuffer(value) ? value.toString('latin1') : value
}

export const sectionOf = (token: unknown): readonly unknown[] | null =>
  typeof token === 'object' && token !== null && 'section' in token && isList(token.section) ? token.section : null

export const attributesOf = (response: unknown): readonly unknown[] =>
  typeof response === 'object' && response !== null && 'attributes' in response && isList(response.attributes)
    ? response.attributes
    : []

export const commandOf = (response: unknown): string =>
  typeof response === 'object' && response !== null && 'command' in response && typeof response.command === 'string'
    ? response.command
    : ''

/** The response code in brackets: `[COPYUID 1 2:3 4:5]` → `['COPYUID', '1', '2:3', '4:5']`, lists left out. */
export function codeOf(response: unknown): readonly string[] {
  const [first] = attributesOf(response)
  if (valueIn(first)) return []
  return (sectionOf(first) ?? []).map(textOf).filter((text) => text !== null)
}

/** The human text of a response. */
export function humanOf(response: unknown): string {
  return attributesOf(response)
    .map((token) =>
      typeof token === 'object' && token !== null && 'type' in token && token.type === 'TEXT' ? token : null,
    )
    .map(textOf)
    .filter((text) => text !== null)
    .join(' ')
    .trim()
}

/** Numbers of an untagged SEARCH. */
export function searchOf(response: unknown): number[] {
  if (typeof response === 'object' && response !== null && 'numbers' in response && isList(response.numbers)) {
    return response.numbers.map(Number)
  }
  return attributesOf(response)
    .map(textOf)
    .filter((text) => text !== null)
    .map(Number)
    .filter(Number.isSafeInteger)
}

/** Pairs of a parenthesised list `(UID 5 FLAGS (…))`; a section is part of the name: `BODY[]`, `BODY[HEADER.FIELDS]`. */
export function pairsOf(list: unknown): Map<string, unknown> {
  const pairs = new Map<string, unknown>()
  if (!isList(list)) return pairs
  for (let i = 0; i + 1 < list.length; i += 2) {
    const inside = sectionOf(list[i])
    const name = (textOf(list[i]) ?? '').toUpperCase()
    pairs.set(inside ? `${name}[${inside.map(textOf).filter(Boolean).join(' ').toUpperCase()}]` : name, list[i + 1])
  }
  return pairs
}

export interface Fetched {
  readonly uid: number
  readonly flags: ReturnType<typeof splitFlags> | null
  readonly internalDate: Date | null
  readonly size: number | null
  readonly serverId: string | null
  readonly modseq: bigint | null
  readonly header: Buffer | null
  readonly body: Buffer | null
  /** The whole message by BINARY (A9). */
  readonly binary: Buffer | null
}

const bytesOf = (token: unknown): Buffer | null => {
  const value = valueIn(token)
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : value
}

/** One `* 3 FETCH (…)`. Null when it has no UID (an unsolicited flag change that is none of ours). */
export function fetchedOf(response: unknown): Fetched | null {
  const pairs = pairsOf(attributesOf(response)[1])
  const uid = Number(textOf(pairs.get('UID')) ?? Number.NaN)
  if (!Number.isSafeInteger(uid)) return null
  const flags = pairs.get('FLAGS')
  const date = textOf(pairs.get('INTERNALDATE'))
  const size = textOf(pairs.get('RFC822.SIZE'))
  const emailId = pairs.get('EMAILID')
  const modseq = pairs.get('MODSEQ')
  return {
    uid,
    flags: isList(flags) ? splitFlags(flags.map(textOf).filter((flag) => flag !== null)) : null,
    internalDate: date === null ? null : parseDate(date),
    size: size === null ? null : Number(size),
    serverId: textOf(pairs.get('X-GUID')) ?? (isList(emailId) ? textOf(emailId[0]) : null),
    modseq: isList(modseq) ? BigInt(textOf(modseq[0]) ?? 0) : null,
    header: bytesOf(pairs.get('BODY[HEADER.FIELDS]')),
    body: bytesOf(pairs.get('BODY[]')),
    binary: bytesOf(pairs.get('BINARY[]')),
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `31-Jan-2019 21:34:05 +0000`; Cyrus pads the day with a space (A2). */
export function parseDate(text: string): Date | null {
  const match = /^ ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(text)
  if (!match) return null
  const [, day, month, year, h, m, s, sign, zh, zm] = match
  const at = MONTHS.indexOf(month ?? '')
  if (at < 0) return null
  const zone = (sign === '-' ? -1 : 1) * (Number(zh) * 60 + Number(zm)) * 60_000
  return new Date(Date.UTC(Number(year), at, Number(day), Number(h), Number(m), Number(s)) - zone)
}

export function formatDate(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${two(date.getUTCDate())}-${MONTHS[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, '0')}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
}

export interface CopyUid {
  readonly uidValidity: string
  /** old UID → new UID; both sets are ascending whatever was asked (A12). */
  readonly pairs: ReadonlyMap<number, number>
}

export function copyUidOf(response: unknown): CopyUid | null {
  const [name, uidValidity, from, to] = codeOf(response)
  if (name?.toUpperCase() !== 'COPYUID' || !uidValidity || !from || !to) return null
  const olds = expandSet(from)
  const news = expandSet(to)
  if (olds.length !== news.length) return null
  return { uidValidity, pairs: new Map(olds.map((old, i) => [old, news[i] ?? 0])) }
}
