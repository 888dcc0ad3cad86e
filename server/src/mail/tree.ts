import PostalMime from 'postal-mime'

export interface MimeLimits {
  /** Parts of one message, those of nested messages included. */
  readonly maxParts: number
  /** Multiparts in multiparts; nested messages count as one level each. */
  readonly maxDepth: number
  /** Header bytes of all parts together. */
  readonly maxHeaderBytes: number
}

/** A message that exceeds a limit; `message` says which, in words for the verdict. */
export class LimitError extends Error {}

/** One node of the MIME structure, transfer encoding removed. */
export interface Part {
  /** Lower case, `text/plain` when nothing is said. */
  readonly type: string
  readonly params: Readonly<Record<string, string>>
  readonly disposition: string
  readonly fileName: string | null
  readonly contentId: string | null
  /** Transfer encoding, lower case; '' when nothing is said. */
  readonly encoding: string
  /** Decoded bytes of a leaf; of a multipart, what stands before its first part. */
  readonly content: Buffer
  readonly children: readonly Part[]
  /** For `message/rfc822`: its own structure, unless it lies too deep. */
  readonly message: Part | null
}

/** What postal-mime keeps of each part. Its types leave the tree out, hence the guard below. */
interface Node {
  readonly contentType: { parsed: { value: string; params: Record<string, string> } }
  readonly contentDisposition: { parsed: { value: string; params: Record<string, string> } }
  readonly contentId?: string
  readonly contentTransferEncoding?: { encoding?: string }
  readonly content: ArrayBuffer | null
  readonly childNodes: readonly Node[]
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    'childNodes' in value &&
    Array.isArray(value.childNodes) &&
    'contentType' in value &&
    'contentDisposition' in value &&
    'content' in value
  )
}

const NESTED_MESSAGES = 5

/**
 * Builds the tree and stops there: texts, addresses and attachments in the form of the library cost as much again, and nobody asks for them.
 * Should a later version name these steps differently, they are done for nothing, as before.
 */
class TreeParser extends PostalMime {
  collectNode(): Promise<void> {
    return Promise.resolve()
  }

  renderTextContent(): void {}

  buildMessage(): Record<string, never> {
    return {}
  }
}

/**
 * The MIME structure of a message by postal-mime (chosen by `bench/parse`). Throws LimitError when a limit is exceeded;
 * messages nested deeper than five stay closed.
 */
export async function readTree(raw: Buffer, limits: MimeLimits): Promise<Part> {
  refuseManyParts(raw, limits.maxParts)
  const budget = { parts: 0 }
  return readMessage(raw, limits, 0, budget)
}

async function readMessage(raw: Buffer, limits: MimeLimits, level: number, budget: { parts: number }): Promise<Part> {
  // Nested messages are opened by us, so that one budget covers them all.
  const parser = new TreeParser({
    forceRfc822Attachments: true,
    maxNestingDepth: limits.maxDepth,
    maxHeadersSize: limits.maxHeaderBytes,
  })
  try {
    await parser.parse(raw)
  } catch (error) {
    throw error instanceof Error && /^Maximum /.test(error.message) ? new LimitError(limitText(error.message)) : error
  }
  const root: unknown = Reflect.get(parser, 'root')
  if (!isNode(root)) throw new Error('postal-mime no longer keeps the tree of parts where it used to be')
  return toPart(root, limits, level, budget)
}

const limitText = (message: string): string => `the ${message.charAt(0).toLowerCase()}${message.slice(1)}`

async function toPart(node: Node, limits: MimeLimits, level: number, budget: { parts: number }): Promise<Part> {
  if (++budget.parts > limits.maxParts) throw new LimitError(`more than ${limits.maxParts} parts`)
  const type = node.contentType.parsed.value || 'text/plain'
  const content = Buffer.from(node.content ?? new ArrayBuffer(0))
  const opens = type === 'message/rfc822' && content.length > 0 && level < NESTED_MESSAGES
  const children: Part[] = []
  for (const child of node.childNodes) children.push(await toPart(child, limits, level, budget))
  return {
    type,
    params: node.contentType.parsed.params,
    disposition: node.contentDisposition.parsed.value,
    fileName: node.contentDisposition.parsed.params['filename'] || node.contentType.parsed.params['name'] || null,
    contentId: node.contentId?.replace(/^[\s<]+|[\s>]+$/g, '') || null,
    encoding: node.contentTransferEncoding?.encoding ?? '',
    content,
    children,
    message: opens ? await readMessage(content, limits, level + 1, budget) : null,
  }
}

/**
 * Counts delimiter lines before anything is built for them: 500,000 empty parts cost the parser nine seconds. A line
 * counts when it is repeated and its text is also named elsewhere, as a boundary is in its header; a boundary that hides
 * from this (split parameters) meets the deadline instead.
 */
function refuseManyParts(raw: Buffer, maxParts: number): void {
  const lines = new Map<string, number>()
  let total = 0
  for (let at = raw.indexOf('\n--'); at !== -1; at = raw.indexOf('\n--', at + 3)) {
    total++
    if (total > maxParts) break
  }
  if (total <= maxParts) return
  for (let at = raw.indexOf('\n--'); at !== -1; at = raw.indexOf('\n--', at + 3)) {
    const end = raw.indexOf('\n', at + 3)
    const text = raw.toString('latin1', at + 3, Math.min(end === -1 ? raw.length : end, at + 203)).trimEnd()
    if (lines.size < 1_000 || lines.has(text)) lines.set(text, (lines.get(text) ?? 0) + 1)
  }
  let parts = 0
  for (const [text, count] of lines) {
    if (raw.includes(`="${text}"`, 0, 'latin1') || raw.includes(`=${text}`, 0, 'latin1')) parts += count
  }
  if (parts > maxParts) throw new LimitError(`more than ${maxParts} parts`)
}
