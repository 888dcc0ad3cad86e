import type { Socket } from 'node:net'

const CR = 13
const LF = 10

export type Line =
  | { readonly kind: 'line'; readonly text: Buffer }
  /** Longer than the limit; it has been skipped up to its end. */
  | { readonly kind: 'too-long' }
  /** A line feed without a carriage return: commands end with CRLF only. */
  | { readonly kind: 'bare-lf' }
  | { readonly kind: 'end' }
  | { readonly kind: 'timeout' }

/**
 * Pulls from a socket, so that a session reads top to bottom. At most one chunk is buffered: a client that sends faster
 * than we handle is held back by TCP.
 */
export interface Reader {
  line(maxLength: number, timeoutMs: number): Promise<Line>
  /** The next bytes; null at the end of the connection; 'timeout' when none came. */
  chunk(timeoutMs: number): Promise<Buffer | null | 'timeout'>
  /** Gives bytes back that were read too far. */
  unread(rest: Buffer): void
  /** Bytes that are here already: a client that did not wait for our reply. */
  buffered(): number
  /** Whether `line` would answer without waiting. */
  hasLine(): boolean
}

export function createReader(socket: Socket): Reader {
  let pending: Buffer = Buffer.alloc(0)
  let ended = false
  let wake: (() => void) | null = null
  const signal = (): void => {
    wake?.()
    wake = null
  }
  socket.on('data', (data: Buffer) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data])
    socket.pause()
    signal()
  })
  const end = (): void => {
    ended = true
    signal()
  }
  socket.on('end', end).on('close', end).on('error', end)

  const more = async (timeoutMs: number): Promise<'data' | 'end' | 'timeout'> => {
    if (ended) return 'end'
    const { promise, resolve } = Promise.withResolvers<'woken' | 'timeout'>()
    wake = () => resolve('woken')
    const timer = setTimeout(() => resolve('timeout'), timeoutMs)
    const before = pending.length
    socket.resume()
    const why = await promise
    clearTimeout(timer)
    wake = null
    socket.pause()
    if (pending.length > before) return 'data'
    return why === 'timeout' ? 'timeout' : 'end'
  }

  const chunk = async (timeoutMs: number): Promise<Buffer | null | 'timeout'> => {
    if (pending.length === 0) {
      const got = await more(timeoutMs)
      if (got !== 'data') return got === 'end' ? null : 'timeout'
    }
    const all = pending
    pending = Buffer.alloc(0)
    return all
  }

  const line = async (maxLength: number, timeoutMs: number): Promise<Line> => {
    const deadline = Date.now() + timeoutMs
    let tooLong = false
    // The whole of it at first: timers of the same length share a list, and most lines come at once.
    for (let left = timeoutMs; ; left = Math.max(0, deadline - Date.now())) {
      const at = pending.indexOf(LF)
      if (at !== -1) {
        const text = pending.subarray(0, at)
        pending = pending.subarray(at + 1)
        if (tooLong || text.length > maxLength) return { kind: 'too-long' }
        if (text[text.length - 1] !== CR) return { kind: 'bare-lf' }
        return { kind: 'line', text: text.subarray(0, -1) }
      }
      if (pending.length > maxLength) {
        tooLong = true
        pending = Buffer.alloc(0)
      }
      const got = await more(left)
      if (got !== 'data') return { kind: got }
    }
  }

  return {
    line,
    chunk,
    unread: (rest) => {
      pending = pending.length === 0 ? rest : Buffer.concat([rest, pending])
    },
    buffered: () => pending.length,
    hasLine: () => pending.includes(LF),
  }
}
