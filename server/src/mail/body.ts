import { attachmentOf } from './attachments.ts'
import { type HtmlContent, readHtml } from './html.ts'
import { mergedFacts } from './html-facts.ts'
import { cleanText, cut } from './text.ts'
import type { Part } from './tree.ts'
import type { AttachmentFound, HtmlFacts, UrlFound, UrlPlace, WritingFacts } from './types.ts'
import { MAX_URLS, urlsInText } from './urls.ts'
import { afterGapOf, Writing } from './writing.ts'

const MAX_TEXT = 64 * 1024
const MAX_ATTACHMENTS = 500
/** Bytes of one text part that are read; the rest is a defect. */
const MAX_TEXT_PART = 4 * 1024 * 1024

export interface Body {
  readonly text: string
  readonly hasHtml: boolean
  readonly html: HtmlFacts | null
  readonly writing: WritingFacts
  readonly urls: readonly UrlFound[]
  readonly attachments: readonly AttachmentFound[]
}

/** Text of a part by its charset. Without one: UTF-8 when it is valid, else Windows-1252 as mail programs assume. */
export function decodeText(part: Part, defects: string[]): string {
  const bytes = part.content.subarray(0, MAX_TEXT_PART)
  if (bytes.length < part.content.length) defects.push('a text part longer than is read')
  const label = part.params['charset']?.trim() ?? ''
  const known = label === '' || /^(us-)?ascii$/i.test(label) ? null : decoderFor(label)
  if (label !== '' && known === undefined) defects.push(`unknown charset ${cut(cleanText(label), 40)}`)
  if (known) return known.decode(bytes)
  const utf8 = bytes.toString('utf8')
  return utf8.includes('\uFFFD') ? new TextDecoder('windows-1252').decode(bytes) : utf8.replace(/^\uFEFF/, '')
}

function decoderFor(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label)
  } catch {
    return undefined
  }
}

interface Shown {
  readonly text: string
  readonly html: boolean
}

/** What one walk over the tree gathers. */
interface Gathered {
  readonly urls: Map<string, UrlFound>
  readonly attachments: AttachmentFound[]
  readonly defects: string[]
  readonly writing: Writing
  readonly pages: HtmlFacts[]
  /** data: pictures of the body. */
  readonly pictures: string[]
}

/** Text, URLs and attachments of the whole tree, nested messages included. */
export async function readBody(root: Part, subject: string, defects: string[]): Promise<Body> {
  const gathered: Gathered = {
    urls: new Map(),
    attachments: [],
    defects,
    writing: new Writing(),
    pages: [],
    pictures: [],
  }
  const shown = await walk(root, gathered, false)
  const text = shown
    .map((s) => s.text)
    .filter((t) => t !== '')
    .join('\n')
  if (gathered.urls.size >= MAX_URLS) defects.push(`more than ${MAX_URLS} URLs`)
  const cleaned = cut(cleanText(text), MAX_TEXT)
  gathered.writing.add(subject, 0)
  return {
    text: cleaned,
    hasHtml: gathered.pages.length > 0,
    html: mergedFacts(gathered.pages),
    writing: gathered.writing.facts(cleaned),
    urls: [...gathered.urls.values()],
    attachments: gathered.attachments,
  }
}

/** Returns what the reader sees of a part. `nested`: inside an attached message, whose URLs are an attachment's. */
async function walk(part: Part, gathered: Gathered, nested: boolean): Promise<Shown[]> {
  if (part.type.startsWith('multipart/')) return walkMultipart(part, gathered, nested)
  const isText = part.type === 'text/plain' || part.type === 'text/html'
  if (isText && part.disposition !== 'attachment') return [readText(part, gathered, nested ? 'attachment' : null)]
  await attach(part, gathered)
  if (part.message !== null) await walk(part.message, gathered, true)
  else if (isText || part.type === 'application/xhtml+xml') readText(part, gathered, 'attachment')
  return []
}

async function walkMultipart(part: Part, gathered: Gathered, nested: boolean): Promise<Shown[]> {
  if (part.children.length === 0) {
    gathered.defects.push('multipart without parts')
    return part.content.length === 0
      ? []
      : [readText({ ...part, type: 'text/plain' }, gathered, nested ? 'attachment' : null)]
  }
  const shown: Shown[][] = []
  for (const child of part.children) shown.push(await walk(child, gathered, nested))
  if (part.type !== 'multipart/alternative') return shown.flat()
  // A reader shows the last form that it can; every mail program can show HTML.
  return shown.findLast((form) => form.some((s) => s.html)) ?? shown.findLast((form) => form.length > 0) ?? []
}

function readText(part: Part, gathered: Gathered, place: UrlPlace | null): Shown {
  const source = decodeText(part, gathered.defects)
  const html = part.type === 'text/plain' ? null : readHtml(source)
  const urls = html?.urls ?? urlsInText(source, 'text')
  for (const url of urls) note(gathered, place === null ? url : { ...url, place })
  if (place === null) describe(part, source, html, gathered)
  return { text: (html?.text ?? source).trim(), html: html !== null }
}

/** Facts of a part that the reader sees. */
function describe(part: Part, source: string, html: HtmlContent | null, gathered: Gathered): void {
  gathered.writing.charset(part.params['charset'] ?? '')
  if (html === null) {
    gathered.writing.add(source, afterGapOf(source))
    return
  }
  gathered.writing.add(html.raw, html.afterGap)
  gathered.pages.push(html.facts)
  if (gathered.pictures.length < 5) gathered.pictures.push(...html.pictures)
}

function note(gathered: Gathered, url: UrlFound): void {
  if (gathered.urls.size >= MAX_URLS) return
  const key = `${url.place}\n${url.url}\n${url.anchor ?? ''}`
  if (!gathered.urls.has(key)) gathered.urls.set(key, url)
}

async function attach(part: Part, gathered: Gathered): Promise<void> {
  if (gathered.attachments.length >= MAX_ATTACHMENTS) {
    if (gathered.attachments.length === MAX_ATTACHMENTS)
      gathered.defects.push(`more than ${MAX_ATTACHMENTS} attachments`)
    return
  }
  gathered.attachments.push(await attachmentOf(part, gathered.attachments.length + 1))
}
