const LF = 10
const CR = 13
const SPACE = 32
const TAB = 9
const COLON = 58

/** One header line with its continuations, as byte offsets into the message; nothing is copied. */
export interface RawHeaderLine {
  /** Lower case, without the blanks that some senders put before the colon; '' for a line that is not a header. */
  readonly name: string
  /** First byte of the name. */
  readonly start: number
  /** First byte after the colon; equals `start` for a line that is not a header. */
  readonly valueStart: number
  /** First byte of the next line: cutting `start` to `end` removes the header with its continuations and line end. */
  readonly end: number
}

export interface RawHeaders {
  readonly lines: readonly RawHeaderLine[]
  /** First byte after the last header line that was read: the empty line, or where reading stopped. */
  readonly headersEnd: number
  /** First byte of the body; the length of the message when it has none. */
  readonly bodyStart: number
  /** False when `maxBytes` was reached before the headers ended; the last line may then be cut. */
  readonly complete: boolean
}

/** The first byte after the line that begins at `from`, or `limit` when it does not end before. */
function lineEnd(raw: Buffer, from: number, limit: number): number {
  const at = raw.indexOf(LF, from)
  return at === -1 || at >= limit ? limit : at + 1
}

function isEmptyLine(raw: Buffer, from: number, end: number): boolean {
  const length = end - from
  return (length === 1 && raw[from] === LF) || (length === 2 && raw[from] === CR && raw[from + 1] === LF)
}

/** Where the colon of a header is, or -1: names are printable ASCII, blanks are tolerated only before the colon. */
function colonOf(raw: Buffer, from: number, end: number): number {
  let at = from
  for (; at < end; at++) {
    const byte = raw[at] ?? 0
    if (byte <= SPACE || byte === COLON || byte >= 127) break
  }
  const nameEnd = at
  while (at < end && (raw[at] === SPACE || raw[at] === TAB)) at++
  return nameEnd > from && raw[at] === COLON ? at : -1
}

/**
 * The header lines of a message, in order, tolerant of everything: LF, CRLF or both mixed, lines that are no headers
 * (name ''), a missing end, 8-bit bytes. A bare CR is not a line end (RFC 5322 §2.3). Never throws; reads at most
 * `maxBytes` bytes, and work grows linearly with them.
 */
export function readHeaders(raw: Buffer, maxBytes: number = 1024 * 1024): RawHeaders {
  // indexOf scans past `limit` when there is no LF before it; a view keeps that bounded.
  const limit = Math.min(raw.length, Math.max(0, Math.floor(maxBytes)))
  const view = raw.subarray(0, limit)
  const lines: RawHeaderLine[] = []
  let at = 0
  while (at < limit) {
    const first = lineEnd(view, at, limit)
    if (isEmptyLine(view, at, first)) return { lines, headersEnd: at, bodyStart: first, complete: true }
    let end = first
    while (end < limit && (view[end] === SPACE || view[end] === TAB)) end = lineEnd(view, end, limit)
    const colon = colonOf(view, at, first)
    const name = colon === -1 ? '' : view.toString('latin1', at, colon).trimEnd().toLowerCase()
    lines.push({ name, start: at, valueStart: colon === -1 ? at : colon + 1, end })
    at = end
  }
  return { lines, headersEnd: at, bodyStart: at, complete: limit === raw.length }
}

/**
 * The value of a header line: unfolded, trimmed, UTF-8 where it is UTF-8, else Latin-1; encoded words are left as they
 * are. At most `maxLength` bytes of it are read.
 */
export function rawHeaderValue(raw: Buffer, line: RawHeaderLine, maxLength: number = 64 * 1024): string {
  const bytes = raw.subarray(line.valueStart, Math.min(line.end, line.valueStart + maxLength))
  const utf8 = bytes.toString('utf8')
  const text = utf8.includes('\uFFFD') ? bytes.toString('latin1') : utf8
  return text.replace(/\r?\n(?=[ \t])/g, '').trim()
}

/** Values of all headers of that name (lower case), topmost first. */
export function rawHeaderValues(raw: Buffer, headers: RawHeaders, name: string): string[] {
  return headers.lines.filter((line) => line.name === name).map((line) => rawHeaderValue(raw, line))
}
