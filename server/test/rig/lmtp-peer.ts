import { createServer, type Socket } from 'node:net'

/** What the mail store does with the next message; `ok` when nothing is scripted. */
export type Behaviour =
  | 'ok'
  /** Closes after the whole message, without an answer; `taken`: but keeps the message. */
  | 'die-after-data'
  | 'die-after-data-taken'
  | 'die-in-data'
  | 'die-at-mail'
  /** Never answers the data. */
  | 'silent'
  | { readonly rcpt: string }
  /** Reply to DATA; the transaction stays open, as RFC 5321 lets it: MAIL within it is answered 503. */
  | { readonly refuseData: string; readonly rset?: 'refused' | 'die' }
  /** Reply to the data, by recipient index; absent = ok. */
  | { readonly data: readonly string[] }

export interface LmtpPeer {
  readonly port: number
  /** Recipient and bytes (dots unstuffed), in order. */
  readonly taken: { readonly recipient: string; readonly mailFrom: string; readonly bytes: Buffer }[]
  readonly connections: () => number
  next(...behaviours: Behaviour[]): void
  /** Closes all connections, as a restart would; goes on listening. */
  drop(): void
  close(): Promise<void>
}

/** A small real LMTP server that misbehaves when told to. */
export async function startLmtpPeer(port = 0): Promise<LmtpPeer> {
  const script: Behaviour[] = []
  const taken: LmtpPeer['taken'] = []
  const sockets = new Set<Socket>()
  let seen = 0

  const serve = (socket: Socket): void => {
    sockets.add(socket)
    seen++
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    let input = ''
    let from = ''
    let recipients: string[] = []
    let inData = false
    let open = false
    let behaviour: Behaviour = 'ok'
    const say = (line: string) => void socket.write(`${line}\r\n`)

    const finish = (text: string): void => {
      const bytes = Buffer.from(text.replace(/^\./, '').replaceAll('\r\n.', '\r\n'), 'latin1')
      const b = behaviour
      if (b !== 'die-after-data' && b !== 'silent') {
        recipients.forEach((recipient, i) => {
          const bad = typeof b === 'object' && 'data' in b ? b.data[i] : undefined
          if (!bad?.match(/^[45]/)) taken.push({ recipient, mailFrom: from, bytes })
        })
      }
      if (b === 'silent') return
      if (b === 'die-after-data' || b === 'die-after-data-taken') {
        socket.destroy()
        return
      }
      recipients.forEach((_, i) => {
        say((typeof b === 'object' && 'data' in b ? b.data[i] : undefined) ?? '250 2.0.0 Saved')
      })
      recipients = []
    }

    const command = (line: string): void => {
      const verb = line.slice(0, 4).toUpperCase()
      if (verb === 'LHLO') say('250-peer\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES')
      else if (verb === 'MAIL' && open) say('503 5.5.1 Nested MAIL command')
      else if (verb === 'MAIL') {
        behaviour = script.shift() ?? 'ok'
        from = /<(.*)>/.exec(line)?.[1] ?? ''
        recipients = []
        if (behaviour === 'die-at-mail') socket.destroy()
        else say('250 2.1.0 OK')
      } else if (verb === 'RCPT') {
        if (typeof behaviour === 'object' && 'rcpt' in behaviour) say(behaviour.rcpt)
        else {
          recipients.push(/<(.*?)>/.exec(line)?.[1] ?? '')
          say('250 2.1.5 OK')
        }
      } else if (verb === 'DATA') {
        if (behaviour === 'die-in-data') socket.destroy()
        else if (typeof behaviour === 'object' && 'refuseData' in behaviour) {
          open = true
          say(behaviour.refuseData)
        } else {
          inData = true
          say('354 OK')
        }
      } else if (verb === 'QUIT') {
        say('221 2.0.0 Bye')
        socket.end()
      } else if (verb === 'RSET' && typeof behaviour === 'object' && 'refuseData' in behaviour && behaviour.rset) {
        if (behaviour.rset === 'die') socket.destroy()
        else say('502 5.5.1 Not implemented')
      } else {
        if (verb === 'RSET') open = false
        say('250 2.0.0 OK')
      }
    }

    say('220 peer LMTP')
    socket.on('data', (chunk) => {
      input += chunk.toString('latin1')
      for (;;) {
        const end = inData ? `\r\n${input}`.indexOf('\r\n.\r\n') : input.indexOf('\r\n')
        if (end === -1) return
        if (inData) {
          inData = false
          const text = input.slice(0, end)
          input = input.slice(end + 3)
          finish(text)
        } else {
          const line = input.slice(0, end)
          input = input.slice(end + 2)
          command(line)
        }
      }
    })
  }

  const server = createServer(serve)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    taken,
    connections: () => seen,
    next: (...behaviours) => void script.push(...behaviours),
    drop: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
