import { oneLine } from '../text.ts'
import { urlFound } from '../urls.ts'
import type { Budget } from './budget.ts'
import { magicOf } from './magic.ts'

const FILE_IN_ONENOTE = Buffer.from('e716e3bd65261145a4c48d4d0b7a9eac', 'hex')

/** Files inside a OneNote section: each stands behind a GUID with its length. */
export function oneNote(bytes: Buffer, opened: (name: string, bytes: Buffer) => void): string[] {
  const notes: string[] = []
  for (
    let at = bytes.indexOf(FILE_IN_ONENOTE);
    at !== -1 && notes.length < 20;
    at = bytes.indexOf(FILE_IN_ONENOTE, at + 16)
  ) {
    if (at + 36 > bytes.length) break
    const length = Number(bytes.readBigUInt64LE(at + 16))
    const content = bytes.subarray(at + 36, Math.min(bytes.length, at + 36 + length))
    const type = magicOf('', content)
    if (type?.startsWith('image/') === true && type !== 'image/svg+xml') continue
    notes.push(`embeds ${type ?? scriptKind(content)}`)
    opened('embedded', content)
  }
  return notes
}

const scriptKind = (bytes: Buffer): string =>
  /\b(?:wscript|createobject|powershell|cmd(?:\.exe)?\s*\/c|@echo|mshta|<hta:)/i.test(
    bytes.toString('latin1', 0, 8_192),
  )
    ? 'a script'
    : 'a file'

/** A Windows shortcut (MS-SHLLINK): what it starts, and with which words. */
export function shortcut(bytes: Buffer, budget: Budget): string[] {
  if (bytes.length < 76 || bytes.readUInt32LE(0) !== 76) return []
  const flags = bytes.readUInt32LE(20)
  const wide = (flags & 0x80) !== 0
  let at = 76
  if ((flags & 1) !== 0 && at + 2 <= bytes.length) at += 2 + bytes.readUInt16LE(at)
  let target = ''
  if ((flags & 2) !== 0 && at + 20 <= bytes.length) {
    const base = at + bytes.readUInt32LE(at + 16)
    target = ascii(bytes, base)
    at += Math.max(4, bytes.readUInt32LE(at))
  }
  const strings: Record<number, string> = {}
  for (const bit of [4, 8, 16, 32, 64]) {
    if ((flags & bit) === 0 || at + 2 > bytes.length) continue
    const length = bytes.readUInt16LE(at) * (wide ? 2 : 1)
    strings[bit] = bytes.toString(wide ? 'utf16le' : 'latin1', at + 2, Math.min(bytes.length, at + 2 + length))
    at += 2 + length
  }
  const line = `${target || strings[8] || ''} ${strings[32] ?? ''}`
  for (const [written] of line.matchAll(/(?:https?|ftp):\/\/[^\s"'`<>|)]{3,1000}/gi)) {
    const url = urlFound(written, 'attachment')
    if (url !== null) budget.urls.push(url)
  }
  const shown = oneLine(line, 180)
  return shown === '' ? ['starts something that is not named'] : [`starts ${shown}`]
}

const ascii = (bytes: Buffer, at: number): string => {
  const end = bytes.indexOf(0, at)
  return at < 0 || at >= bytes.length || end === -1 ? '' : bytes.toString('latin1', at, Math.min(end, at + 1_000))
}

/** An Internet shortcut (`.url`). */
export function internetShortcut(bytes: Buffer, budget: Budget): string[] {
  const target = /^\s*URL\s*=\s*(.{1,2048})$/im.exec(bytes.toString('utf8', 0, 16_384))?.[1]?.trim()
  if (target === undefined) return []
  const url = urlFound(target, 'attachment')
  if (url !== null) budget.urls.push(url)
  return [`opens ${oneLine(target, 180)}`]
}
