import { plainLocal } from '../mail/index.ts'

/** A parsed `<path> PARAM=value …` of MAIL FROM and RCPT TO. */
export interface PathArgument {
  /** '' for the null path `<>`. */
  readonly address: string
  readonly parameters: ReadonlyMap<string, string | null>
}

/** RFC 5321 asks servers to take 64 bytes in front of the @ and to set no limit of their own: bounces come back to longer ones (VERP, SRS). */
const MAX_PATH = 254

/** RFC 5321 §4.1.2: atoms with dots, or a quoted string. Characters beyond ASCII pass; the session knows SMTPUTF8. */
const ATOM = /^[^\s"(),:;<>@[\\\]\p{Cc}]+$/u
const QUOTED = /^"(?:[^"\\\p{Cc}]|\\[\x20-\x7e])*"$/u
const LABEL = /^(?!-)[a-z0-9_\-\u0080-\u{10ffff}]{1,63}(?<!-)$/u
const LITERAL = /^\[[0-9a-f.:ipv]{2,60}\]$/

/** Splits an address at the last @ outside quotes; null when it is none. The domain comes back in lower case, the rest without needless quotes. */
export function parseAddress(text: string): string | null {
  const at = text.lastIndexOf('@')
  if (at < 1 || text.length > MAX_PATH) return null
  const local = text.slice(0, at)
  const domain = text.slice(at + 1).toLowerCase()
  const plain = domain.replace(/\.$/, '')
  if (!QUOTED.test(local) && !local.split('.').every((atom) => ATOM.test(atom))) return null
  if (!LITERAL.test(domain) && !plain.split('.').every((label) => LABEL.test(label))) return null
  return `${plainLocal(local)}@${plain}`
}

/** Where the path ends: the first '>' outside a quoted string. */
function closingBracket(text: string): number {
  let quoted = false
  for (let i = 1; i < text.length; i++) {
    const c = text[i]
    if (c === '\\' && quoted) i++
    else if (c === '"') quoted = !quoted
    else if (c === '>' && !quoted) return i
  }
  return -1
}

function parseParameters(text: string): ReadonlyMap<string, string | null> | null {
  const found = new Map<string, string | null>()
  for (const word of text.split(' ').filter((w) => w !== '')) {
    const match = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?$/.exec(word)
    const name = match?.[1]?.toUpperCase()
    if (!name || found.has(name)) return null
    found.set(name, match?.[2] ?? null)
  }
  return found
}

/**
 * The argument of MAIL FROM: or RCPT TO: (what follows the colon). Null = syntax error. A source route
 * (`@a,@b:user@c`) is dropped as RFC 5321 §3.6.1 says.
 */
export function parsePath(text: string, options: { nullAllowed: boolean }): PathArgument | null {
  const trimmed = text.trimStart()
  if (!trimmed.startsWith('<')) return null
  const end = closingBracket(trimmed)
  if (end === -1) return null
  const after = trimmed.slice(end + 1)
  if (after !== '' && !after.startsWith(' ')) return null
  const parameters = parseParameters(after)
  if (!parameters) return null
  const inner = trimmed.slice(1, end).replace(/^@[^:"]+:/, '')
  if (inner === '') return options.nullAllowed ? { address: '', parameters } : null
  // RFC 5321 §4.5.1: postmaster needs no domain; who that is, is for the organisation to say.
  if (/^postmaster$/i.test(inner) && !options.nullAllowed) return { address: 'postmaster', parameters }
  const address = parseAddress(inner)
  return address === null ? null : { address, parameters }
}

/** xtext (RFC 3461 §4): `+41` is "A". Null when it is not. */
export function decodeXtext(text: string): string | null {
  if (!/^(?:[\x21-\x2a\x2c-\x3c\x3e-\x7e]|\+[0-9A-F]{2})*$/i.test(text)) return null
  const bytes = text.replace(/\+([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Attributes of XCLIENT or XFORWARD; a value of null = [UNAVAILABLE] or [TEMPUNAVAIL]. Null = syntax error. */
export function parseAttributes(text: string, known: ReadonlySet<string>): ReadonlyMap<string, string | null> | null {
  const found = new Map<string, string | null>()
  for (const word of text.split(' ').filter((w) => w !== '')) {
    const eq = word.indexOf('=')
    const name = word.slice(0, eq).toUpperCase()
    const value = eq < 1 ? null : decodeXtext(word.slice(eq + 1))
    if (value === null || !known.has(name)) return null
    const absent = /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(value) || value === ''
    if (!absent && (value.length > 255 || /\p{Cc}/u.test(value))) return null
    found.set(name, absent ? null : value)
  }
  return found.size === 0 ? null : found
}
