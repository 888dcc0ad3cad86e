import { connect, createServer, type Socket } from 'node:net'

export interface Proxy {
  readonly port: number
  /** Everything that was passed on of what clients sent, as latin1 text. */
  sent(): string
  /** Called with every piece that a client sends, after it was passed on. */
  onSent(listener: (piece: string) => void): void
  /**
   * Changes what passes, piece by piece in order (a short command is one piece); each may wait, and what it gives back is passed on. Null:
   * as it is.
   */
  alter(how: { readonly sent?: Alter; readonly answered?: Alter } | null): void
  /** Breaks all connections as a failing network would (RST to both sides). */
  cut(): void
  /** Takes bytes and passes nothing on, as a network that swallows: true = swallow what the server answers. */
  mute(on: boolean): void
  stop(): Promise<void>
}

/** `connection`: the same object for all pieces of one connection, in both directions. */
export type Alter = (piece: Buffer, connection: object) => Buffer | Promise<Buffer>

/** A loopback proxy in front of a server of the tests: sees the wire, cuts it, or swallows answers. */
export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  const listeners: ((piece: string) => void)[] = []
  let sent = ''
  let muted = false
  let altering: { readonly sent?: Alter; readonly answered?: Alter } | null = null
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    const pass = (from: Socket, to: Socket, which: 'sent' | 'answered', passed: (data: Buffer) => void) => {
      let before: Promise<unknown> = Promise.resolve()
      let waiting = 0
      from.on('data', (data) => {
        const alter = altering?.[which]
        if (!alter && waiting === 0) return passed(data)
        waiting++
        before = before.then(async () => {
          const out = alter ? await alter(data, pair) : data
          waiting--
          if (out.length > 0 && !to.destroyed) passed(out)
        })
      })
    }
    pass(client, upstream, 'sent', (data) => {
      const piece = data.toString('latin1')
      sent += piece
      upstream.write(data, () => {
        for (const listener of listeners) listener(piece)
      })
    })
    pass(upstream, client, 'answered', (data) => {
      if (!muted) client.write(data)
    })
    for (const [one, other] of [pair, [upstream, client] as const]) {
      one.on('error', () => other.destroy())
      one.on('close', () => {
        pairs.delete(pair)
        other.end()
      })
    }
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    sent: () => sent,
    alter: (how) => {
      altering = how
    },
    onSent: (listener) => void listeners.push(listener),
    cut,
    mute: (on) => {
      muted = on
    },
    stop: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The next MOVE does not reach the server: `instead` happens, and the connection breaks. */
export function swallowMove(proxy: Proxy, instead: () => Promise<unknown>): void {
  proxy.alter({
    sent: async (piece) => {
      if (!/ UID MOVE /.test(piece.toString('latin1'))) return piece
      proxy.alter(null)
      await instead()
      proxy.cut()
      return Buffer.alloc(0)
    },
  })
}
