import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: 'OK' | 'NO' | 'BAD'
  /** The tagged line without its tag. */
  readonly tagged: string
  /** Everything that came before it, as latin1 text. */
  readonly text: string
}

/** A mail user's client for the tests: it sends what it is told, so that nothing is hidden by a library. */
export class RawImap {
  readonly socket: Socket
  #buffer = ''
  #tag = 0
  #wake: () => void = () => {}
  #closed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (data) => {
      this.#buffer += data
      this.#wake()
    })
    const end = () => {
      this.#closed = true
      this.#wake()
    }
    socket.on('close', end).on('error', end)
  }

  static async open(port: number, login?: string, password = 'user'): Promise<RawImap> {
    const client = new RawImap(connect(port, '127.0.0.1'))
    await client.#until((text) => (text.startsWith('* OK') && text.endsWith('\r\n') ? text.length : 0))
    if (login !== undefined) {
      const reply = await client.command(`LOGIN "${login}" "${password}"`)
      if (reply.status !== 'OK') throw new Error(reply.tagged)
    }
    return client
  }

  /** Takes from the buffer what `length` says is complete (0 = wait for more). */
  async #until(length: (text: string) => number): Promise<string> {
    for (;;) {
      const end = length(this.#buffer)
      if (end > 0) {
        const text = this.#buffer.slice(0, end)
        this.#buffer = this.#buffer.slice(end)
        return text
      }
      if (this.#closed) throw new Error(`connection closed; got: ${this.#buffer.slice(-200)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** One command; literals are sent after the server's `+`. Never throws on NO or BAD. */
  async command(line: string, ...literals: (Buffer | string)[]): Promise<Reply> {
    const tag = `z${++this.#tag}`
    const parts = line.split('{}')
    let out = `${tag} ${parts[0]}`
    let before = ''
    const tagged = new RegExp(`^${tag} (OK|NO|BAD)[^\\r\\n]*\\r\\n`, 'm')
    for (const [i, literal] of literals.entries()) {
      const bytes = typeof literal === 'string' ? Buffer.from(literal, 'latin1') : literal
      this.socket.write(`${out}{${bytes.length}}\r\n`)
      const answer = await this.#until((text) => {
        const plus = /^\+[^\r\n]*\r\n/m.exec(text) ?? tagged.exec(text)
        return plus ? plus.index + plus[0].length : 0
      })
      before += answer
      if (tagged.test(answer)) return this.#reply(before, tagged)
      this.socket.write(bytes)
      out = parts[i + 1] ?? ''
    }
    this.socket.write(`${out}\r\n`)
    const rest = await this.#until((text) => {
      const match = tagged.exec(text)
      return match ? match.index + match[0].length : 0
    })
    return this.#reply(before + rest, tagged)
  }

  #reply(text: string, tagged: RegExp): Reply {
    const match = tagged.exec(text)
    if (!match) throw new Error(text)
    const status = match[1] === 'OK' ? 'OK' : match[1] === 'NO' ? 'NO' : 'BAD'
    return { status, tagged: match[0].trimEnd().replace(/^\S+ /, ''), text: text.slice(0, match.index) }
  }

  /** Like `command`, but anything else than OK is an error. */
  async ok(line: string, ...literals: (Buffer | string)[]): Promise<string> {
    const reply = await this.command(line, ...literals)
    if (reply.status !== 'OK') throw new Error(`${line}: ${reply.tagged}`)
    return reply.text + reply.tagged
  }

  /** Sends a command and does not wait for anything. */
  send(line: string): void {
    this.socket.write(`z${++this.#tag} ${line}\r\n`)
  }

  /** Cuts the connection as a broken network would (RST). */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  close(): void {
    this.socket.destroy()
  }
}
