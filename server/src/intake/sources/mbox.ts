import { createReadStream } from 'node:fs'
import { messageOf } from '../../base/pure.ts'
import { rawHeaderValues, readHeaders } from '../../mail/pure.ts'
import type { SystemFlag } from '../../mailboxes/index.ts'
import { fromLineDate, receivedAtOf } from './dates.ts'
import { MAX_MESSAGE, type SourceItem } from './types.ts'

const LF = 10
const FROM = Buffer.from('From ')
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
/** Longest line that is looked at as a whole; longer ones cannot be From_ lines and pass in pieces. */
const MAX_LINE = 64 * 1024

interface Line {
  readonly bytes: Buffer
  /** False for a piece in the middle of a very long line. */
  readonly atStart: boolean
  /** Of its first byte within the file. */
  readonly offset: number
}

/** Bytes from which `beginsLikeMbox` can tell. */
export const MBOX_START = BOM.length + FROM.length

/** A From_ line, also after the mark of UTF-8 that some editors put in front of a file. */
export function beginsLikeMbox(start: Buffer): boolean {
  const from = start.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0
  return start.subarray(from, from + FROM.length).equals(FROM)
}

/** Lines with their ends, in bounded pieces, however large the file is. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0)
  let offset = 0
  let atStart = true
  for await (const chunk of chunks) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let at = all.indexOf(LF); at !== -1; at = all.indexOf(LF, from)) {
      yield { bytes: all.subarray(from, at + 1), atStart, offset: offset + from }
      atStart = true
      from = at + 1
    }
    if (all.length - from > MAX_LINE) {
      yield { bytes: all.subarray(from), atStart, offset: offset + from }
      atStart = false
      from = all.length
    }
    offset += from
    rest = Buffer.from(all.subarray(from))
  }
  if (rest.length > 0) yield { bytes: rest, atStart, offset }
}

const afterMark = (line: Line): Line => ({ ...line, bytes: line.bytes.subarray(line.bytes.indexOf(FROM)) })

const isBlank = (line: Buffer): boolean => line.length <= 2 && /^\r?\n$/.test(line.toString('latin1'))

/** After an empty line, `From `, and a time: prose that begins with "From" has none. */
const isSeparator = (line: Buffer): boolean =>
  line.subarray(0, 5).equals(FROM) &&
  /\d{1,2}:\d{2}/.test(line.toString('latin1', 5)) &&
  /\b\d{4}\b/.test(line.toString('latin1', 5))

/** Why a file is no mbox although it begins like one: what follows would be lost with its first line. */
function noFirstLine(line: Buffer): string | null {
  if (/\r[^\n]/.test(line.toString('latin1'))) return 'its lines end with CR alone: convert it (mac2unix)'
  return line.length > MAX_LINE ? 'begins like an mbox, but its first line does not end' : null
}

/** `>From ` was `From `, `>>From ` was `>From ` (mboxrd). */
const unescaped = (line: Buffer): Buffer => (/^>+From /.test(line.toString('latin1', 0, 200)) ? line.subarray(1) : line)

/** Status and X-Status, as mail programs on Unix keep flags in an mbox. */
export function statusFlags(raw: Buffer): SystemFlag[] {
  const headers = readHeaders(raw, 256 * 1024)
  const status = rawHeaderValues(raw, headers, 'status').join('')
  const more = rawHeaderValues(raw, headers, 'x-status').join('')
  const flags: SystemFlag[] = []
  if (status.includes('R')) flags.push('\\Seen')
  if (more.includes('A')) flags.push('\\Answered')
  if (more.includes('F')) flags.push('\\Flagged')
  if (more.includes('D')) flags.push('\\Deleted')
  if (more.includes('T')) flags.push('\\Draft')
  return flags
}

interface Open {
  readonly id: string
  readonly at: Date | null
  readonly pieces: Buffer[]
  size: number
}

/** The messages of an mbox, one at a time; a huge file is never in memory. `source`: its bytes, where they come by a pipe. */
export async function* readMbox(
  path: string,
  options: { highWaterMark?: number; maxMessage?: number; source?: AsyncIterable<Buffer> } = {},
): AsyncGenerator<SourceItem> {
  const limit = options.maxMessage ?? MAX_MESSAGE
  const stream = options.source ?? createReadStream(path, { highWaterMark: options.highWaterMark ?? 256 * 1024 })
  let open: Open | null = null
  let blankBefore = true
  try {
    for await (const found of linesOf(stream)) {
      const line = found.offset === 0 && beginsLikeMbox(found.bytes) ? afterMark(found) : found
      const first = open === null && line.bytes.subarray(0, 5).equals(FROM)
      const why = first && line.offset === 0 ? noFirstLine(line.bytes) : null
      if (why !== null) {
        yield { kind: 'problem', id: path, why }
        return
      }
      if (line.atStart && blankBefore && (first || isSeparator(line.bytes))) {
        if (open) yield finish(open, limit)
        open = { id: `${path}#${line.offset}`, at: fromLineDate(line.bytes.toString('latin1')), pieces: [], size: 0 }
        blankBefore = false
        continue
      }
      blankBefore = line.atStart && isBlank(line.bytes)
      if (!open) continue
      open.size += line.bytes.length
      if (open.size <= limit) open.pieces.push(Buffer.from(line.atStart ? unescaped(line.bytes) : line.bytes))
    }
  } catch (error) {
    yield { kind: 'problem', id: open?.id ?? path, why: messageOf(error) }
    return
  }
  if (open) yield finish(open, limit)
}

function finish(open: Open, limit: number): SourceItem {
  if (open.size > limit) return { kind: 'problem', id: open.id, why: `larger than ${limit} bytes` }
  // The empty line before the next From_ line belongs to the file, not to the message.
  const last = open.pieces.at(-1)
  const pieces = last && isBlank(last) ? open.pieces.slice(0, -1) : open.pieces
  const raw = Buffer.concat(pieces)
  return {
    kind: 'mail',
    id: open.id,
    raw,
    flags: statusFlags(raw),
    folder: null,
    receivedAt: open.at ?? receivedAtOf(raw),
  }
}
