import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import { messageOf } from '../base/index.ts'
import type { StorageLog } from '../storage/index.ts'
import type { ByteBudget, Networks, RateLimit } from './limits.ts'
import { plainIp } from './limits.ts'
import { isLoop } from './loops.ts'
import { parseAttributes, parsePath } from './path.ts'
import { createReader, type Reader } from './reader.ts'
import { receiveData } from './receive.ts'
import { formatReply, OK, reply, TRY_LATER } from './reply.ts'
import type { Acceptor, Client, Envelope, GatewayOptions, Reply, Timeouts } from './types.ts'

export type SessionOptions = Required<Omit<GatewayOptions, 'listen' | 'timeouts' | 'xclient' | 'xforward'>> & {
  readonly timeouts: Timeouts
}

export interface SessionDeps {
  readonly protocol: 'lmtp' | 'smtp'
  readonly options: SessionOptions
  readonly acceptor: Acceptor
  readonly rate: RateLimit
  readonly budget: ByteBudget
  readonly xclient: Networks
  readonly xforward: Networks
  readonly log: StorageLog
  /** True once the server is stopping: no new transaction begins. */
  readonly stopping: () => boolean
}

/** What a session is doing, for a server that wants to stop. */
export interface Session {
  readonly done: Promise<void>
  busy(): boolean
  /** Says 421 and closes, unless a message is being handled. */
  dismiss(): void
  destroy(): void
}

type Transaction = Omit<Envelope, 'recipients'> & { readonly recipients: string[]; readonly size: number }

