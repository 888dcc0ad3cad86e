import { cleanText, cut, decodeHeader, oneLine } from '../text.ts'
import type { Address, HeaderLine, ParsedMail, WritingFacts } from '../types.ts'
import { subjectFingerprint } from '../words/fingerprints.ts'
import { MAX_ADDRESSES, parseAddresses } from './addresses.ts'
import { fromDomain, fromTrustedHeaders, NO_AUTHENTICATION } from './authentication.ts'
import { type RawHeaders, rawHeaderValue, readHeaders } from './headers.ts'

const NO_WRITING: WritingFacts = {
  language: null,
  charsets: [],
  invisible: 0,
  invisibleWords: [],
  turning: 0,
  mixed: [],
  afterGap: 0,
}

const MAX_LINES = 1_000
const MAX_VALUE = 8_192
const MAX_ALL_VALUES = 256 * 1024

interface Lines {
  readonly kept: HeaderLine[]
  /** Unfolded but not decoded, by lower-case name. */
  readonly raw: ReadonlyMap<string, string[]>
}

function collect(raw: Buffer, headers: RawHeaders, defects: string[]): Lines {
  const kept: HeaderLine[] = []
  const byName = new Map<string, string[]>()
  let budget = MAX_ALL_VALUES
  let stray = 0
  for (const line of headers.lines) {
    if (line.name === '') {
      stray++
      continue
    }
    const value = rawHeaderValue(raw, line)
    if (kept.length >= MAX_LINES || budget <= 0) {
      defects.push('more headers than are kept')
      break
    }
    const list = byName.get(line.name)
    if (list === undefined) byName.set(line.name, [value])
    else list.push(value)
    const name = raw.toString('latin1', line.start, Math.min(line.valueStart - 1, line.start + 200)).trimEnd()
    const shown = cut(cleanText(decodeHeader(value)), Math.min(MAX_VALUE, budget))
    budget -= shown.length
    kept.push({ name, value: shown })
  }
  if (stray > 0) defects.push(`${stray} ${stray === 1 ? 'line' : 'lines'} among the headers without a header name`)
  return { kept, raw: byName }
}

function dateOf(value: string | undefined, defects: string[]): string | null {
  if (value === undefined) return null
  const date = new Date(cut(value, 100))
  const year = date.getUTCFullYear()
  if (year >= 1970 && year <= 9999) return date.toISOString()
  defects.push('unreadable Date header')
  return null
}

/** Mailboxes of all headers of a name; the list may be cut. */
function addressesOf(lines: Lines, name: string, defects: string[]): Address[] {
  const all = (lines.raw.get(name) ?? []).flatMap(parseAddresses)
  if (all.length > MAX_ADDRESSES) defects.push(`more than ${MAX_ADDRESSES} addresses in ${name}`)
  return all.slice(0, MAX_ADDRESSES)
}

/** Angle brackets of a Message-ID or Return-Path removed; null when nothing is left. */
function bracketed(value: string | undefined, max: number): string | null {
  if (value === undefined) return null
  const inside = /<([^<>]*)>/.exec(cut(value, 4_096))?.[1] ?? value
  return oneLine(inside, max) || null
}

function fromDefects(from: readonly Address[], fromHeaders: number, defects: string[]): void {
  if (fromHeaders === 0) defects.push('no From header')
  if (fromHeaders > 1) defects.push(`${fromHeaders} From headers`)
  else if (from.length > 1) defects.push(`${from.length} addresses in the From header`)
  if (from.some((f) => f.address === null)) defects.push('From without a readable address')
}

/** Base64 around plain ASCII: programs encode what needs it; who encodes the rest hides it from whatever does not decode. */
function encodedWithoutNeed(value: string): boolean {
  const words = [...cut(value, 4_096).matchAll(/=\?[^?]{1,40}\?b\?([A-Za-z0-9+/=]{8,800})\?=/gi)]
  return (
    words.length > 0 && words.every((w) => /^[\x20-\x7e]+$/.test(Buffer.from(w[1] ?? '', 'base64').toString('latin1')))
  )
}

/** Every name that can be split into words: what fingerprints leave out because it changes with the recipient. */
export function recipientNames(mail: Pick<ParsedMail, 'to' | 'cc'>): Set<string> {
  const names = new Set<string>()
  for (const { name, address } of [...mail.to, ...mail.cc].slice(0, 50)) {
    const local = address?.slice(0, address.lastIndexOf('@')) ?? ''
    for (const word of `${name} ${local}`.toLowerCase().split(/[^\p{L}\p{M}'’-]+|-/u))
      if (word.length > 1) names.add(word)
  }
  return names
}

/** Whose Authentication-Results are believed, and how many of them from the top; see `MailContext`. */
export interface Trust {
  readonly trustedAuthserv: readonly string[]
  readonly trustedResults?: number | undefined
}

/**
 * What the headers alone give: all a message yields that cannot be parsed further. Reads at most `maxBytes` bytes and
 * never throws on any input.
 */
export function readEnvelope(raw: Buffer, trust: Trust, maxBytes: number): ParsedMail {
  const defects: string[] = []
  const headers = readHeaders(raw, maxBytes)
  if (!headers.complete) defects.push('headers longer than are read')
  const lines = collect(raw, headers, defects)
  const first = (name: string) => lines.raw.get(name)?.[0]
  const from = addressesOf(lines, 'from', defects)
  const fromHeaders = lines.raw.get('from')?.length ?? 0
  fromDefects(from, fromHeaders, defects)
  const subject = oneLine(decodeHeader(first('subject') ?? ''), 4_096)
  if (encodedWithoutNeed(first('subject') ?? '')) defects.push('Subject encoded without need')
  const results = (lines.raw.get('authentication-results') ?? []).slice(0, trust.trustedResults)
  const senders = addressesOf(lines, 'sender', defects)
  return {
    internetMessageId: bracketed(first('message-id'), 998),
    subject,
    date: dateOf(first('date'), defects),
    headers: lines.kept,
    from,
    fromHeaders,
    sender: senders[0] ?? null,
    replyTo: addressesOf(lines, 'reply-to', defects),
    to: addressesOf(lines, 'to', defects),
    cc: addressesOf(lines, 'cc', defects),
    returnPath: bracketed(first('return-path'), 512),
    urls: [],
    attachments: [],
    text: '',
    hasHtml: false,
    html: null,
    writing: NO_WRITING,
    authentication:
      fromTrustedHeaders(results, trust.trustedAuthserv, fromDomain(from, fromHeaders)) ?? NO_AUTHENTICATION,
    fingerprints: { subject: subjectFingerprint(subject), body: null },
    defects,
  }
}
