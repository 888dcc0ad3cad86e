import { LimitError, type MimeNode, type MimeSizes, readMime } from './mime.ts'

export interface MimeLimits extends MimeSizes {
  /** Parts of one message, those of nested messages included. */
  readonly maxParts: number
}

/** One node of the MIME structure, transfer encoding removed. */
export interface Part {
  /** Lower case, `text/plain` when nothing is said. */
  readonly type: string
  readonly params: Readonly<Record<string, string>>
  readonly disposition: string
  readonly fileName: string | null
  readonly contentId: string | null
  /** Transfer encoding, lower case; 8bit when nothing is said. */
  readonly encoding: string
  /** Decoded bytes of a leaf; of a multipart, what stands before its first part. */
  readonly content: Buffer
  readonly children: readonly Part[]
  /** For `message/rfc822`: its own structure, unless it lies too deep. */
  readonly message: Part | null
}

const NESTED_MESSAGES = 5

/**
 * The MIME structure of a message. Throws LimitError when a limit is exceeded; messages nested deeper than five stay closed.
 */
export function readTree(raw: Buffer, limits: MimeLimits): Part {
  refuseManyParts(raw, limits.maxParts)
  return toPart(readMime(raw, limits), limits, 0, { parts: 0 })
}

/** Nested messages are opened here, so that one budget covers them all. */
function toPart(node: MimeNode, limits: MimeLimits, level: number, budget: { parts: number }): Part {
  if (++budget.parts > limits.maxParts) throw new LimitError(`more than ${limits.maxParts} parts`)
  const { headers, content } = node
  const type = headers.type.value || 'text/plain'
  const children = node.children.map((child) => toPart(child, limits, level, budget))
  const opens = type === 'message/rfc822' && content.length > 0 && level < NESTED_MESSAGES
  return {
    type,
    params: headers.type.params,
    disposition: headers.disposition.value,
    fileName: headers.disposition.params['filename'] || headers.type.params['name'] || null,
    contentId: headers.contentId?.replace(/^[\s<]+|[\s>]+$/g, '') || null,
    encoding: headers.encoding,
    content,
    children,
    message: opens ? toPart(readMime(content, limits), limits, level + 1, budget) : null,
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
