// biome-ignore-all lint/suspicious/noControlCharactersInRegex: magic numbers are made of control characters
import { isOle } from './ole.ts'

/** Kinds by their first bytes that matter inside archives; null when not recognised. Synchronous and cheap. */
export function magicOf(name: string, bytes: Buffer): string | null {
  const head = bytes.toString('latin1', 0, 512)
  for (const [pattern, type] of MAGIC) if (pattern.test(head)) return type
  if (head.startsWith('PK\x03\x04')) return zipped(name, bytes)
  if (isOle(bytes)) return 'application/x-cfb'
  return null
}

const MAGIC: readonly [RegExp, string][] = [
  [/^MZ/, 'application/x-msdownload'],
  [/^\x7fELF/, 'application/x-elf'],
  [/^(?:\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe\x00\x00\x00[\x01-\x0f])/, 'application/x-mach-binary'],
  [/^L\x00\x00\x00\x01\x14\x02\x00/, 'application/x.ms.shortcut'],
  [/^\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d/, 'application/onenote'],
  [/^ITSF/, 'application/vnd.ms-htmlhelp'],
  [/^\{\\rt/, 'application/rtf'],
  [/^.{0,400}%PDF-/s, 'application/pdf'],
  [/^\x89PNG\r\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8/, 'image/gif'],
  [/^BM.{4}\x00\x00\x00\x00/s, 'image/bmp'],
  [/^RIFF.{4}WEBP/s, 'image/webp'],
  [/^RIFF.{4}WAVE/s, 'audio/wav'],
  [/^ID3/, 'audio/mpeg'],
  [/^.{4}ftyp/s, 'video/mp4'],
  [/^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,300}?-->\s*)?<svg\b/is, 'image/svg+xml'],
  [
    /^(?:\xef\xbb\xbf)?\s*(?:<!--.{0,300}?-->\s*)?(?:<!doctype\s+html|<html|<head|<body|<script|<meta)\b/is,
    'text/html',
  ],
  [/^\s*\[InternetShortcut\]/i, 'application/x-mswinurl'],
  [/^\s*BEGIN:VCALENDAR/i, 'text/calendar'],
  [/^\x78\x9f\x3e\x22/, 'application/vnd.ms-tnef'],
]

function zipped(name: string, bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, 2_000)
  if (/\[Content_Types\]\.xml|_rels\/\.rels|(?:word|xl|ppt)\//.test(start))
    return 'application/vnd.openxmlformats-officedocument'
  if (/mimetypeapplication\/vnd\.oasis\.opendocument/.test(start)) return 'application/vnd.oasis.opendocument'
  if (/META-INF\/MANIFEST\.MF/.test(start) || /\.jar$/i.test(name)) return 'application/java-archive'
  return 'application/zip'
}
