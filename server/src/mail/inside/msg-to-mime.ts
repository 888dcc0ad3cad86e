import { randomBytes } from 'node:crypto'
import { isOle, type OleStream, readOle } from './ole.ts'
import { fromRtf } from './rtf.ts'

const MAX_FILES = 100
const MAX_LEVELS = 3

/**
 * An Outlook file (`.msg`) that stands where a message should, as a message: its own headers where they were kept, its texts and files.
 * Null for everything else. What a person drags out of Outlook is this, not what was sent: signatures cannot be checked any more.
 */
export function msgToMime(bytes: Buffer): Buffer | null {
  if (!isOle(bytes)) return null
  const streams = readOle(bytes)
  if (!streams.some((s) => s.path === '__properties_version1.0')) return null
  return messageAt(streams, '', 0)
}

function messageAt(streams: readonly OleStream[], at: string, level: number): Buffer {
  const property = (tag: string): Buffer | null =>
    streams.find((s) => s.path === `${at}__substg1.0_${tag}`)?.read() ?? null
  const text = (id: string): string =>
    (property(`${id}001F`)?.toString('utf16le') ?? property(`${id}001E`)?.toString('latin1') ?? '').replace(/\0+$/, '')
  const boundary = `=_${randomBytes(12).toString('hex')}`
  const parts = [...bodies(text, property), ...files(streams, at, level)]
  const head = `${headersOf(text)}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n`
  return Buffer.concat([
    Buffer.from(head),
    ...parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
}

type Text = (id: string) => string

/** Those that came with it, without what describes the parts; else what Outlook shows. */
function headersOf(text: Text): string {
  const kept = text('007D')
    .replace(/\r?\n/g, '\n')
    .split(/\n(?![ \t])/)
    .filter((line) => /^[\x21-\x39\x3b-\x7e]+:/.test(line) && !/^(content-[a-z-]+|mime-version):/i.test(line))
  if (kept.some((line) => /^from:/i.test(line))) return `${kept.join('\n').replace(/\n/g, '\r\n')}\r\n`
  const line = (name: string, value: string) => (value === '' ? '' : `${name}: ${value.replace(/[\r\n\0]+/g, ' ')}\r\n`)
  const address = [text('5D01'), text('0C1F'), text('0065')].find((a) => a.includes('@')) ?? ''
  const name = (text('0C1A') || text('0042')).replace(/["\\]/g, '')
  return (
    line('From', address === '' ? name : `"${name}" <${address}>`) +
    line('To', text('0E04').replaceAll(';', ',')) +
    line('Cc', text('0E03').replaceAll(';', ',')) +
    line('Subject', text('0037')) +
    line('Message-ID', text('1035'))
  )
}

function bodies(text: Text, property: (tag: string) => Buffer | null): Buffer[] {
  const plain = text('1000')
  const html = property('10130102') ?? (text('1013') === '' ? null : Buffer.from(text('1013')))
  const rtf = property('10090102')
  const out: Buffer[] = []
  if (html !== null) out.push(part('text/html', '', html))
  else if (plain !== '') out.push(part('text/plain; charset=utf-8', '', Buffer.from(plain)))
  else if (rtf !== null) {
    const shown = fromRtf(rtf)
    // RTF that was made of HTML holds it in pieces.
    out.push(part(/<html|<body/i.test(shown) ? 'text/html' : 'text/plain; charset=utf-8', '', Buffer.from(shown)))
  }
  return out
}

function files(streams: readonly OleStream[], at: string, level: number): Buffer[] {
  const storages = new Set<string>()
  for (const { path } of streams)
    if (path.startsWith(`${at}__attach_version1.0_`)) storages.add(path.slice(0, path.indexOf('/', at.length) + 1))
  return [...storages].slice(0, MAX_FILES).flatMap((storage) => {
    const own = (tag: string) => streams.find((s) => s.path === `${storage}__substg1.0_${tag}`)?.read() ?? null
    const name =
      own('3707001F')?.toString('utf16le') ??
      own('3704001F')?.toString('utf16le') ??
      own('3707001E')?.toString('latin1') ??
      own('3704001E')?.toString('latin1') ??
      'file'
    const inner = `${storage}__substg1.0_3701000D/`
    if (streams.some((s) => s.path.startsWith(inner)))
      return level < MAX_LEVELS ? [part('message/rfc822', name, messageAt(streams, inner, level + 1), '8bit')] : []
    const data = own('37010102')
    return data === null ? [] : [part(own('370E001F')?.toString('utf16le') ?? 'application/octet-stream', name, data)]
  })
}

function part(type: string, name: string, data: Buffer, encoding: 'base64' | '8bit' = 'base64'): Buffer {
  const safe = (value: string) => value.replace(/[\r\n"\\\0]+/g, ' ').trim()
  const named = name === '' ? '' : `Content-Disposition: attachment; filename="${safe(name).slice(0, 255)}"\r\n`
  const content = encoding === 'base64' ? Buffer.from(data.toString('base64').replace(/.{76}/g, '$&\r\n')) : data
  return Buffer.concat([
    Buffer.from(`Content-Type: ${safe(type)}\r\n${named}Content-Transfer-Encoding: ${encoding}\r\n\r\n`),
    content,
  ])
}
