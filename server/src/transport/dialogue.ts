import type { Socket } from 'node:net'
import { messageOf } from '../base/index.ts'
import type { StorageLog } from '../storage/index.ts'
import { repliesTo } from './answers.ts'
import type { ByteBudget, Networks, RateLimit } from './limits.ts'
import {
  checkParameters,
  type Forwarded,
  forwardedClient,
  needsUtf8,
  parseForwarded,
  proxyFeature,
} from './parameters.ts'
import { parsePath } from './path.ts'
import { Pipeline } from './pipeline.ts'
import { createReader, type Line, type Reader } from './reader.ts'
import { receiveData } from './receive.ts'
import { BAD_SEQUENCE, formatReply, OK, reply, SYNTAX, TRY_LATER } from './reply.ts'
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

type Transaction = Omit<Envelope, 'recipients'> & { readonly recipients: string[]; readonly size: number }

const MAX_LINE = 4096
const MAX_MISTAKES = 20
/** Words that a browser would send: somebody makes a web page talk to us. */
const OTHER_PROTOCOLS = new Set(['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'DELETE'])

/** What is said on one connection: a command, its reply, the next command. */
export class Dialogue {
  /** A message is being handled. */
  busy = false
  readonly #peer: string
  readonly #deps: SessionDeps
  readonly #reader: Reader
  readonly #pipeline: Pipeline
  #client: Client
  #forwarded: Forwarded | null = null
  #greeted = false
  #transaction: Transaction | null = null
  #mistakes = 0
  /** Since when there was no message. */
  #quietSince = Date.now()

  constructor(socket: Socket, peer: string, deps: SessionDeps) {
    this.#peer = peer
    this.#deps = deps
    this.#reader = createReader(socket)
    this.#pipeline = new Pipeline(socket, this.#reader, deps.options.timeouts.write)
    this.#client = { ip: peer || null, name: null, helo: null }
  }

  /** From greeting to the last reply; `dismissed`: the server wants to stop. */
  run(dismissed: () => boolean): Promise<void> {
    return this.#converse(dismissed).finally(() => this.#pipeline.flush())
  }

  async #converse(dismissed: () => boolean): Promise<void> {
    await this.#greet()
    while (!dismissed()) {
      const line = await this.#line()
      if (line.kind === 'end') return
      if (line.kind === 'timeout') return this.#say(reply(421, '4.4.2', 'Waited too long for a command'))
      if (line.kind === 'bare-lf') return this.#say(reply(421, '4.5.2', 'Lines end with CRLF'))
      if (this.#mistakes >= MAX_MISTAKES) return this.#say(reply(421, '4.7.0', 'Too many errors'))
      if (line.kind === 'too-long') {
        await this.#say(reply(500, '5.5.2', 'Line too long'))
        continue
      }
      const text = line.text.toString('utf8')
      // A bare CR ends a line for laxer servers (RFC 5321, 2.3.8).
      if (text.includes('\0') || text.includes('\r') || text.includes('\uFFFD')) {
        await this.#say(SYNTAX('NUL, bare CR or broken UTF-8 in a command'))
        continue
      }
      const space = text.indexOf(' ')
      const verb = (space === -1 ? text : text.slice(0, space)).toUpperCase()
      const argument = space === -1 ? '' : text.slice(space + 1).trim()
      if (!(await this.#command(verb, argument))) return
    }
    await this.#say(reply(421, '4.3.2', 'Server is stopping'))
  }

  /** Who says NOOP now and then, or one recipient after another, has its place no longer than who says nothing. */
  async #line(): Promise<Line> {
    const { command, quiet } = this.#deps.options.timeouts
    const left = this.#quietSince + quiet - Date.now()
    return left > 0 ? await this.#reader.line(MAX_LINE, Math.min(command, left)) : { kind: 'timeout' }
  }

  /** False = close. */
  async #command(verb: string, argument: string): Promise<boolean> {
    switch (verb) {
      case 'DATA':
        return this.#data(argument)
      case 'BDAT':
        // Not offered: the bytes that follow would be read as commands.
        await this.#say(reply(502, '5.5.1', 'BDAT is not known here'))
        return false
      case 'QUIT':
        await this.#say(reply(221, '2.0.0', 'Bye'))
        return false
      case 'LHLO':
      case 'EHLO':
      case 'HELO':
        await this.#hello(verb, argument)
        return true
      case 'MAIL':
        await this.#mail(argument)
        return true
      case 'RCPT':
        await this.#rcpt(argument)
        return true
      case 'RSET':
        this.#reset()
        await this.#say(OK)
        return true
      case 'NOOP':
        await this.#say(OK)
        return true
      case 'VRFY':
        await this.#say(reply(252, '2.5.0', 'Send some mail and see'))
        return true
      case 'XFORWARD':
        await this.#xforward(argument)
        return true
      case 'XCLIENT':
        await this.#xclient(argument)
        return true
      default:
        return this.#unknown(verb)
    }
  }

  async #unknown(verb: string): Promise<boolean> {
    const other = OTHER_PROTOCOLS.has(verb)
    await this.#say(
      other ? reply(421, '4.7.0', 'This is a mail server') : reply(500, '5.5.2', 'Command not known here'),
    )
    return !other
  }

  #say(r: Reply): Promise<void> {
    // Refused recipients and senders are no mistakes of the client: an MTA sends what it was given.
    if (r.code === 500 || r.code === 501 || r.code === 503) this.#mistakes++
    return this.#pipeline.send(formatReply(r))
  }

  #reset(): void {
    this.#transaction = null
    this.#forwarded = null
  }

  #greet(): Promise<void> {
    const { protocol, options } = this.#deps
    return this.#pipeline.send(`220 ${options.hostname} ${protocol === 'lmtp' ? 'LMTP' : 'ESMTP'}\r\n`)
  }

  async #hello(verb: string, name: string): Promise<void> {
    const { protocol, options, xforward, xclient } = this.#deps
    if (protocol === 'lmtp' ? verb !== 'LHLO' : verb === 'LHLO') {
      return this.#say(reply(500, '5.5.1', protocol === 'lmtp' ? 'This is LMTP: say LHLO' : 'This is SMTP: say EHLO'))
    }
    if (name === '' || name.length > 255) return this.#say(SYNTAX(`${verb} needs your name`))
    this.#reset()
    this.#greeted = true
    this.#client = { ...this.#client, helo: name.replace(/[^\x21-\x7e]/g, '?') }
    if (verb === 'HELO') return this.#pipeline.send(`250 ${options.hostname}\r\n`)
    const features = [
      options.hostname,
      'PIPELINING',
      `SIZE ${options.maxSize}`,
      '8BITMIME',
      'SMTPUTF8',
      'ENHANCEDSTATUSCODES',
      ...(xforward.has(this.#peer) ? [proxyFeature('XFORWARD')] : []),
      ...(xclient.has(this.#peer) ? [proxyFeature('XCLIENT')] : []),
    ]
    return this.#pipeline.send(...features.map((f, i) => `250${i === features.length - 1 ? ' ' : '-'}${f}\r\n`))
  }

  async #mail(argument: string): Promise<void> {
    const { protocol, options, rate, budget, stopping } = this.#deps
    if (!this.#greeted) return this.#say(BAD_SEQUENCE(`Say ${protocol === 'lmtp' ? 'LHLO' : 'EHLO'} first`))
    if (this.#transaction) return this.#say(BAD_SEQUENCE('A transaction is open'))
    const path = /^FROM:/i.test(argument) ? parsePath(argument.slice(5), { nullAllowed: true }) : null
    if (!path) return this.#say(SYNTAX('Syntax: MAIL FROM:<address>'))
    const refusal = checkParameters(path, options.maxSize)
    if (refusal) return this.#say(refusal)
    if (stopping()) return this.#say(reply(421, '4.3.2', 'Server is stopping'))
    if (!rate.take(this.#peer)) {
      return this.#say(reply(450, '4.7.1', 'Too many messages in the last minute, try again later'))
    }
    const declared = Number(path.parameters.get('SIZE') ?? 0)
    if (budget.used() + declared > options.maxBytesInFlight) {
      return this.#say(reply(452, '4.3.1', 'Too much mail is being handled just now, try again later'))
    }
    this.#transaction = {
      protocol,
      mailFrom: path.address,
      recipients: [],
      client: forwardedClient(this.#client, this.#forwarded),
      peer: this.#peer,
      ident: this.#forwarded?.get('IDENT') ?? null,
      eightBit: /^8BITMIME$/i.test(path.parameters.get('BODY') ?? ''),
      smtpUtf8: path.parameters.has('SMTPUTF8'),
      size: declared,
    }
    return this.#say(reply(250, '2.1.0', 'Sender ok'))
  }

  async #rcpt(argument: string): Promise<void> {
    const { protocol, options, acceptor, log } = this.#deps
    const open = this.#transaction
    if (!open) return this.#say(BAD_SEQUENCE('MAIL FROM first'))
    const path = /^TO:/i.test(argument) ? parsePath(argument.slice(3), { nullAllowed: false }) : null
    if (!path) return this.#say(reply(501, '5.1.3', 'Syntax: RCPT TO:<address>'))
    if (path.parameters.size > 0) return this.#say(reply(555, '5.5.4', 'Parameter of RCPT TO is not known here'))
    if (needsUtf8(path.address) && !open.smtpUtf8) return this.#say(reply(553, '5.6.7', 'Address needs SMTPUTF8'))
    const one = protocol === 'smtp'
    if (open.recipients.length >= (one ? 1 : options.maxRecipients)) {
      const why = one ? 'One recipient a transaction, please send the rest again' : 'Too many recipients'
      return this.#say(reply(452, '4.5.3', why))
    }
    try {
      const refusal = await acceptor.recipient(path.address, open)
      if (refusal) return this.#say(refusal)
    } catch (error) {
      log.error({ peer: this.#peer, error: messageOf(error) }, 'recipient could not be looked up')
      return this.#say(TRY_LATER)
    }
    open.recipients.push(path.address)
    return this.#say(reply(250, '2.1.5', 'Recipient ok'))
  }

  async #xforward(argument: string): Promise<void> {
    if (!this.#deps.xforward.has(this.#peer)) {
      return this.#say(reply(550, '5.7.0', 'XFORWARD is not allowed from your address'))
    }
    if (this.#transaction) return this.#say(BAD_SEQUENCE('A transaction is open'))
    const found = parseForwarded('XFORWARD', argument)
    if (!found) return this.#say(SYNTAX('Syntax: XFORWARD attribute=value'))
    this.#forwarded = new Map([...(this.#forwarded ?? []), ...found])
    return this.#say(OK)
  }

  async #xclient(argument: string): Promise<void> {
    if (!this.#deps.xclient.has(this.#peer)) {
      return this.#say(reply(550, '5.7.0', 'XCLIENT is not allowed from your address'))
    }
    if (this.#transaction) return this.#say(BAD_SEQUENCE('A transaction is open'))
    const found = parseForwarded('XCLIENT', argument)
    if (!found) return this.#say(SYNTAX('Syntax: XCLIENT attribute=value'))
    this.#client = forwardedClient(this.#client, found)
    this.#greeted = false
    this.#reset()
    return this.#greet()
  }

  /** False = the connection cannot go on: what follows can no longer be told from message bytes. */
  async #data(argument: string): Promise<boolean> {
    const { options, budget } = this.#deps
    const open = this.#transaction
    // Also where DATA is refused: what follows was meant as a message, and would be read as commands.
    if (this.#reader.buffered() > 0) {
      await this.#say(reply(554, '5.5.0', 'Wait for 354 before sending the message'))
      return false
    }
    if (argument !== '') {
      await this.#say(SYNTAX('DATA has no argument'))
      return true
    }
    if (!open || open.recipients.length === 0) {
      await this.#say(BAD_SEQUENCE(open ? 'No recipient was accepted' : 'MAIL FROM first'))
      return true
    }
    await this.#pipeline.send('354 End with <CRLF>.<CRLF>\r\n')
    const got = await receiveData(this.#reader, budget, {
      maxSize: options.maxSize,
      declared: open.size,
      idleMs: options.timeouts.data,
      totalMs: options.timeouts.dataTotal,
    })
    if (got.kind === 'end') return false
    if (got.kind === 'timeout') {
      await this.#say(reply(421, '4.4.2', 'Waited too long for the message'))
      return false
    }
    this.busy = true
    try {
      await this.#answer(open, got.kind === 'refused' ? got.reply : got.raw)
    } finally {
      if (got.kind === 'message') got.release()
      this.busy = false
      this.#quietSince = Date.now()
      this.#reset()
    }
    return true
  }

  async #answer(open: Transaction, got: Reply | Buffer): Promise<void> {
    const { size: _, ...envelope } = open
    const replies = await repliesTo(envelope, got, this.#deps)
    // RFC 2033 §4.2: LMTP says one reply for each accepted recipient, in order; SMTP one for all.
    await this.#pipeline.send(...replies.map(formatReply))
    // Whatever else the client has sent already: who does not know that its message was taken sends it again.
    await this.#pipeline.flush()
    this.#deps.acceptor.replied?.()
  }
}
