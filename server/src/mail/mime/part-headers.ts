import PostalMime from 'postal-mime'

/** A header with parameters: its value in lower case, parameters as RFC 2231 puts them together. */
export interface Structured {
  readonly value: string
  readonly params: Readonly<Record<string, string>>
}

/** What decides how a part is read; of several headers of a name the first one counts. */
export interface PartHeaders {
  readonly type: Structured
  readonly disposition: Structured
  readonly contentId: string | null
  /** Transfer encoding, lower case; 8bit where nothing is said. */
  readonly encoding: string
}

const of = (type: string): PartHeaders => ({
  type: { value: type, params: {} },
  disposition: { value: '', params: {} },
  contentId: null,
  encoding: '8bit',
})

/** Before anything is read. */
export const NO_HEADERS = { 'text/plain': of('text/plain'), 'message/rfc822': of('message/rfc822') } as const

/** The library's reading of such headers: it knows what mail programs make of comments, quotes and continuations. */
interface Library {
  parseStructuredHeader(value: string): Structured
  stripComments(value: string): string
}

const isLibrary = (value: unknown): value is Library =>
  typeof value === 'object' && value !== null && 'parseStructuredHeader' in value && 'stripComments' in value

const library = ((): Library => {
  const node: unknown = Reflect.get(new PostalMime(), 'root')
  if (!isLibrary(node)) throw new Error('postal-mime no longer keeps its parts where it used to')
  return node
})()

/** As the library reads lines: a byte-order mark stays, so that what it hides stays no header. */
const LINE = new TextDecoder('utf-8', { ignoreBOM: true })

/** `headers`: each in its lines, without line ends. `usual`: what holds without any. */
export function readPartHeaders(headers: readonly (readonly Buffer[])[], usual: PartHeaders): PartHeaders {
  const values = new Map<string, string>()
  for (const lines of headers) {
    const text = lines.map((line) => LINE.decode(line)).join('')
    const colon = text.indexOf(':')
    const name = trim(colon < 0 ? text : text.slice(0, colon)).toLowerCase()
    if (!values.has(name)) values.set(name, colon < 0 ? '' : trim(text.slice(colon + 1).replace(/[\r\n]+/g, ' ')))
  }
  const encoding = values.get('content-transfer-encoding') ?? '8bit'
  const bare = encoding.includes('(') ? library.stripComments(encoding) : encoding
  return {
    type: structured(values.get('content-type') ?? usual.type.value),
    disposition: structured(values.get('content-disposition') ?? ''),
    contentId: values.get('content-id') ?? null,
    encoding: /[\w-]+/.exec(bare.toLowerCase())?.[0] ?? '',
  }
}

/** Blanks and tabs around; other spaces of Unicode are part of a name, and make it another one. */
function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

const isBlank = (c: number): boolean => c === 32 || c === 9

/** Most headers say what many others said. */
const known = new Map<string, Structured>()

function structured(value: string): Structured {
  const before = known.get(value)
  if (before !== undefined) return before
  const { value: of, params } = library.parseStructuredHeader(value)
  const read = { value: of, params }
  if (value.length <= 200 && !('boundary' in params) && known.size < 500) known.set(value, read)
  return read
}
