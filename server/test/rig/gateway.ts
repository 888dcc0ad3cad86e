import { connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { createGateway } from '../../src/transport/gateway.ts'
import { createReader } from '../../src/transport/reader.ts'
import { OK, reply } from '../../src/transport/reply.ts'
import type { Acceptor, Envelope, GatewayOptions } from '../../src/transport/types.ts'

interface Taken {
  readonly envelope: Envelope
  readonly raw: Buffer
}

const open: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A gateway whose acceptor keeps what it got; ports: LMTP, SMTP. */
export async function start(options: Partial<GatewayOptions> = {}, acceptor: Partial<Acceptor> = {}) {
  const taken: Taken[] = []
  const accept: Acceptor = {
    recipient: async (address) => (address.startsWith('no') ? reply(550, '5.1.1', 'No such mailbox') : null),
    message: async (envelope, raw) => {
      taken.push({ envelope, raw: Buffer.from(raw) })
      return envelope.recipients.map(() => OK)
    },
    ...acceptor,
  }
  const gateway = await createGateway({
    options: {
      listen: [
        { protocol: 'lmtp', port: 0 },
        { protocol: 'smtp', port: 0 },
      ],
      hostname: 'mx.example.org',
      ...options,
    },
    accept,
  })
  open.push(() => gateway.close(200))
  return { gateway, taken, lmtp: gateway.ports[0] ?? 0, smtp: gateway.ports[1] ?? 0 }
}

export interface Dialogue {
  readonly socket: Socket
  /** The next reply, all its lines; null when the connection ended. */
  reply(): Promise<string | null>
  say(line: string): Promise<string | null>
  write(bytes: string | Buffer): void
}

/** Greeted already. `from`: the client's own address. */
export async function dial(port: number, from = '127.0.0.1'): Promise<Dialogue> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
  open.push(() => {
    socket.destroy()
  })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => undefined)
  socket.pause()
  const reader = createReader(socket)
  const next = async (): Promise<string | null> => {
    const lines: string[] = []
    for (;;) {
      const line = await reader.line(10_000, 10_000)
      if (line.kind !== 'line') return null
      lines.push(line.text.toString())
      if (lines.at(-1)?.[3] !== '-') return lines.join('\n')
    }
  }
  const dialogue: Dialogue = {
    socket,
    reply: next,
    write: (bytes) => void socket.write(bytes),
    say: (line) => {
      socket.write(`${line}\r\n`)
      return next()
    },
  }
  await next()
  return dialogue
}

export async function lmtp(port: number, ...recipients: string[]): Promise<Dialogue> {
  const d = await dial(port)
  await d.say('LHLO client.example')
  await d.say('MAIL FROM:<a@client.example>')
  for (const r of recipients) await d.say(`RCPT TO:<${r}>`)
  return d
}

export const MESSAGE = 'Subject: hello\r\n\r\nbody\r\n'
