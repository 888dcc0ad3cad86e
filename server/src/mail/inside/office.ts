// biome-ignore-all lint/suspicious/noControlCharactersInRegex: magic numbers are made of control characters
import { oneLine } from '../text.ts'
import type { OfficeFacts } from '../types.ts'
import { urlFound } from '../urls.ts'
import { type Budget, TooMuch } from './budget.ts'
import { type OleStream, readOle } from './ole.ts'
import { entryBytes, readZip, type ZipEntry } from './zip.ts'

/** Macros that run when a document is opened, closed or printed, and what macros use to run programs or fetch files. */
const SUSPICIOUS =
  /\b(auto_?open|auto_?exec|auto_?close|auto_?exit|auto_?new|document_?open|document_?close|document_?new|document_?beforeclose|workbook_?open|workbook_?activate|workbook_?beforeclose|presentation_?open|shell|shellexecute|wscript\.shell|createobject|getobject|powershell|urldownloadtofile|xmlhttp|winhttp|adodb\.stream|callbyname|environ|macscript|winmgmts|kernel32|virtualalloc|rtlmovememory|createthread|strreverse|chrw?)\b/gi
const MAX_PART = 4 * 1024 * 1024
const MAX_PARTS_READ = 60
const MAX_MACRO_SOURCE = 1024 * 1024

interface Found {
  macros: boolean
  readonly suspicious: Set<string>
  readonly external: Set<string>
  dde: boolean
  embedded: number
  encrypted: boolean
}

const nothing = (): Found => ({
  macros: false,
  suspicious: new Set(),
  external: new Set(),
  dde: false,
  embedded: 0,
  encrypted: false,
})

const facts = (found: Found): OfficeFacts => ({
  ...found,
  suspicious: [...found.suspicious].sort().slice(0, 20),
  external: [...found.external].slice(0, 20),
})

/** A document that is a ZIP (OOXML, ODF); null when it is none. Throws TooMuch for bombs. */
export function readZippedOffice(bytes: Buffer, budget: Budget): OfficeFacts | null {
  const entries = readZip(bytes, budget)
  const isOffice = entries.some((e) => /^(\[Content_Types\]\.xml|META-INF\/manifest\.xml)$/i.test(e.name))
  const isJava = entries.some((e) => e.name === 'META-INF/MANIFEST.MF')
  if (!isOffice || isJava) return null
  const found = nothing()
  let read = 0
  for (const entry of entries) {
    if (/(^|\/)vbaProject[^/]*\.bin$/i.test(entry.name) || /^(Basic|Scripts)\/.+\.(xml|py|js|bsh)$/i.test(entry.name))
      found.macros = true
    if (/^xl\/macrosheets\//i.test(entry.name)) {
      found.macros = true
      found.suspicious.add('excel 4 macro sheet')
    }
    if (/\/(embeddings|activeX)\/[^/]+\.bin$/i.test(entry.name)) found.embedded++
    if (entry.size > MAX_PART || read >= MAX_PARTS_READ) continue
    if (
      /\.rels$|vbaProject.*\.bin$|^word\/(document|header\d*|footer\d*|footnotes)\.xml$|^xl\/externalLinks\/|sharedStrings\.xml$|^content\.xml$/i.test(
        entry.name,
      )
    ) {
      read++
      part(bytes, entry, budget, found)
    }
  }
  return facts(found)
}

function part(bytes: Buffer, entry: ZipEntry, budget: Budget, found: Found): void {
  const content = entryBytes(bytes, entry, budget)
  if (content === null) return
  if (/\.bin$/i.test(entry.name)) {
    macrosOf(readOle(content), found)
    return
  }
  const text = content.toString('utf8')
  if (entry.name.endsWith('.rels')) relations(text, budget, found)
  else if (/DDE(AUTO)?\b/.test(text) && /<w:instrText[^>]*>[^<]{0,200}\bDDE(AUTO)?\b|<ddeLink\b/i.test(text))
    found.dde = true
}

function relations(text: string, budget: Budget, found: Found): void {
  for (const [tag] of text.matchAll(/<Relationship\b[^>]{0,8192}>/g)) {
    if (!/TargetMode\s*=\s*"External"/i.test(tag)) continue
    const target = unescapeXml(/\bTarget\s*=\s*"([^"]{1,4096})"/i.exec(tag)?.[1] ?? '')
    const type = /\/(\w+)"/.exec(/\bType\s*=\s*"[^"]{0,500}"/i.exec(tag)?.[0] ?? '')?.[1] ?? ''
    const url = urlFound(target, 'attachment')
    if (url !== null && budget.urls.length < 1_000) budget.urls.push(url)
    if (
      /^(attachedTemplate|oleObject|frame|subDocument|externalLink\w*|image)$/i.test(type) &&
      (url !== null || /^(file:|\\\\)/i.test(target))
    )
      found.external.add(oneLine(`${type}: ${target}`, 500))
  }
}

