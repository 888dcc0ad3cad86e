import { hash } from 'node:crypto'
import { fileTypeFromBuffer } from 'file-type'
import type { Part } from './mime/tree.ts'
import { decodeHeader, oneLine } from './text.ts'
import type { AttachmentFound } from './types.ts'

/** Kinds that have no magic number but run or lure; looked for after blanks and byte-order marks. */
const BY_TEXT: readonly [RegExp, string][] = [
  [/^(?:<!doctype\s+html|<html|<head|<body|<script)\b/i, 'text/html'],
  [/^(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,500}?-->\s*)?(?:<!doctype\s+svg[^>]{0,300}>\s*)?<svg\b/is, 'image/svg+xml'],
  [/^#!\s*\/[\w/. -]{1,80}/, 'text/x-script'],
  [/^BEGIN:VCALENDAR\b/i, 'text/calendar'],
  [/^BEGIN:VCARD\b/i, 'text/vcard'],
  [/^\[InternetShortcut\]/i, 'application/x-mswinurl'],
]

/** The type by content; null when it is not recognised. Looks at the first 256 KiB, which is where magic numbers are. */
export async function realType(content: Buffer): Promise<string | null> {
  if (content.length === 0) return null
  const head = content.toString('latin1', 0, 1_024).replace(/^(?:\u00ef\u00bb\u00bf)?\s*/, '')
  for (const [pattern, type] of BY_TEXT) if (pattern.test(head)) return type
  try {
    return (await fileTypeFromBuffer(content.subarray(0, 256 * 1024)))?.mime ?? null
  } catch {
    return null
  }
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'message/rfc822': 'eml',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/calendar': 'ics',
  'application/pdf': 'pdf',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
}

/** Facts of one part that is not the body. A part without a name gets one from its type. */
export async function attachmentOf(part: Part, order: number): Promise<AttachmentFound> {
  const named = part.fileName === null ? '' : oneLine(decodeHeader(part.fileName), 255)
  return {
    name: named || `part-${order}.${EXTENSIONS[part.type] ?? 'bin'}`,
    declaredType: oneLine(part.type, 127),
    realType: await realType(part.content),
    size: part.content.length,
    sha256: hash('sha256', part.content),
    inline: part.disposition === 'inline' || (part.disposition === '' && part.contentId !== null),
    contentId: part.contentId === null ? null : oneLine(part.contentId, 255),
  }
}
