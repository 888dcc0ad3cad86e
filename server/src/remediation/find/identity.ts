import { createHash } from 'node:crypto'
import type { CopyFacts } from '../types.ts'
import { type Tail, Tails } from './tails.ts'

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const LF = 0x0a
const CR = 0x0d

/** The bytes with CRLF line ends; the same buffer where they have them already. */
export function withCrlf(bytes: Buffer): Buffer {
  const bare: number[] = []
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) bare.push(at)
  }
  if (bare.length === 0) return bytes
  const out = Buffer.allocUnsafe(bytes.length + bare.length)
  let from = 0
  let to = 0
  for (const at of bare) {
    to += bytes.copy(out, to, from, at)
    out[to++] = CR
    from = at
  }
  bytes.copy(out, to, from)
  return out
}

export interface Examined {
  /** Of the bytes as the provider reads them. */
  readonly sha256: string
  /** Of the bytes with CRLF line ends: `delivery.copy_hash`. */
  readonly copyHash: string
  /** Whether these are the bytes that we sent, headers of the mail store in front aside. */
  readonly proven: boolean
  /** What stands in front of the message as received, where the copy ends with it byte for byte; else null. */
  readonly prefix: Buffer | null
}

/** A message quoted at the end of another one is not that message: what stands in front may only be header lines. */
function isHeaders(front: Buffer): boolean {
  if (front.length === 0) return true
  return front[front.length - 1] === LF && front[0] !== LF && !front.includes('\n\n') && !front.includes('\n\r\n')
}

const tails = new Tails()

function endsWith(bytes: Buffer, size: number | null, hash: string | null): Tail | null {
  if (size === null || hash === null || bytes.length < size) return null
  const front = bytes.length - size
  if (!isHeaders(bytes.subarray(0, front))) return null
  const tail = bytes.subarray(front)
  const known = tails.get(hash, tail)
  if (known) return known
  if (sha256(tail) !== hash) return null
  const found = { crlf: withCrlf(tail) === tail }
  tails.add(hash, tail, found)
  return found
}

/**
 * Whether a copy is the message: it ends with what was received or with what we handed on (a mail store only puts headers in front),
 * or it is the copy that was seen before. Headers prove nothing: anybody can write them.
 */
export function examine(bytes: Buffer, facts: CopyFacts): Examined {
  const own = sha256(bytes)
  const tail = endsWith(bytes, facts.messageSize, facts.messageSha256)
  const front = tail ? bytes.subarray(0, bytes.length - facts.messageSize) : bytes
  const crlf = tail?.crlf && withCrlf(front) === front ? bytes : withCrlf(bytes)
  const copyHash = crlf === bytes ? own : sha256(crlf)
  const proven =
    tail !== null ||
    (facts.copyHash !== null && facts.copyHash === copyHash) ||
    endsWith(crlf, facts.sentSize, facts.sentSha256) !== null ||
    (crlf !== bytes && endsWith(crlf, facts.messageSize, facts.messageSha256) !== null)
  // A copy of its own, or the whole message would stay in memory as long as the few bytes in front of it.
  const prefix = tail ? Buffer.from(front) : null
  return { sha256: own, copyHash, proven, prefix }
}

export const isCopyOf = (bytes: Buffer, facts: CopyFacts): boolean => examine(bytes, facts).proven