export const unescapeXml = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|apos);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" })[name] ?? '',
  )

/** An old binary document; null when the streams are of something else. */
export function readOleOffice(streams: readonly OleStream[]): OfficeFacts | null {
  const named = (pattern: RegExp) => streams.find((s) => pattern.test(s.path))
  const workbook = named(/^(Workbook|Book)$/i)
  const word = named(/^WordDocument$/i)
  const locked = named(/^EncryptedPackage$/i) !== undefined
  if (!workbook && !word && !locked && !named(/^PowerPoint Document$/i)) return null
  const found = nothing()
  found.encrypted = locked || (word !== undefined && ((word.read(12)[11] ?? 0) & 1) !== 0)
  found.embedded = streams.filter(
    (s) => /(^|\/)\x01Ole10Native$/i.test(s.path) || /^MBD[0-9A-F]{8}\/.*Package$/i.test(s.path),
  ).length
  if (streams.some((s) => /(^|\/)(_VBA_PROJECT|VBA\/dir)$/i.test(s.path))) found.macros = true
  macrosOf(streams, found)
  if (workbook !== undefined) sheets(workbook.read(2 * 1024 * 1024), found)
  return facts(found)
}

/** Records of a binary workbook: macro sheets, hidden ones, and the mark of a password. */
function sheets(bytes: Buffer, found: Found): void {
  for (let at = 0; at + 4 <= bytes.length; ) {
    const type = bytes.readUInt16LE(at)
    const length = bytes.readUInt16LE(at + 2)
    if (type === 0x2f) found.encrypted = true
    if (type === 0x85 && at + 10 <= bytes.length && bytes[at + 9] === 1) {
      found.macros = true
      found.suspicious.add('excel 4 macro sheet')
    }
    // The first sheet begins: what interests us stands before it.
    if (type === 0x0a) return
    at += 4 + length
  }
}

function macrosOf(streams: readonly OleStream[], found: Found): void {
  let budget = MAX_MACRO_SOURCE
  for (const stream of streams) {
    if (!/(^|\/)VBA\/[^/]+$/i.test(stream.path) || budget <= 0) continue
    const source = moduleSource(stream.read(MAX_PART), budget)
    budget -= source.length
    for (const [name] of source.matchAll(SUSPICIOUS))
      if (found.suspicious.size < 40) found.suspicious.add(name.toLowerCase())
    for (const [text] of source.matchAll(/\bDDEInitiate\b/gi)) if (text) found.dde = true
  }
}

/** The source of a module (MS-OVBA 2.4.1): it begins with its attributes, whose packed first bytes are known. */
export function moduleSource(bytes: Buffer, most: number): string {
  const mark = bytes.indexOf('\x00Attribut', 0, 'latin1')
  if (mark < 3) return ''
  return unpack(bytes.subarray(mark - 3), most).toString('latin1')
}

function unpack(bytes: Buffer, most: number): Buffer {
  const out = Buffer.alloc(Math.min(most, bytes.length * 16 + 4_096))
  let written = 0
  let at = 1
  while (at + 2 <= bytes.length && written < out.length) {
    const header = bytes.readUInt16LE(at)
    const end = Math.min(bytes.length, at + (header & 0xfff) + 3)
    const start = written
    at += 2
    if ((header & 0x8000) === 0) {
      written += bytes.copy(out, written, at, Math.min(end, at + 4_096))
      at = end
      continue
    }
    while (at < end && written < out.length) {
      const flags = bytes[at++] ?? 0
      for (let bit = 0; bit < 8 && at < end && written < out.length; bit++) {
        if ((flags & (1 << bit)) === 0) {
          out[written++] = bytes[at++] ?? 0
          continue
        }
        const token = at + 2 <= bytes.length ? bytes.readUInt16LE(at) : 0
        at += 2
        const bits = Math.max(4, Math.ceil(Math.log2(Math.max(1, written - start))))
        const length = (token & (0xffff >> bits)) + 3
        const back = (token >> (16 - bits)) + 1
        for (let i = 0; i < length && written < out.length; i++, written++)
          out[written] = written - back >= 0 ? (out[written - back] ?? 0) : 0
      }
    }
  }
  return out.subarray(0, written)
}

/** Bombs in documents are told like those in archives. */
export const why = (error: unknown): string => (error instanceof TooMuch ? error.message : 'broken')
