import { createDataDecoder } from './data.ts'
import type { ByteBudget } from './limits.ts'
import type { Reader } from './reader.ts'
import { reply } from './reply.ts'
import type { Reply } from './types.ts'

export type Received =
  /** `release` gives the bytes back to the budget. */
  | { readonly kind: 'message'; readonly raw: Buffer; release(): void }
  /** Read to its end, not kept. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'end' }

export interface ReceiveOptions {
  readonly maxSize: number
  /** SIZE of MAIL FROM; 0 = unknown. */
  readonly declared: number
  readonly idleMs: number
  readonly totalMs: number
}

const FIRST = 64 * 1024

/**
 * One growing buffer, never larger than the declared size of an honest client. What is only declared takes no room: a few clients that say
 * much and send nothing would shut out all others.
 */
function createStore(budget: ByteBudget, options: ReceiveOptions) {
  let buffer = Buffer.alloc(0)
  let length = 0
  let held = 0
  /** False when there is no room, for a reason. */
  const reserve = (wanted: number): boolean => {
    if (wanted <= buffer.length) return true
    const most = wanted <= options.declared ? options.declared : options.maxSize
    const size = Math.max(wanted, Math.min(most, Math.max(FIRST, buffer.length * 2)))
    if (!budget.take(size - held)) return false
    held = size
    const larger = Buffer.allocUnsafeSlow(size)
    buffer.copy(larger, 0, 0, length)
    buffer = larger
    return true
  }
  return {
    append(piece: Buffer): Reply | null {
      if (length + piece.length > options.maxSize) {
        return reply(552, '5.3.4', `Message is larger than ${options.maxSize} bytes`)
      }
      if (!reserve(length + piece.length)) {
        return reply(452, '4.3.1', 'Too much mail is being handled just now, try again later')
      }
      piece.copy(buffer, length)
      length += piece.length
      return null
    },
    bytes: () => buffer.subarray(0, length),
    release(): void {
      budget.give(held)
      held = 0
      buffer = Buffer.alloc(0)
      length = 0
    },
  }
}

function keep(store: ReturnType<typeof createStore>, pieces: readonly Buffer[]): Reply | null {
  for (const piece of pieces) {
    const refusal = piece.length === 0 ? null : store.append(piece)
    if (refusal) return refusal
  }
  return null
}

/** Reads DATA to its end, whatever it holds: a refused message is read too, or the next command could not be found. */
export async function receiveData(reader: Reader, budget: ByteBudget, options: ReceiveOptions): Promise<Received> {
  const decoder = createDataDecoder()
  const store = createStore(budget, options)
  const deadline = Date.now() + options.totalMs
  let refusal: Reply | null = null
  for (;;) {
    const left = deadline - Date.now()
    const chunk = left <= 0 ? 'timeout' : await reader.chunk(Math.min(options.idleMs, left))
    if (chunk === null || chunk === 'timeout') {
      store.release()
      return { kind: chunk === null ? 'end' : 'timeout' }
    }
    const part = decoder.push(chunk)
    refusal ??= keep(store, part.pieces)
    if (refusal) store.release()
    if (part.rest === null) continue
    if (part.rest.length > 0) reader.unread(part.rest)
    if (!refusal && decoder.ambiguous) {
      refusal = reply(554, '5.6.0', 'A line of only a dot that does not end with CRLF: refused, it may hide commands')
      store.release()
    }
    return refusal
      ? { kind: 'refused', reply: refusal }
      : { kind: 'message', raw: store.bytes(), release: () => store.release() }
  }
}
