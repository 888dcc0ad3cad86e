import { attachmentOf } from './attachments.ts'
import { readEnvelope } from './headers/envelope.ts'
import { type HtmlContent, readHtml } from './html/html.ts'
import { mergedFacts } from './html/html-facts.ts'
import { Budget, codesOf, drawnInText, fromRows, lookAt, lookInside } from './inside/index.ts'
import type { Part } from './mime/tree.ts'
import { cleanText, cut, oneLine } from './text.ts'
import type { AttachmentFound, HtmlFacts, ImageFacts, Inside, UrlFound, UrlPlace, WritingFacts } from './types.ts'
import { MAX_URLS, urlsInText } from './urls.ts'
import { afterGapOf, Writing } from './words/writing.ts'

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
  /** Difference hash of the largest picture. */
  readonly picture: string | null
  /** Elements that follow each other, and kinds of parts. */
  readonly shapes: ReadonlySet<string>
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
  /** Modules of codes that are drawn with table cells. */
  readonly drawings: (readonly (readonly boolean[])[])[]
  readonly budget: Budget
  readonly shapes: Set<string>
  /** Of the largest picture that was decoded. */
  picture: { hash: string; pixels: number } | null
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
    drawings: [],
    budget: new Budget(defects),
    picture: null,
    shapes: new Set(),
  }
  const shown = await walk(root, gathered, false)
  await lookAtPictures(gathered, shown)
  for (const url of gathered.budget.urls) note(gathered, url)
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
    picture: gathered.picture?.hash ?? null,
    shapes: gathered.shapes,
  }
}

/** Returns what the reader sees of a part. `nested`: inside an attached message, whose URLs are an attachment's. */
async function walk(part: Part, gathered: Gathered, nested: boolean): Promise<Shown[]> {
  if (part.type.startsWith('multipart/')) return walkMultipart(part, gathered, nested)
  const isText = part.type === 'text/plain' || part.type === 'text/html'
  if (isText && part.disposition !== 'attachment') return [readText(part, gathered, nested ? 'attachment' : null)]
  await attach(part, gathered)
  if (part.message !== null) await walk(part.message, gathered, true)
  else if (part.type === 'text/plain') readText(part, gathered, 'attachment')
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
  const all = shown.flat()
  const [plain, html] = [all.find((s) => !s.html), all.find((s) => s.html)]
  if (plain !== undefined && html !== undefined && !nested) gathered.writing.compare(plain.text, html.text)
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
  gathered.writing.sent(html === null, part.encoding, part.content)
  if (html === null) {
    gathered.writing.add(source, afterGapOf(source))
    return
  }
  gathered.writing.add(html.raw, html.afterGap)
  gathered.pages.push(html.facts)
  for (const shape of html.shapes) gathered.shapes.add(shape)
  if (gathered.pictures.length < 5) gathered.pictures.push(...html.pictures)
  if (html.drawing !== null && gathered.drawings.length < 3) gathered.drawings.push(html.drawing)
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
  const file = await attachmentOf(part, gathered.attachments.length + 1)
  gathered.shapes.add(`file ${file.realType ?? file.declaredType} ${file.inline ? 'inline' : ''}`)
  const inside = await insideOf(part, file, gathered.budget)
  if (inside?.image !== undefined) keepPicture(gathered, inside.image)
  gathered.attachments.push(inside === undefined ? file : { ...file, inside })
}

async function insideOf(part: Part, file: AttachmentFound, budget: Budget): Promise<Inside | undefined> {
  if (part.message === null) return lookInside(file.name, file.declaredType, part.content, budget)
  const nested = readEnvelope(part.content, { trustedAuthserv: [] }, 64 * 1024)
  const names = part.message.children.flatMap((p) => (p.fileName === null ? [] : [oneLine(p.fileName, 255)]))
  const message = {
    subject: cut(nested.subject, 500),
    from: cut(nested.from[0]?.address ?? '', 320) || null,
    files: names.slice(0, 50),
  }
  return { message }
}

function keepPicture(gathered: Gathered, image: ImageFacts): void {
  const pixels = image.width * image.height
  if (image.hash === null || (gathered.picture?.pixels ?? 0) >= pixels) return
  gathered.picture = { hash: image.hash, pixels }
}

/** Pictures and drawings in the body itself. */
async function lookAtPictures(gathered: Gathered, shown: readonly Shown[]): Promise<void> {
  const { budget } = gathered
  for (const source of gathered.pictures) {
    const packed = /^data:[^,]{0,200};base64,/i.exec(source.slice(0, 300))
    if (packed === null || source.length > 6 * 1024 * 1024) continue
    const image = await lookAt(Buffer.from(source.slice(packed[0].length), 'base64'), budget)
    if (image !== null) keepPicture(gathered, image)
  }
  for (const drawing of gathered.drawings) await codesOf(fromRows(drawing, 4, 4), budget)
  for (const { text } of shown.slice(0, 10)) {
    const drawn = /[█▀▄]/.test(text) ? drawnInText(text) : null
    if (drawn !== null) await codesOf(drawn, budget)
  }
}
