import { connect, type Socket } from 'node:net'

export interface MtaMessage {
  readonly mailFrom: string
  readonly recipients: readonly string[]
  readonly raw: Buffer
  /** XFORWARD IDENT: the queue id. */
  readonly ident?: string
  readonly protocol?: 'lmtp' | 'smtp'
}

/**
 * Sends one message as an MTA does: one reply per recipient (final, with code), in their order; `null` where the
 * connection ended before the reply came.
 */
export async function sendAsMta(port: number, message: MtaMessage): Promise<(string | null)[]> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const replies = repliesOf(socket)
  const next = async (): Promise<string | null> => (await replies.next()).value ?? null
  const say = (line: string) => {
    socket.write(`${line}\r\n`)
    return next()
  }
  const results: (string | null)[] = message.recipients.map(() => null)
  try {
    if ((await next()) === null) return results
    await say(message.protocol === 'smtp' ? 'EHLO mta.example' : 'LHLO mta.example')
    if (message.ident) await say(`XFORWARD ADDR=192.0.2.25 NAME=out.client.example IDENT=${message.ident}`)
    const sender = await say(`MAIL FROM:<${message.mailFrom}> SIZE=${message.raw.length} BODY=8BITMIME`)
    if (!sender?.startsWith('250')) return results.map(() => sender)
    const open: number[] = []
    for (const [i, to] of message.recipients.entries()) {
      const said = await say(`RCPT TO:<${to}>`)
      if (said?.startsWith('250')) open.push(i)
      else results[i] = said
    }
    if (open.length === 0) return results
    const go = await say('DATA')
    if (!go?.startsWith('354')) return results.map((r) => r ?? go)
    socket.write(Buffer.concat([stuff(message.raw), Buffer.from('.\r\n')]))
    for (const i of open) results[i] = await next()
    socket.write('QUIT\r\n')
    return results
  } finally {
    socket.destroy()
  }
}

/** The message in SMTP form: must end with CRLF. */
const stuff = (raw: Buffer): Buffer => Buffer.from(raw.toString('latin1').replace(/(^|\r\n)\./g, '$1..'), 'latin1')

async function* repliesOf(socket: Socket): AsyncGenerator<string, undefined> {
  let input = ''
  try {
    for await (const chunk of socket) {
      input += String(chunk)
      for (let end = input.indexOf('\r\n'); end !== -1; end = input.indexOf('\r\n')) {
        const line = input.slice(0, end)
        input = input.slice(end + 2)
        if (line[3] !== '-') yield line
      }
    }
  } catch {
    // the connection was lost: no more replies
  }
  return undefined
}
