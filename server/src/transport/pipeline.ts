import type { Socket } from 'node:net'
import type { Reader } from './reader.ts'

/** Replies to commands that came in one packet leave in one, too (RFC 2920 §3.2); none waits for a command that is not here yet. */
export class Pipeline {
  readonly #socket: Socket
  readonly #reader: Reader
  readonly #writeMs: number
  #held = ''

  /** `writeMs`: a client that does not take its replies for so long is cut off. */
  constructor(socket: Socket, reader: Reader, writeMs: number) {
    this.#socket = socket
    this.#reader = reader
    this.#writeMs = writeMs
  }

  async send(...replies: readonly string[]): Promise<void> {
    this.#held += replies.join('')
    if (!this.#reader.hasLine()) await this.flush()
  }

  /** Everything that is held back, now. */
  async flush(): Promise<void> {
    const text = this.#held
    this.#held = ''
    const socket = this.#socket
    if (text === '' || socket.destroyed || !socket.writable) return
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.write(text, () => resolve())
    // The system has it, as nearly always.
    if (socket.writableLength === 0) return
    const timer = setTimeout(() => {
      socket.destroy()
      resolve()
    }, this.#writeMs)
    socket.once('close', resolve)
    await promise
    socket.off('close', resolve)
    clearTimeout(timer)
  }
}
