import { NO_HEADERS, type PartHeaders, readPartHeaders } from './part-headers.ts'
import { decodeTransfer } from './transfer.ts'

/** One part as the lines of a message make it. */
export interface MimeNode {
  readonly children: readonly MimeNode[]
  readonly headers: PartHeaders
  /** Transfer encoding removed, lines end with LF; of a multipart, everything that lies in none of its parts. */
  readonly content: Buffer
}

export interface MimeSizes {
  /** Multiparts in multiparts. */
  readonly maxDepth: number
  /** Header bytes of all parts together. */
  readonly maxHeaderBytes: number
}

/** A message that exceeds a limit; `message` says which, in words for the verdict. */
export class LimitError extends Error {}

/**
 * The parts of a message, as postal-mime finds them (the tests compare the two), without its work for each line of a body: only a
 * line that begins with two hyphens can end one, so only those are looked at. Throws LimitError.
 */
export function readMime(raw: Buffer, sizes: MimeSizes): MimeNode {
  return new Reader(raw, sizes).read()
}

/** A part while it is read. */
class Open implements MimeNode {
  readonly parent: Open | null
  readonly depth: number
  readonly children: Open[] = []
  headers: PartHeaders
  content: Buffer = Buffer.alloc(0)
  inHeaders = true
  finished = false
  /** Stretches of the message that are its body, whole lines: from, to, from, to. */
  readonly body: number[] = []
  /** What its boundary lines begin with; null = it has none. */
  boundary: Buffer | null = null
  private finishedChildren = 0

  constructor(parent: Open | null, usual: 'text/plain' | 'message/rfc822') {
    this.parent = parent
    this.depth = parent === null ? 0 : parent.depth + 1
    this.headers = NO_HEADERS[usual]
    parent?.children.push(this)
  }

  finish(raw: Buffer): void {
    if (this.finished) return
    this.finished = true
    this.finishChildren(raw)
    const pieces: Buffer[] = []
    for (let i = 0; i + 1 < this.body.length; i += 2) pieces.push(raw.subarray(this.body[i], this.body[i + 1]))
    const [only] = pieces
    if (only !== undefined)
      this.content = decodeTransfer(pieces.length === 1 ? only : Buffer.concat(pieces), this.headers.encoding)
  }

  finishChildren(raw: Buffer): void {
    for (; this.finishedChildren < this.children.length; this.finishedChildren++)
      this.children[this.finishedChildren]?.finish(raw)
  }
}

/** A boundary line. */
interface Crossing {
  readonly of: Open
  /** The last one of its multipart. */
  readonly ends: boolean
}

const LF = 10
const CR = 13
const HYPHEN = 45
const LINE_OF_HYPHENS = Buffer.from('\n--')

class Reader {
  private readonly raw: Buffer
  private readonly sizes: MimeSizes
  private readonly root = new Open(null, 'text/plain')
  /** Multiparts whose boundaries count, outermost first. */
  private readonly open: Open[] = []
  private headerBytes = 0
  private at = 0

  constructor(raw: Buffer, sizes: MimeSizes) {
    this.raw = raw
    this.sizes = sizes
  }

  read(): MimeNode {
    const { raw, root } = this
    if (raw.length === 0) return root
    let part = root
    while (this.at < raw.length) {
      const crossing = part.inHeaders ? this.readHeaders(part) : this.readBody(part)
      if (crossing !== null) part = this.cross(crossing)
    }
    root.finish(raw)
    return root
  }

  /** Reads up to the empty line, or to a boundary in its place. */
  private readHeaders(part: Open): Crossing | null {
    const { raw } = this
    const { maxHeaderBytes } = this.sizes
    /** Those that say something about the part; each in its lines. */
    const headers: Buffer[][] = []
    let last: Buffer[] | null = null
    let crossing: Crossing | null = null
    for (let first = true; this.at < raw.length; first = false) {
      const start = this.at
      this.at = this.nextLine(start)
      const end = this.textEnd(start, this.at)
      crossing = this.boundaryIn(start, end)
      if (crossing !== null) break
      if (end === start) {
        part.inHeaders = false
        break
      }
      this.headerBytes += end - start
      if (this.headerBytes > maxHeaderBytes)
        throw new LimitError(`the maximum header size of ${maxHeaderBytes} bytes exceeded`)
      const c = raw[start]
      const goesOn = c === 32 || c === 9
      if (!goesOn || first) {
        // All names that matter here begin with a C.
        last = goesOn || c === 67 || c === 99 ? [] : null
        if (last !== null) headers.push(last)
      }
      last?.push(raw.subarray(start, end))
    }
    part.headers = readPartHeaders(headers, part.headers)
    if (!part.inHeaders) this.begin(part)
    return crossing
  }

  private begin(part: Open): void {
    const { value, params } = part.headers.type
    const boundary = value.startsWith('multipart/') ? params['boundary'] : undefined
    if (boundary === undefined || boundary === '') return
    part.boundary = Buffer.from(`--${boundary}`)
    this.open.push(part)
  }

  /** Reads up to the next boundary that counts. */
  private readBody(part: Open): Crossing | null {
    const { raw } = this
    const from = this.at
    let to = raw.length
    let crossing: Crossing | null = null
    let at = this.open.length === 0 ? raw.length : from
    while (at < raw.length && crossing === null) {
      if (raw[at] !== HYPHEN || raw[at + 1] !== HYPHEN) at = raw.indexOf(LINE_OF_HYPHENS, at) + 1
      if (at === 0) break
      const next = this.nextLine(at)
      crossing = this.boundaryIn(at, this.textEnd(at, next))
      if (crossing !== null) to = at
      at = next
    }
    if (!part.finished && to > from) part.body.push(from, to)
    this.at = crossing === null ? raw.length : at
    return crossing
  }

  /** What is read after a boundary. */
  private cross({ of, ends }: Crossing): Open {
    if (ends) of.finish(this.raw)
    else of.finishChildren(this.raw)
    while (this.open.at(-1)?.finished) this.open.pop()
    if (ends) return of.parent ?? this.root
    if (of.depth + 1 > this.sizes.maxDepth)
      throw new LimitError(`the maximum MIME nesting depth of ${this.sizes.maxDepth} levels exceeded`)
    // RFC 2046 §5.1.5
    return new Open(of, of.headers.type.value === 'multipart/digest' ? 'message/rfc822' : 'text/plain')
  }

  /** The innermost multipart whose boundary a line is; blanks may follow (RFC 2046 §5.1.1). */
  private boundaryIn(start: number, end: number): Crossing | null {
    const { raw } = this
    if (raw[start] !== HYPHEN || raw[start + 1] !== HYPHEN) return null
    for (let i = this.open.length - 1; i >= 0; i--) {
      const of = this.open[i]
      const mark = of?.boundary
      if (of === undefined || mark == null) continue
      let at = start + mark.length
      if (at > end || raw.compare(mark, 0, mark.length, start, at) !== 0) continue
      const ends = at + 2 <= end && raw[at] === HYPHEN && raw[at + 1] === HYPHEN
      if (ends) at += 2
      while (at < end && (raw[at] === 32 || raw[at] === 9)) at++
      if (at === end) return { of, ends }
    }
    return null
  }

  private nextLine(at: number): number {
    const end = this.raw.indexOf(LF, at)
    return end === -1 ? this.raw.length : end + 1
  }

  /** End of a line without what ends it. */
  private textEnd(start: number, next: number): number {
    let end = next
    while (end > start && (this.raw[end - 1] === LF || this.raw[end - 1] === CR)) end--
    return end
  }
}
