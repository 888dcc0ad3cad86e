const CR = 13
const LF = 10
const DOT = 46

// Where we are within the CRLF "." CRLF that ends the data, and only that.
const LINE_START = 0
const TEXT = 1
const AFTER_CR = 2
const AFTER_DOT = 3
const AFTER_DOT_CR = 4

export interface DataPart {
  /** Bytes of the message, dots unstuffed; may be a view into the chunk. */
  readonly pieces: readonly Buffer[]
  /** Bytes after the end of the data, or null while it goes on. */
  readonly rest: Buffer | null
}

/**
 * Decodes the DATA stream (RFC 5321 §4.5.2). Only CRLF "." CRLF ends it, and a dot is unstuffed only after CRLF. Any
 * division of the stream into chunks gives the same bytes.
 *
 * `ambiguous` tells that the data held a line that is only a dot and that a laxer server could take for the end
 * (`LF . LF`, `LF . CRLF`, `CRLF . LF`, `CR . CR` and their like): what follows would be commands there, which is how
 * mail is smuggled past a filter. Such a message is refused as a whole.
 */
export interface DataDecoder {
  push(chunk: Buffer): DataPart
  readonly ambiguous: boolean
}

export function createDataDecoder(): DataDecoder {
  let state = LINE_START
  const suspicion = createSuspicion()

  const push = (chunk: Buffer): DataPart => {
    const pieces: Buffer[] = []
    let from = 0
    let at = 0
    while (at < chunk.length) {
      if (state === TEXT) {
        const cr = chunk.indexOf(CR, at)
        if (cr === -1) break
        at = cr + 1
        state = AFTER_CR
        continue
      }
      const byte = chunk[at] ?? 0
      if (state === LINE_START && byte === DOT) {
        pieces.push(chunk.subarray(from, at))
        from = at + 1
        state = AFTER_DOT
      } else if (state === AFTER_DOT && byte === CR) {
        // Held back: it is either the end or, by the stuffing rule, a line that holds a CR.
        pieces.push(chunk.subarray(from, at))
        from = at + 1
        state = AFTER_DOT_CR
      } else if (state === AFTER_DOT_CR) {
        if (byte === LF) return { pieces, rest: chunk.subarray(at + 1) }
        pieces.push(Buffer.from([CR]))
        state = byte === CR ? AFTER_CR : TEXT
      } else if (state === AFTER_CR && byte === LF) {
        state = LINE_START
      } else {
        state = byte === CR ? AFTER_CR : TEXT
      }
      at++
    }
    pieces.push(chunk.subarray(from))
    return { pieces, rest: null }
  }

  return {
    push: (chunk) => {
      const part = push(chunk)
      suspicion.look(part.rest === null ? chunk : chunk.subarray(0, chunk.length - part.rest.length))
      return part
    },
    get ambiguous() {
      return suspicion.found
    },
  }
}

/** Looks for [line end] "." [line end] where at least one of the two is not CRLF, over the bytes as sent. */
function createSuspicion(): { look(chunk: Buffer): void; readonly found: boolean } {
  let found = false
  // As much as a dot needs that is not decided yet: two bytes before it, one after. The data begins after a CRLF.
  let tail = Buffer.from('\r\n')
  const look = (chunk: Buffer): void => {
    if (found) return
    const all = Buffer.concat([tail, chunk])
    // Dots in the first two of the kept bytes were decided with the chunk before.
    for (let dot = all.indexOf(DOT, 2); dot !== -1 && dot + 1 < all.length; dot = all.indexOf(DOT, dot + 1)) {
      if (isAmbiguous(all, dot)) {
        found = true
        return
      }
    }
    tail = Buffer.from(all.subarray(Math.max(0, all.length - 4)))
  }
  return {
    look,
    get found() {
      return found
    },
  }
}

function isAmbiguous(all: Buffer, dot: number): boolean {
  const before = all[dot - 1]
  if (before !== LF && before !== CR) return false
  const after = all[dot + 1]
  const second = all[dot + 2]
  if (after !== CR && after !== LF) return false
  const strictBefore = before === LF && all[dot - 2] === CR
  if (after === LF) return true
  if (second === undefined) return false // not known yet: the next chunk brings it
  if (second === LF) return !strictBefore
  return true // a bare CR after the dot
}
