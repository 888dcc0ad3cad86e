import { cleanText, cut, decodeHeader, oneLine } from '../text.ts'
import type { Address } from '../types.ts'
import { addressDomain } from './domains.ts'

/** Mailboxes of one header beyond this are not kept. */
export const MAX_ADDRESSES = 1_000
const MAX_RAW = 1_024

/** What stands between two commas. */
interface Piece {
  raw: string
  /** Text outside brackets and comments, quotes removed. */
  phrase: string
  /** An @ outside quotes: the phrase itself may be the address. */
  bareAt: boolean
  comment: string
  angles: string[]
}

const blank = (): Piece => ({ raw: '', phrase: '', bareAt: false, comment: '', angles: [] })

/**
 * Cuts a list of mailboxes at commas and semicolons outside quotes, comments and brackets. One pass. Null when a quote
 * is never closed: the caller then reads quotes as letters, as mail programs do.
 */
function scan(value: string, quotes: boolean): Piece[] | null {
  const out: Piece[] = []
  let piece = blank()
  let state: 'plain' | 'quoted' | 'angle' = 'plain'
  let comment = 0
  let from = 0
  const flush = (end: number) => {
    piece.raw = value.slice(from, end).trim()
    if (piece.raw !== '') out.push(piece)
    piece = blank()
    from = end + 1
  }
  for (let at = 0; at < value.length && out.length < MAX_ADDRESSES; at++) {
    let c = value[at] ?? ''
    if (comment > 0) {
      comment += c === '(' ? 1 : c === ')' ? -1 : 0
      if (comment > 0) piece.comment += c
      continue
    }
    if (c === '"' && quotes && state !== 'angle') {
      state = state === 'quoted' ? 'plain' : 'quoted'
      continue
    }
    if (c === '\\' && state === 'quoted') c = value[++at] ?? ''
    if (state === 'angle') {
      if (c === '>') state = 'plain'
      else piece.angles.push(`${piece.angles.pop() ?? ''}${c}`)
    } else if (state === 'quoted') piece.phrase += c
    else if (c === '(') comment = 1
    else if (c === '<') {
      state = 'angle'
      piece.angles.push('')
    } else if (c === ',' || c === ';') flush(at)
    else {
      piece.phrase += c
      if (c === '@') piece.bareAt = true
    }
  }
  if (state === 'quoted') return null
  flush(value.length)
  return out
}

/** `Smith, John <j@example.org>` without quotes is one mailbox: a piece without address belongs to the next with one. */
function mergeNames(list: readonly Piece[]): Piece[] {
  const out: Piece[] = []
  let waiting: Piece | null = null
  for (const piece of list) {
    const nameOnly = piece.angles.length === 0 && !piece.bareAt
    if (waiting !== null && (nameOnly || piece.angles.length > 0) && waiting.raw.length < 1_000) {
      const phrase: string = [waiting.phrase.trim(), piece.phrase.trim()].filter((p) => p !== '').join(', ')
      const merged: Piece = { ...piece, raw: `${waiting.raw}, ${piece.raw}`, phrase }
      waiting = nameOnly ? merged : null
      if (!nameOnly) out.push(merged)
      continue
    }
    if (waiting !== null) out.push(waiting)
    waiting = nameOnly ? piece : null
    if (!nameOnly) out.push(piece)
  }
  return waiting === null ? out : [...out, waiting]
}

/**
 * The address as sent when it can be one, with its domain in lower case; local parts keep their case. Control characters are shown as U+FFFD: no
 * database takes NUL, and without an address nothing would be known of the domain.
 */
function addressOf(written: string): string | null {
  const address = written.trim().replace(/\.$/, '')
  const at = address.lastIndexOf('@')
  if (at < 1 || address.length > 320 || /[\s<>,;"%:]/.test(address.slice(at))) return null
  if (/[<>]/.test(address) || (/[\s"]/.test(address) && !/^"[^"]*"@/.test(address))) return null
  const domain = address.slice(at + 1).toLowerCase()
  return domain !== '' && addressDomain(address) !== null ? `${cleanText(address.slice(0, at))}@${domain}` : null
}

const shown = (text: string): string => oneLine(decodeHeader(text.trim()), 512)

function toAddresses(piece: Piece): Address[] {
  const raw = oneLine(piece.raw, MAX_RAW)
  if (piece.angles.length > 0) {
    // Two brackets in one mailbox: programs disagree which one counts, so both are kept.
    const sent = piece.angles.slice(0, 10)
    return sent.map((angle) => ({ name: shown(piece.phrase || piece.comment), address: addressOf(angle), raw }))
  }
  if (/^"[^"]*"@\S+$/.test(piece.raw)) return [{ name: '', address: addressOf(piece.raw), raw }]
  const words = piece.phrase.trim().split(/\s+/)
  const candidates = words.filter((word) => word.includes('@'))
  const address = piece.bareAt && candidates.length === 1 ? addressOf(candidates[0] ?? '') : null
  if (address === null) return [{ name: shown(piece.phrase || piece.comment), address, raw }]
  const rest = words.filter((word) => !word.includes('@')).join(' ')
  return [{ name: shown(rest || piece.comment), address, raw }]
}

/**
 * The mailboxes of one unfolded header value, in order; groups are flattened. A value without any readable mailbox
 * yields one entry with `address: null` and what was written, so that the oddity stays visible. Never throws; work is
 * linear in the value.
 */
export function parseAddresses(value: string): Address[] {
  const bounded = cut(value, 256 * 1024)
  // `Group: a@b, c@d;` has a label that is no part of its first member's name.
  const list = bounded.replace(/^[^<>@"(),;:]{1,200}:(?=[^;]*;\s*$)/, '')
  const pieces = scan(list, true) ?? scan(list, false) ?? []
  const found = mergeNames(pieces).flatMap(toAddresses).slice(0, MAX_ADDRESSES)
  if (found.length > 0) return found
  return [{ name: shown(bounded), address: null, raw: oneLine(bounded, MAX_RAW) }]
}
