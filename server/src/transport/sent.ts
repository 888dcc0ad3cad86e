import { createHash } from 'node:crypto'
import type { MessageId } from '../base/index.ts'
import type { Placement, Verdict } from '../judgement/index.ts'
import { readHeaders } from '../mail/index.ts'
import { ourTrace } from './loops.ts'
import type { Client } from './types.ts'

const CR = 13
const LF = 10
const SPACE = 32

/** Headers that only we may set: whoever sends them from outside could steer the rule that files mail. */
const OURS = new Set(['x-recourse-message-id', 'x-recourse-verdict', 'x-recourse-placement'])

/** What the next hop is given, and what proves later that a copy is this message: the copy ends with these bytes. */
export interface Sent {
  readonly bytes: Buffer
  readonly prefix: string
  readonly sha256: string
  readonly size: number
}

export interface PrefixFacts {
  readonly messageId: MessageId
  /** How the message came through the gateway; null for an import, which gets no Received line. */
  readonly trace: Trace | null
  readonly verdict: Pick<Verdict, 'threat' | 'score' | 'placement' | 'wouldPlace' | 'policy'>
  readonly placement: Exclude<Placement, 'quarantine'>
}

export interface Trace {
  readonly hostname: string
  readonly client: Client
  readonly protocol: 'lmtp' | 'smtp'
  readonly at: Date
}

/** A word that cannot end a header or a comment in it. */
const word = (text: string | null): string => (text ?? 'unknown').replace(/[^A-Za-z0-9.:_[\]-]/g, '?').slice(0, 255)

const rfc5322Date = (at: Date): string => at.toUTCString().replace('GMT', '+0000')

/** Our own headers, each a whole line with CRLF; stored with the delivery, because a second attempt sends the same. */
export function sentPrefix(f: PrefixFacts): string {
  const v = f.verdict
  const would = v.wouldPlace === v.placement ? '' : `; would-place=${v.wouldPlace}`
  return [
    ...(f.trace ? received(f.messageId, f.trace) : []),
    `X-Recourse-Message-Id: ${f.messageId}`,
    `X-Recourse-Verdict: ${v.threat}; score=${v.score}; placement=${v.placement}${would}; policy=${v.policy}`,
    `X-Recourse-Placement: ${f.placement}`,
    '',
  ].join('\r\n')
}

/** Where the mail store's rule puts what is sent with this prefix. */
export const placementIn = (prefix: string | null): 'deliver' | 'junk' =>
  prefix?.includes('\r\nX-Recourse-Placement: junk\r\n') ? 'junk' : 'deliver'

const received = (id: MessageId, t: Trace): string[] => [
  `Received: from ${word(t.client.helo)} (${word(t.client.name)} [${word(t.client.ip)}])`,
  `\t${ourTrace(t.hostname)} with ${t.protocol === 'lmtp' ? 'LMTP' : 'ESMTP'} id ${id};`,
  `\t${rfc5322Date(t.at)}`,
]

/**
 * The bytes that are sent: the prefix, then the message without foreign headers of our names, in the form that SMTP
 * can carry. A function of the raw bytes and the prefix alone, so that they can be made again from the blob.
 */
export function buildSent(raw: Buffer, prefix: string): Sent {
  const bytes = Buffer.concat([Buffer.from(prefix, 'utf8'), ...withoutOurs(forSmtp(raw))])
  return { bytes, prefix, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** After `forSmtp`: a bare CR that would become a line end later could hide a header from us. */
function withoutOurs(message: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  for (const line of readHeaders(message, message.length).lines) {
    if (!OURS.has(line.name)) continue
    pieces.push(message.subarray(from, line.start))
    from = line.end
  }
  pieces.push(message.subarray(from))
  return pieces
}

/**
 * SMTP carries lines that end with CRLF (RFC 5321 §2.3.8). A bare LF becomes CRLF, as every MTA reads it; a bare CR
 * becomes a space, as in Postfix, because a reader that takes it for a line end would see other headers than we do. The
 * last line gets its end. Returns the same buffer when nothing is to be done.
 */
export function forSmtp(raw: Buffer): Buffer {
  const extra = countBareLf(raw)
  const complete = raw.length >= 2 && raw[raw.length - 1] === LF
  if (extra === 0 && complete && !hasBareCr(raw)) return raw
  const out = Buffer.allocUnsafe(raw.length + extra + 2)
  let to = 0
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0
    if (byte === LF && (at === 0 || raw[at - 1] !== CR)) out[to++] = CR
    out[to++] = byte === CR && raw[at + 1] !== LF ? SPACE : byte
  }
  if (to < 2 || out[to - 1] !== LF) {
    out[to++] = CR
    out[to++] = LF
  }
  return out.subarray(0, to)
}

function countBareLf(raw: Buffer): number {
  let count = 0
  for (let at = raw.indexOf(LF); at !== -1; at = raw.indexOf(LF, at + 1)) if (raw[at - 1] !== CR) count++
  return count
}

function hasBareCr(raw: Buffer): boolean {
  for (let at = raw.indexOf(CR); at !== -1; at = raw.indexOf(CR, at + 1)) if (raw[at + 1] !== LF) return true
  return false
}
