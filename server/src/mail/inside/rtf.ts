/** Text of compressed RTF (MS-OXRTFCP) or of RTF as it is: enough of it to find addresses. */
export function fromRtf(bytes: Buffer): string {
  const rtf = bytes.length >= 16 && bytes.readUInt32LE(8) === 0x75465a4c ? unpack(bytes) : bytes.toString('latin1', 16)
  return rtf.slice(0, 2 * 1024 * 1024).replace(/\{\\\*\\htmltag\d{0,5} ?|\\(?:line|par|tab)\b ?|[{}]/g, '\n')
}

const PRIMER =
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx'

function unpack(bytes: Buffer): string {
  const size = Math.min(bytes.readUInt32LE(4), 4 * 1024 * 1024)
  const window = Buffer.alloc(4_096, 0x20)
  let write = window.write(PRIMER, 'latin1')
  const out = Buffer.alloc(size)
  let length = 0
  for (let at = 16; at < bytes.length && length < size; ) {
    const control = bytes[at++] ?? 0
    for (let bit = 0; bit < 8 && at < bytes.length && length < size; bit++) {
      if ((control & (1 << bit)) === 0) {
        const byte = bytes[at++] ?? 0
        out[length++] = byte
        window[write] = byte
        write = (write + 1) & 4_095
        continue
      }
      const token = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
      at += 2
      const from = token >> 4
      if (from === write) return out.toString('latin1', 0, length)
      for (let i = 0; i < (token & 15) + 2 && length < size; i++) {
        const byte = window[(from + i) & 4_095] ?? 0
        out[length++] = byte
        window[write] = byte
        write = (write + 1) & 4_095
      }
    }
  }
  return out.toString('latin1', 0, length)
}

/** What an RTF file embeds or loads, in words. */
export function rtfNotes(bytes: Buffer): string[] {
  const text = bytes.toString('latin1', 0, 4 * 1024 * 1024)
  const notes: string[] = []
  if (/\\objdata\b/i.test(text)) notes.push('embeds an object')
  if (/\\objupdate\b/i.test(text)) notes.push('updates its object when opened')
  // "Equation.3", in hex as it stands in the object.
  if (/equation\.3|4571756174696f6e2e33/i.test(text.slice(0, 1024 * 1024).replace(/\s+/g, '')))
    notes.push('uses the equation editor')
  if (/\\\*\\template\s/i.test(text)) notes.push('loads a template')
  if (/\\field\b[^}]{0,200}\bDDE(AUTO)?\b/i.test(text)) notes.push('uses DDE')
  return notes
}
