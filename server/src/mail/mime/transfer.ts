const LF = 10
const CR = 13
const EQUALS = 61

/** Removes a transfer encoding (lower case) from whole lines. Lines of text end with LF, the last one too. */
export function decodeTransfer(bytes: Buffer, encoding: string): Buffer {
  if (encoding.includes('base64')) return fromBase64(bytes)
  return encoding.includes('quoted-printable') ? fromQuotedPrintable(bytes) : withLineEnds(bytes)
}

function withLineEnds(bytes: Buffer): Buffer {
  if (bytes.length === 0 || (!bytes.includes(CR) && bytes[bytes.length - 1] === LF)) return bytes
  const out = Buffer.allocUnsafe(bytes.length + 1)
  let to = 0
  let line = 0
  const end = () => {
    while (to > line && out[to - 1] === CR) to--
    out[to++] = LF
    line = to
  }
  for (let at = 0; at < bytes.length; at++) {
    const c = bytes[at] ?? 0
    if (c === LF) end()
    else out[to++] = c
  }
  if (bytes[bytes.length - 1] !== LF) end()
  return out.subarray(0, to)
}

/** An `=` that begins no escape stays; one at the end of a line joins it with the next. */
function fromQuotedPrintable(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length + 1)
  let to = 0
  for (let start = 0; start < bytes.length; ) {
    const lf = bytes.indexOf(LF, start)
    const next = lf === -1 ? bytes.length : lf + 1
    let end = lf === -1 ? next : lf
    while (end > start && bytes[end - 1] === CR) end--
    const joined = end > start && bytes[end - 1] === EQUALS
    if (joined) end--
    for (let at = start; at < end; at++) {
      const c = bytes[at] ?? 0
      const high = c === EQUALS && at + 2 < end ? nibble(bytes[at + 1] ?? 0) : -1
      const low = high < 0 ? -1 : nibble(bytes[at + 2] ?? 0)
      if (low < 0) out[to++] = c
      else {
        out[to++] = (high << 4) | low
        at += 2
      }
    }
    if (!joined) out[to++] = LF
    start = next
  }
  return out.subarray(0, to)
}

function nibble(c: number): number {
  if (c >= 48 && c <= 57) return c - 48
  const letter = c | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

const CLEAN = /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/

/** What is no base64 is passed over; padding ends a unit, and another may follow. */
function fromBase64(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  if (CLEAN.test(text)) return unit(text)
  return Buffer.concat(
    text
      .replace(/[^A-Za-z0-9+/=]+/g, '')
      .split(/=+/)
      .map(unit),
  )
}

/** A single character at the end is a group cut off. */
function unit(text: string): Buffer {
  return Buffer.from(text, 'base64')
}
