import { connect, createServer, type Socket } from 'node:net'

export interface Proxy {
  readonly port: number
  /** Everything that clients sent through it, as latin1 text. */
  sent(): string
  /** Called with every piece that a client sends, after it was passed on. */
  onSent(listener: (piece: string) => void): void
  /** Breaks all connections as a failing network would (RST to both sides). */
  cut(): void
  /** Takes bytes and passes nothing on, as a network that swallows: true = swallow what the server answers. */
  mute(on: boolean): void
  stop(): Promise<void>
}

/** A loopback proxy in front of a server of the tests: sees the wire, cuts it, or swallows answers. */
export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  const listeners: ((piece: string) => void)[] = []
  let sent = ''
  let muted = false
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    client.on('data', (data) => {
      const piece = data.toString('latin1')
      sent += piece
      upstream.write(data, () => {
        for (const listener of listeners) listener(piece)
      })
    })
    upstream.on('data', (data) => {
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
