import { attachmentOf } from './attachments.ts'
import { readHtml } from './html.ts'
import { cleanText, cut } from './text.ts'
import type { Part } from './tree.ts'
import type { AttachmentFound, UrlFound, UrlPlace } from './types.ts'
import { MAX_URLS, urlsInText } from './urls.ts'

const MAX_TEXT = 64 * 1024
const MAX_ATTACHMENTS = 500
/** Bytes of one text part that are read; the rest is a defect. */
const MAX_TEXT_PART = 4 * 1024 * 1024

export interface Body {
  readonly text: string
  readonly hasHtml: boolean
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
  hasHtml: boolean
}

/** Text, URLs and attachments of the whole tree, nested messages included. */
export async function readBody(root: Part, defects: string[]): Promise<Body> {
  const gathered: Gathered = { urls: new Map(), attachments: [], defects, hasHtml: false }
  const shown = await walk(root, gathered, false)
  const text = shown
    .map((s) => s.text)
    .filter((t) => t !== '')
    .join('\n')
  if (gathered.urls.size >= MAX_URLS) defects.push(`more than ${MAX_URLS} URLs`)
  return {
    text: cut(cleanText(text), MAX_TEXT),
    hasHtml: gathered.hasHtml,
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
  const isHtml = part.type !== 'text/plain'
  if (place === null && isHtml) gathered.hasHtml = true
  const content = isHtml ? readHtml(source) : { text: source, urls: urlsInText(source, 'text') }
  for (const url of content.urls) note(gathered, place === null ? url : { ...url, place })
  return { text: content.text.trim(), html: isHtml }
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
