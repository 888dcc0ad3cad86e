import { parseAddresses } from '../headers/addresses.ts'
import { readHtml } from '../html/html.ts'
import { oneLine } from '../text.ts'
import type { MessageFacts } from '../types.ts'
import { urlsInText } from '../urls.ts'
import type { Budget } from './budget.ts'
import { type OleStream, readOle } from './ole.ts'
import { fromRtf } from './rtf.ts'

const MAX_TEXT = 2 * 1024 * 1024
const MAX_FILES = 50

/** A file inside a message that stands in a file. */
export type Opened = (name: string, bytes: Buffer) => void

/** Outlook's `.msg` (MS-OXMSG): properties are streams named by their number and type. Null when it is none. */
export function readMsg(streams: readonly OleStream[], budget: Budget, opened: Opened): MessageFacts | null {
  if (!streams.some((s) => s.path === '__properties_version1.0')) return null
  return msgAt(streams, '', budget, opened, 0)
}

function msgAt(streams: readonly OleStream[], at: string, budget: Budget, opened: Opened, depth: number): MessageFacts {
  const property = (tag: string): Buffer | null =>
    streams.find((s) => s.path === `${at}__substg1.0_${tag}`)?.read(MAX_TEXT) ?? null
  const text = (id: string): string =>
    property(`${id}001F`)?.toString('utf16le') ?? property(`${id}001E`)?.toString('latin1') ?? ''
  lookAtBodies(text('1000'), property('10130102') ?? property('1013001E'), text('1013'), property('10090102'), budget)
  const files: string[] = []
  for (const storage of attachmentsOf(streams, at).slice(0, MAX_FILES)) {
    const own = (tag: string) => streams.find((s) => s.path === `${storage}__substg1.0_${tag}`)
    const name =
      own('3707001F')?.read(1_024).toString('utf16le') ||
      own('3704001F')?.read(1_024).toString('utf16le') ||
      own('3707001E')?.read(512).toString('latin1') ||
      own('3704001E')?.read(512).toString('latin1') ||
      'file'
    files.push(oneLine(name, 255))
    const data = own('37010102')
    if (data !== undefined && --budget.files >= 0) opened(name, data.read())
    const inner = `${storage}__substg1.0_3701000D/`
    if (depth < 3 && streams.some((s) => s.path.startsWith(inner))) {
      const message = msgAt(streams, inner, budget, opened, depth + 1)
      files.push(...message.files.slice(0, MAX_FILES - files.length))
    }
  }
  const sender = text('5D01') || text('0C1F') || text('0065')
  const transport = /^from:(.{1,2000})$/im.exec(text('007D').slice(0, 65_536))?.[1] ?? ''
  const from = sender.includes('@') ? sender : (parseAddresses(transport)[0]?.address ?? null)
  return {
    subject: oneLine(text('0037'), 500),
    from: from === null ? null : oneLine(from.toLowerCase(), 320) || null,
    files,
  }
}

function attachmentsOf(streams: readonly OleStream[], at: string): string[] {
  const found = new Set<string>()
  for (const { path } of streams) {
    if (!path.startsWith(`${at}__attach_version1.0_`)) continue
    found.add(`${path.slice(0, path.indexOf('/', at.length) + 1)}`)
  }
  return [...found]
}

function lookAtBodies(plain: string, html: Buffer | null, wideHtml: string, rtf: Buffer | null, budget: Budget): void {
  const add = (
    urls: readonly {
      readonly url: string
      readonly host: string
      readonly domain: string | null
      readonly anchor: string | null
    }[],
  ) => {
    for (const url of urls) if (budget.urls.length < 1_000) budget.urls.push({ ...url, place: 'attachment' })
  }
  add(urlsInText(plain, 'attachment'))
  const page = html === null ? wideHtml : html.toString('utf8')
  if (page !== '') add(readHtml(page).urls)
  if (rtf !== null) add(urlsInText(fromRtf(rtf), 'attachment'))
}

/** winmail.dat (MS-OXTNEF): attributes in a row, files among them. Null when it is none. */
export function readTnef(bytes: Buffer, budget: Budget, opened: Opened): MessageFacts | null {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== 0x223e9f78) return null
  const files: string[] = []
  let subject = ''
  let data: Buffer | null = null
  const flush = () => {
    if (data !== null && --budget.files >= 0) opened(files.at(-1) ?? 'file', data)
    data = null
  }
  for (let at = 6; at + 9 <= bytes.length; ) {
    budget.entry()
    const id = bytes.readUInt16LE(at + 1)
    const length = bytes.readUInt32LE(at + 5)
    const value = bytes.subarray(at + 9, Math.min(bytes.length, at + 9 + length))
    if (id === 0x8004) subject = cString(value)
    else if (id === 0x800c) for (const url of urlsInText(cString(value), 'attachment', 100)) budget.urls.push(url)
    else if (id === 0x9002) flush()
    else if (id === 0x8010 && files.length < MAX_FILES) files.push(oneLine(cString(value), 255))
    else if (id === 0x800f) data = value
    else if (id === 0x9005) longName(value, files)
    at += 9 + length + 2
  }
  flush()
  return { subject: oneLine(subject, 500), from: null, files }
}

const cString = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end)
}

/** PR_ATTACH_LONG_FILENAME in the properties of a file replaces its short name. */
function longName(bytes: Buffer, files: string[]): void {
  const at = bytes.indexOf(Buffer.from([0x1f, 0x00, 0x07, 0x37]))
  if (at === -1 || files.length === 0 || at + 12 > bytes.length) return
  const length = Math.min(512, bytes.readUInt32LE(at + 8))
  const name = bytes.toString('utf16le', at + 12, Math.min(bytes.length, at + 12 + length)).replace(/\0+$/, '')
  if (name !== '') files[files.length - 1] = oneLine(name, 255)
}

export { readOle }
