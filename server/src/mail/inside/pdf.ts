import type { PdfFacts } from '../types.ts'
import { urlFound } from '../urls.ts'
import { type Budget, TooMuch } from './budget.ts'
import { MAX_PIXELS, type Picture } from './picture.ts'

const MAX_BYTES = 16 * 1024 * 1024
const MAX_STREAMS = 300
const MAX_STREAM = 2 * 1024 * 1024
const MAX_PICTURES = 4
const ACTIONS = ['OpenAction', 'AA', 'Launch', 'SubmitForm', 'EmbeddedFile', 'GoToR', 'RichMedia', 'XFA']

interface Found {
  pages: number
  links: number
  scripts: boolean
  readonly actions: Set<string>
  images: number
  texts: number
}

/** What a PDF leads to and does, by its objects; packed ones are unpacked within the budget. Throws TooMuch for bombs. */
export function readPdf(bytes: Buffer, budget: Budget, pictures: (Buffer | Picture)[] = []): PdfFacts {
  const source = bytes.toString('latin1', 0, MAX_BYTES)
  const found: Found = { pages: 0, links: 0, scripts: false, actions: new Set(), images: 0, texts: 0 }
  objects(source, found, budget)
  let streams = 0
  let at = 0
  for (let start = nextStream(source, at); start !== null && streams < MAX_STREAMS; start = nextStream(source, at)) {
    streams++
    at = start.to
    if (start.kind === 'image') {
      if (pictures.length < MAX_PICTURES)
        pictures.push(...pictureIn(bytes.subarray(start.from, start.to), start, budget))
      continue
    }
    const text = unpacked(bytes.subarray(start.from, start.to), start.packed, budget)
    if (text === null) continue
    found.texts += text.match(/(?:\)|>|\])\s*T[jJ]\b|\)\s*['"]\s/g)?.length ?? 0
    if (start.kind === 'objects') objects(text, found, budget)
  }
  return {
    pages: found.pages,
    links: found.links,
    scripts: found.scripts,
    actions: ACTIONS.filter((a) => found.actions.has(a)),
    images: found.images,
    texts: found.texts,
    encrypted: /\/Encrypt\b\s*(?:\d+\s+\d+\s+R|<<)/.test(source),
  }
}

interface Stream {
  readonly from: number
  readonly to: number
  readonly packed: boolean
  readonly kind: 'image' | 'objects' | 'content'
  readonly dictionary: string
}

function nextStream(source: string, from: number): Stream | null {
  let word = source.indexOf('stream', from)
  while (word !== -1 && source.slice(Math.max(0, word - 3), word) === 'end') word = source.indexOf('stream', word + 6)
  if (word === -1) return null
  let start = word + 6
  if (source[start] === '\r') start++
  if (source[start] === '\n') start++
  const end = source.indexOf('endstream', start)
  const dictionary = source.slice(Math.max(from, word - 1_500), word)
  const own = names(dictionary.slice(Math.max(0, dictionary.lastIndexOf(' obj'))))
  return {
    from: start,
    to: end === -1 ? source.length : end,
    packed: /\/(?:FlateDecode|Fl)\b/.test(own),
    dictionary: own,
    kind: PICTURE.test(own) ? 'image' : /\/ObjStm\b/.test(own) ? 'objects' : 'content',
  }
}

const PICTURE = /\/Subtype\s*\/Image\b|\/(?:DCTDecode|JPXDecode|FontFile\d?|Length1)\b/

function unpacked(part: Buffer, packed: boolean, budget: Budget): string | null {
  if (!packed) return part.toString('latin1', 0, MAX_STREAM)
  try {
    return budget.inflate(part, MAX_STREAM, false).toString('latin1')
  } catch (error) {
    // A long content stream is no bomb; one that is dense is.
    if (error instanceof TooMuch && !/than it says/.test(error.message)) throw error
    return null
  }
}

/** Names may be written with `#xx`: `/J#61vaScript`. */
const names = (text: string): string =>
  text.includes('#')
    ? text.replace(/#([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text

function objects(source: string, found: Found, budget: Budget): void {
  const text = names(source)
  found.pages += text.match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0
  found.images += text.match(/\/Subtype\s*\/Image\b/g)?.length ?? 0
  if (/\/(?:JavaScript|JS)\b/.test(text)) found.scripts = true
  for (const action of ACTIONS) if (new RegExp(`/${action}\\b`).test(text)) found.actions.add(action)
  for (const [, literal, hex] of text.matchAll(
    /\/(?:URI|F)\s*(?:\(((?:[^()\\]|\\.){1,4096})\)|<([0-9a-fA-F\s]{2,8192})>)/g,
  )) {
    const written =
      hex === undefined ? literalText(literal ?? '') : Buffer.from(hex.replace(/\s/g, ''), 'hex').toString('latin1')
    const url = urlFound(written, 'attachment')
    if (url === null) continue
    found.links++
    if (budget.urls.length < 1_000) budget.urls.push(url)
  }
}

const literalText = (text: string): string =>
  text.replace(/\\([0-7]{1,3})|\\(.)/gs, (_, octal: string | undefined, char: string | undefined) =>
    octal === undefined ? (char === '\n' ? '' : (char ?? '')) : String.fromCharCode(Number.parseInt(octal, 8) & 255),
  )

/** A picture of a page, where it is a JPEG or plain pixels, grey or RGB: codes are drawn so. */
function pictureIn(data: Buffer, stream: Stream, budget: Budget): (Buffer | Picture)[] {
  const { dictionary } = stream
  if (/\/DCTDecode\b/.test(dictionary)) return /\/FlateDecode\b/.test(dictionary) ? [] : [data]
  const number = (name: string) => Number(new RegExp(`/${name}\\s+(\\d{1,5})\\b`).exec(dictionary)?.[1] ?? 0)
  const [width, height] = [number('Width'), number('Height')]
  const bits = /\/ImageMask\s+true/.test(dictionary) ? 1 : number('BitsPerComponent')
  const channels = /\/DeviceRGB|\/CalRGB|\/N\s+3\b/.test(dictionary) ? 3 : 1
  if (
    width < 21 ||
    height < 21 ||
    width * height > MAX_PIXELS ||
    (bits !== 1 && bits !== 8) ||
    /\/Predictor\s+(?!1\b)/.test(dictionary)
  )
    return []
  const line = Math.ceil((width * channels * bits) / 8)
  let raw: Buffer
  try {
    raw = stream.packed ? budget.inflate(data, line * height + 64, false) : data
  } catch (error) {
    if (error instanceof TooMuch && !/than it says/.test(error.message)) throw error
    return []
  }
  if (raw.length < line * height) return []
  const grey = new Uint8Array(width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * line
      const value =
        bits === 1 ? (((raw[at + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) * 255 : (raw[at + x * channels] ?? 0)
      grey[y * width + x] = value
    }
  return [{ width, height, grey }]
}