const MAX_LINE = 4096
const MAX_MISTAKES = 20
const XFORWARD = new Set(['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'IDENT', 'SOURCE'])
const XCLIENT = new Set(['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'LOGIN', 'DESTADDR', 'DESTPORT'])
/** Words that a browser would send: somebody makes a web page talk to us. */
const OTHER_PROTOCOLS = new Set(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'DELETE'])

const BAD_SEQUENCE = (text: string) => reply(503, '5.5.1', text)
const SYNTAX = (text: string) => reply(501, '5.5.4', text)

/** One connection, from greeting to close. Reads top to bottom: a command, its reply, the next command. */
export function startSession(socket: Socket, deps: SessionDeps): Session {
  let busy = false
  let dismissed = false
  const peer = plainIp(socket.remoteAddress ?? '')
  const run = createDialogue(socket, peer, deps, (b) => {
    busy = b
  })
  const done = run(() => dismissed)
    .catch((error) => deps.log.error({ peer, error: messageOf(error) }, 'session failed'))
    .finally(() => socket.destroySoon())
  return {
    done,
    busy: () => busy,
    dismiss: () => {
      dismissed = true
      if (busy) return
      socket.write(formatReply(reply(421, '4.3.2', 'Server is stopping')))
      socket.destroySoon()
    },
    destroy: () => socket.destroy(),
  }
}

function createDialogue(socket: Socket, peer: string, deps: SessionDeps, setBusy: (busy: boolean) => void) {
  const { protocol, options, acceptor } = deps
  const reader: Reader = createReader(socket)
  let client: Client = { ip: peer || null, name: null, helo: null }
  let forwarded: ReadonlyMap<string, string | null> | null = null
  let greeted = false
  let transaction: Transaction | null = null
  let mistakes = 0
  let held = ''

  /** Replies to commands that came in one packet leave in one, too (RFC 2920 §3.2); none waits for a command that is not here yet. */
  const send = async (...replies: readonly string[]): Promise<void> => {
    held += replies.join('')
    if (!reader.hasLine()) await flush()
  }
  const flush = async (): Promise<void> => {
    const text = held
    held = ''
    if (text === '' || socket.destroyed || !socket.writable) return
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.write(text, () => resolve())
    // The system has it, as nearly always.
    if (socket.writableLength === 0) return
    const timer = setTimeout(() => {
      socket.destroy()
      resolve()
    }, options.timeouts.write)
    socket.once('close', resolve)
    await promise
    socket.off('close', resolve)
    clearTimeout(timer)
  }
  const say = (r: Reply): Promise<void> => {
    // Refused recipients and senders are no mistakes of the client: an MTA sends what it was given.
    if (r.code === 500 || r.code === 501 || r.code === 503) mistakes++
    return send(formatReply(r))
  }
  const reset = (): void => {
    transaction = null
    forwarded = null
  }

  const hello = async (verb: string, name: string): Promise<void> => {
    const extended = verb !== 'HELO'
    if (protocol === 'lmtp' ? verb !== 'LHLO' : verb === 'LHLO') {
      return say(reply(500, '5.5.1', protocol === 'lmtp' ? 'This is LMTP: say LHLO' : 'This is SMTP: say EHLO'))
    }
    if (name === '' || name.length > 255) return say(SYNTAX(`${verb} needs your name`))
    reset()
    greeted = true
    client = { ...client, helo: name.replace(/[^\x21-\x7e]/g, '?') }
    const features = [
      `${options.hostname}`,
      'PIPELINING',
      `SIZE ${options.maxSize}`,
      '8BITMIME',
      'SMTPUTF8',
      'ENHANCEDSTATUSCODES',
      ...(deps.xforward.has(peer) ? ['XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE'] : []),
      ...(deps.xclient.has(peer) ? ['XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT'] : []),
    ]
    if (!extended) return send(`250 ${options.hostname}\r\n`)
    return send(...features.map((f, i) => `250${i === features.length - 1 ? ' ' : '-'}${f}\r\n`))
  }

  const mail = async (argument: string): Promise<void> => {
    if (!greeted) return say(BAD_SEQUENCE(`Say ${protocol === 'lmtp' ? 'LHLO' : 'EHLO'} first`))
    if (transaction) return say(BAD_SEQUENCE('A transaction is open'))
    const path = /^FROM:/i.test(argument) ? parsePath(argument.slice(5), { nullAllowed: true }) : null
    if (!path) return say(SYNTAX('Syntax: MAIL FROM:<address>'))
    const refusal = checkParameters(path, options.maxSize)
    if (refusal) return say(refusal)
    if (deps.stopping()) return say(reply(421, '4.3.2', 'Server is stopping'))
    if (!deps.rate.take(peer)) return say(reply(450, '4.7.1', 'Too many messages in the last minute, try again later'))
    const declared = Number(path.parameters.get('SIZE') ?? 0)
    if (deps.budget.used() + declared > options.maxBytesInFlight) {
      return say(reply(452, '4.3.1', 'Too much mail is being handled just now, try again later'))
    }
    transaction = {
      protocol,
      mailFrom: path.address,
      recipients: [],
      client: forwardedClient(client, forwarded),
      peer,
      ident: forwarded?.get('IDENT') ?? null,
      eightBit: /^8BITMIME$/i.test(path.parameters.get('BODY') ?? ''),
      smtpUtf8: path.parameters.has('SMTPUTF8'),
      size: declared,
    }
    return say(reply(250, '2.1.0', 'Sender ok'))
  }

  const rcpt = async (argument: string): Promise<void> => {
    if (!transaction) return say(BAD_SEQUENCE('MAIL FROM first'))
    const path = /^TO:/i.test(argument) ? parsePath(argument.slice(3), { nullAllowed: false }) : null
    if (!path) return say(reply(501, '5.1.3', 'Syntax: RCPT TO:<address>'))
    if (path.parameters.size > 0) return say(reply(555, '5.5.4', 'Parameter of RCPT TO is not known here'))
    if (needsUtf8(path.address) && !transaction.smtpUtf8) {
      return say(reply(553, '5.6.7', 'Address needs SMTPUTF8'))
    }
    const limit = protocol === 'smtp' ? 1 : options.maxRecipients
    if (transaction.recipients.length >= limit) {
      const why =
        protocol === 'smtp' ? 'One recipient a transaction, please send the rest again' : 'Too many recipients'
      return send(formatReply(reply(452, '4.5.3', why)))
    }
    try {
      const refusal = await acceptor.recipient(path.address, transaction)
      if (refusal) return say(refusal)
    } catch (error) {
      deps.log.error({ peer, error: messageOf(error) }, 'recipient could not be looked up')
      return say(TRY_LATER)
    }
    transaction.recipients.push(path.address)
    return say(reply(250, '2.1.5', 'Recipient ok'))
  }

  /** False = the connection cannot go on: what follows can no longer be told from message bytes. */
  const data = async (argument: string): Promise<boolean> => {
    const open = transaction
    if (argument !== '') {
      await say(SYNTAX('DATA has no argument'))
      return true
    }
    if (!open || open.recipients.length === 0) {
      await say(BAD_SEQUENCE(open ? 'No recipient was accepted' : 'MAIL FROM first'))
      return true
    }
    if (reader.buffered() > 0) {
      await say(reply(554, '5.5.0', 'Wait for 354 before sending the message'))
      return false
    }
    await send('354 End with <CRLF>.<CRLF>\r\n')
    const got = await receiveData(reader, deps.budget, {
      maxSize: options.maxSize,
      declared: open.size,
      idleMs: options.timeouts.data,
      totalMs: options.timeouts.dataTotal,
    })
    if (got.kind === 'end') return false
    if (got.kind === 'timeout') {
      await say(reply(421, '4.4.2', 'Waited too long for the message'))
      return false
    }
    setBusy(true)
    try {
      await answer(open, got.kind === 'refused' ? got.reply : got.raw)
    } finally {
      if (got.kind === 'message') got.release()
      setBusy(false)
      reset()
    }
    return true
  }

  const answer = async (open: Transaction, got: Reply | Buffer): Promise<void> => {
    const { size: _, ...envelope } = open
    const replies = await decide(envelope, got)
    // RFC 2033 §4.2: LMTP says one reply for each accepted recipient, in order; SMTP one for all.
    await send(...replies.map(formatReply))
    // Whatever else the client has sent already: who does not know that its message was taken sends it again.
    await flush()
    acceptor.replied?.()
  }

  const decide = async (envelope: Envelope, got: Reply | Buffer): Promise<readonly Reply[]> => {
    const all = (r: Reply) => envelope.recipients.map(() => r)
    if (!Buffer.isBuffer(got)) return all(got)
    if (isLoop(got, options)) return all(reply(554, '5.4.6', 'Mail loop: this message was here before, or too often'))
    try {
      const replies = await acceptor.message(envelope, got)
      if (replies.length === envelope.recipients.length) return replies
      deps.log.error({ wanted: envelope.recipients.length, got: replies.length }, 'wrong number of replies')
    } catch (error) {
      deps.log.error({ peer, ident: envelope.ident, error: messageOf(error) }, 'message could not be taken')
    }
    return all(TRY_LATER)
  }

  const xforward = async (argument: string): Promise<void> => {
    if (!deps.xforward.has(peer)) return say(reply(550, '5.7.0', 'XFORWARD is not allowed from your address'))
    if (transaction) return say(BAD_SEQUENCE('A transaction is open'))
    const found = parseAttributes(argument, XFORWARD)
    if (!found) return say(SYNTAX('Syntax: XFORWARD attribute=value'))
    forwarded = new Map([...(forwarded ?? []), ...found])
    return say(OK)
  }

  const xclient = async (argument: string): Promise<void> => {
    if (!deps.xclient.has(peer)) return say(reply(550, '5.7.0', 'XCLIENT is not allowed from your address'))
    if (transaction) return say(BAD_SEQUENCE('A transaction is open'))
    const found = parseAttributes(argument, XCLIENT)
    if (!found) return say(SYNTAX('Syntax: XCLIENT attribute=value'))
    client = forwardedClient(client, found)
    greeted = false
    reset()
    return send(`220 ${options.hostname} ${protocol === 'lmtp' ? 'LMTP' : 'ESMTP'}\r\n`)
  }

  /** False = close. */
  const command = async (verb: string, argument: string): Promise<boolean> => {
    switch (verb) {
      case 'LHLO':
      case 'EHLO':
      case 'HELO':
        await hello(verb, argument)
        return true
      case 'MAIL':
        await mail(argument)
        return true
      case 'RCPT':
        await rcpt(argument)
        return true
      case 'DATA':
        return data(argument)
      case 'RSET':
        reset()
        await say(OK)
        return true
      case 'NOOP':
        await say(OK)
        return true
      case 'VRFY':
        await say(reply(252, '2.5.0', 'Send some mail and see'))
        return true
      case 'XFORWARD':
        await xforward(argument)
        return true
      case 'XCLIENT':
        await xclient(argument)
        return true
      case 'QUIT':
        await say(reply(221, '2.0.0', 'Bye'))
        return false
      default:
        if (OTHER_PROTOCOLS.has(verb)) {
          await say(reply(421, '4.7.0', 'This is a mail server'))
          return false
        }
        await say(reply(500, '5.5.2', 'Command not known here'))
        return true
    }
  }

  const converse = async (dismissed: () => boolean): Promise<void> => {
    await send(`220 ${options.hostname} ${protocol === 'lmtp' ? 'LMTP' : 'ESMTP'}\r\n`)
    while (!dismissed()) {
      const line = await reader.line(MAX_LINE, options.timeouts.command)
      if (line.kind === 'end') return
      if (line.kind === 'timeout') return say(reply(421, '4.4.2', 'Waited too long for a command'))
      if (line.kind === 'bare-lf') return say(reply(421, '4.5.2', 'Lines end with CRLF'))
      if (mistakes >= MAX_MISTAKES) return say(reply(421, '4.7.0', 'Too many errors'))
      if (line.kind === 'too-long') {
        await say(reply(500, '5.5.2', 'Line too long'))
        continue
      }
      const text = line.text.toString('utf8')
      if (text.includes('\0') || text.includes('\uFFFD')) {
        await say(SYNTAX('NUL or broken UTF-8 in a command'))
        continue
      }
      const space = text.indexOf(' ')
      const verb = (space === -1 ? text : text.slice(0, space)).toUpperCase()
      const argument = space === -1 ? '' : text.slice(space + 1).trim()
      if (!(await command(verb, argument))) return
    }
    await say(reply(421, '4.3.2', 'Server is stopping'))
  }
  return (dismissed: () => boolean): Promise<void> => converse(dismissed).finally(flush)
}

const needsUtf8 = (address: string): boolean => /[^\x20-\x7e]/.test(address)

function checkParameters(
  path: { address: string; parameters: ReadonlyMap<string, string | null> },
  maxSize: number,
): Reply | null {
  for (const [name, value] of path.parameters) {
    if (name === 'SIZE') {
      if (value === null || !/^\d{1,20}$/.test(value)) return SYNTAX('SIZE is a number')
      if (Number(value) > maxSize) return reply(552, '5.3.4', `Message is larger than ${maxSize} bytes`)
    } else if (name === 'BODY') {
      if (!/^(?:7BIT|8BITMIME)$/i.test(value ?? '')) return SYNTAX('BODY is 7BIT or 8BITMIME')
    } else if (name === 'SMTPUTF8') {
      if (value !== null) return SYNTAX('SMTPUTF8 has no value')
    } else {
      return reply(555, '5.5.4', 'Parameter of MAIL FROM is not known here')
    }
  }
  if (needsUtf8(path.address) && !path.parameters.has('SMTPUTF8')) return reply(553, '5.6.7', 'Address needs SMTPUTF8')
  return null
}

/** What a believed proxy says of the client behind it; attributes that it did not name stay as they were. */
function forwardedClient(client: Client, found: ReadonlyMap<string, string | null> | null): Client {
  if (!found) return client
  const raw = found.get('ADDR')
  const ip = raw == null ? null : plainIp(raw.replace(/^IPV6:/i, ''))
  return {
    ip: found.has('ADDR') ? (ip !== null && isIP(ip) !== 0 ? ip : null) : client.ip,
    name: found.has('NAME') ? (found.get('NAME') ?? null) : client.name,
    helo: found.has('HELO') ? (found.get('HELO') ?? null) : client.helo,
  }
}
