import { cut } from '../text.ts'
import type { AuthResult } from '../types.ts'
import { addressDomain } from './domains.ts'

/** One result of an Authentication-Results header: `dkim=pass header.d=example.org`. */
export interface MethodResult {
  readonly method: string
  readonly result: AuthResult
  /** Lower-case `ptype.property` to value; the first of each counts. */
  readonly properties: ReadonlyMap<string, string>
  /** All comments, joined: some servers put the DMARC policy there. */
  readonly comment: string
  /** Why, in the server's words: `reason=`, else its comments. */
  readonly reason: string | null
}

export interface AuthHeader {
  /** Lower case; '' when the header names no server, as Microsoft's does. */
  readonly server: string
  readonly results: readonly MethodResult[]
}

const RESULTS: Readonly<Record<string, AuthResult>> = {
  pass: 'pass',
  fail: 'fail',
  hardfail: 'fail',
  softfail: 'softfail',
  neutral: 'neutral',
  none: 'none',
  temperror: 'temperror',
  permerror: 'permerror',
  policy: 'policy',
}

/** What a server's word for a result means; anything it made up is `unknown`. */
export const authResult = (word: string): AuthResult => RESULTS[word.toLowerCase()] ?? 'unknown'

/** Splits at semicolons outside quotes and comments, and takes the comments out. One pass. */
function segments(value: string): { text: string; comment: string }[] {
  const out: { text: string; comment: string }[] = []
  let text = ''
  let comment = ''
  let depth = 0
  let quoted = false
  for (let at = 0; at < value.length; at++) {
    const c = value[at] ?? ''
    if (c === '\\') {
      if (depth === 0) text += value[at + 1] ?? ''
      at++
    } else if (depth > 0) {
      depth += c === '(' ? 1 : c === ')' ? -1 : 0
      comment += depth > 0 ? c : ' '
    } else if (c === '"') quoted = !quoted
    else if (!quoted && c === '(') depth = 1
    else if (!quoted && c === ';') {
      out.push({ text, comment })
      text = ''
      comment = ''
    } else text += c
  }
  out.push({ text, comment })
  return out
}

function methodOf(segment: { text: string; comment: string }): MethodResult | null {
  // `=` may stand between blanks; joined first, every word is then `name=value`.
  const words = segment.text
    .replace(/\s*=\s*/g, '=')
    .trim()
    .split(/\s+/)
  const pairs = words.map((word): [string, string] => {
    const at = word.indexOf('=')
    return at < 1 ? ['', ''] : [word.slice(0, at).toLowerCase(), word.slice(at + 1)]
  })
  const [first] = pairs
  if (first === undefined || first[0] === '') return null
  const properties = new Map<string, string>()
  for (const [name, value] of pairs.slice(1)) if (name !== '' && !properties.has(name)) properties.set(name, value)
  const method = first[0].replace(/\/.*$/, '')
  const reason = reasonOf(statedIn(words) ?? segment.comment)
  return { method, result: authResult(first[1]), properties, comment: segment.comment, reason }
}

/** `reason="not signed by the author"` comes here in several words, as its quotes are gone. */
function statedIn(words: readonly string[]): string | null {
  const at = words.findIndex((word) => /^reason=./i.test(word))
  if (at === -1) return null
  const end = words.findIndex((word, i) => i > at && word.includes('='))
  return words
    .slice(at, end === -1 ? undefined : end)
    .join(' ')
    .slice('reason='.length)
}

const MAX_REASON = 300

/** One line of what a server says; null when it says nothing. */
export function reasonOf(text: string | undefined): string | null {
  const said = cut((text ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim(), MAX_REASON)
  return said === '' ? null : said
}

/** Reads one unfolded Authentication-Results value (RFC 8601), also without a server name. Never throws. */
export function parseAuthHeader(value: string): AuthHeader {
  const all = segments(cut(value, 16_384))
  const [head] = all
  const named = head !== undefined && !head.text.includes('=')
  const server = named ? (head.text.trim().split(/\s+/)[0] ?? '').toLowerCase() : ''
  const results = (named ? all.slice(1) : all).map(methodOf).filter((r) => r !== null)
  return { server, results }
}

/** `pattern` is a server name, `*.name` for every host below a domain, or '' for headers that name no server. */
export function isTrusted(server: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase()
    return wanted.startsWith('*.')
      ? server.endsWith(wanted.slice(1)) && server.length >= wanted.length
      : server === wanted
  })
}

/**
 * The results of the trusted headers at the top: reading stops at the first header of a server that is not trusted,
 * because everything below it was there when the message arrived and may be forged. A trusted server removes forged
 * headers in its own name (RFC 8601 §5).
 */
export function trustedResults(values: readonly string[], trusted: readonly string[]): MethodResult[] {
  const out: MethodResult[] = []
  for (const value of values.slice(0, 50)) {
    const header = parseAuthHeader(value)
    if (!isTrusted(header.server, trusted)) break
    out.push(...header.results)
  }
  return out
}

/** Domain of a property that may hold an address, an angle-bracketed address or a domain. */
export function propertyDomain(result: MethodResult | undefined, ...names: string[]): string | null {
  for (const name of names) {
    const value = result?.properties.get(name)?.replace(/^<|>$/g, '').replace(/^@/, '')
    if (value !== undefined && value !== '' && value !== 'none') return addressDomain(value)
  }
  return null
}
