import { connect, type Socket } from 'node:net'
import { messageOf } from '../base/index.ts'
import type { HandOver, HopResult } from './next-hop.ts'
import { needsUtf8 } from './parameters.ts'
import { parseAddress } from './path.ts'
import { createReader, type Reader } from './reader.ts'
import { reply } from './reply.ts'
import type { Reply } from './types.ts'

/** The connection or its time is over in the middle of a message. */
export class LmtpLost extends Error {
  /** The end of the data may have reached the server. */
  readonly sent: boolean
  /** Results that were known before, by recipient; a hole = not known. */
  readonly results: readonly (HopResult | undefined)[]
  constructor(message: string, sent: boolean, results: readonly (HopResult | undefined)[] = []) {
    super(message)
    this.name = 'LmtpLost'
    this.sent = sent
    this.results = results
  }
}

export interface LmtpConnection {
  /** Throws LmtpLost. */
  send(mail: HandOver): Promise<readonly HopResult[]>
  usable(): boolean
  quit(): void
  destroy(): void
}

const MAX_REPLY_LINE = 4096
const MAX_REPLY_LINES = 100

export async function openLmtp(
  where: { host: string; port: number },
  hostname: string,
  options: { timeoutMs: number; deadline: number },
): Promise<LmtpConnection> {
  const socket = await open(where, Math.min(options.timeoutMs, options.deadline - Date.now()))
  const reader = createReader(socket)
  const wire = createWire(socket, reader, options.timeoutMs)
  try {
    await expect(wire, 220, options.deadline, 'greeting')
    await wire.write(`LHLO ${hostname}\r\n`)
    const { lines } = await expect(wire, 250, options.deadline, 'LHLO')
    return connection(socket, wire, new Set(lines.slice(1).map((l) => l.split(' ')[0]?.toUpperCase() ?? '')))
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function open(where: { host: string; port: number }, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...where, noDelay: true })
    const fail = (text: string) => {
      socket.destroy()
      reject(new LmtpLost(text, false))
    }
    const timer = setTimeout(() => fail('does not answer'), Math.max(1, timeoutMs))
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.pause()
      socket.on('error', () => undefined)
      resolve(socket)
    })
    socket.once('error', (error) => {
      clearTimeout(timer)
      fail(error.message)
    })
  })
}

interface Answer {
  readonly reply: Reply
  readonly lines: readonly string[]
}

interface Wire {
  write(...pieces: (string | Buffer)[]): Promise<void>
  /** Throws LmtpLost (sent = false) at the end, at the deadline and on nonsense. */
  read(deadline: number): Promise<Answer>
}

function createWire(socket: Socket, reader: Reader, timeoutMs: number): Wire {
  return {
    write: async (...pieces) => {
      if (socket.destroyed) throw new LmtpLost('closed the connection', false)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const closed = () => reject(new LmtpLost('closed the connection', false))
      const late = () => reject(new LmtpLost('does not read what is sent', false))
      const timer = setTimeout(late, timeoutMs)
      socket.once('close', closed)
      socket.cork()
      const last = pieces.length - 1
      pieces.forEach((piece, i) => {
        socket.write(piece, i === last ? (error) => (error ? reject(error) : resolve()) : undefined)
      })
      socket.uncork()
      try {
        await promise
      } finally {
        clearTimeout(timer)
        socket.off('close', closed)
      }
    },
    read: async (deadline) => {
      const lines: string[] = []
      for (;;) {
        const left = Math.min(timeoutMs, deadline - Date.now())
        const line = left <= 0 ? ({ kind: 'timeout' } as const) : await reader.line(MAX_REPLY_LINE, left)
        if (line.kind === 'timeout') throw new LmtpLost('does not answer in time', false)
        if (line.kind === 'end') throw new LmtpLost('closed the connection', false)
        const text = line.kind === 'line' ? line.text.toString('utf8') : ''
        const match = /^([2-5]\d\d)([ -]|$)(.*)$/.exec(text)
        if (!match || lines.length >= MAX_REPLY_LINES) throw new LmtpLost('answers nonsense', false)
        lines.push(match[3] ?? '')
        if (match[2] !== '-') return { reply: toReply(Number(match[1]), lines), lines }
      }
    },
  }
}

/** `2.1.5 text` of a reply's last line; a server without enhanced codes gets the class's general one. */
function toReply(code: number, lines: readonly string[]): Reply {
  const text = lines[lines.length - 1] ?? ''
  const match = /^([245]\.\d{1,3}\.\d{1,3}) ?(.*)$/.exec(text)
  if (match?.[1]) return reply(code, match[1], match[2] ?? '')
  return reply(code, `${Math.floor(code / 100)}.0.0`, text)
}

async function expect(wire: Wire, code: number, deadline: number, what: string): Promise<Answer> {
  const answer = await wire.read(deadline)
  if (answer.reply.code !== code) {
    throw new LmtpLost(`answers ${answer.reply.code} ${answer.reply.text} to ${what}`, false)
  }
  return answer
}

const MAX_MESSAGES = 200

function connection(socket: Socket, wire: Wire, features: ReadonlySet<string>): LmtpConnection {
  let messages = 0
  let good = true
  return {
    send: async (mail) => {
      messages++
      good = false
      try {
        const { results, pending } = await transaction(wire, mail, features)
        good = !pending || (await reset(wire, mail.deadline))
        return results
      } catch (error) {
        throw error instanceof LmtpLost ? error : new LmtpLost(messageOf(error), false)
      }
    },
    usable: () => good && !socket.destroyed && socket.readable && messages < MAX_MESSAGES,
    quit: () => {
      if (socket.destroyed) return
      socket.write('QUIT\r\n')
      socket.destroySoon()
    },
    destroy: () => socket.destroy(),
  }
}

const refused = (r: Reply): HopResult => ({ kind: r.code >= 500 ? 'permanent' : 'temporary', reply: r })

interface Transaction {
  readonly results: readonly HopResult[]
  /** The server may still be in it: it was begun, and has not come to the end of its data. */
  readonly pending: boolean
}

const NO_UTF8 = reply(550, '5.6.7', 'The mail store cannot take SMTPUTF8 mail')

/** Recipients who could not get it without SMTPUTF8. Many clients ask for it whatever they send. */
function needingUtf8({ smtpUtf8, mailFrom, recipients, bytes }: HandOver): ReadonlySet<HandOver['recipients'][number]> {
  if (!smtpUtf8) return new Set()
  const all = needsUtf8(mailFrom) || headerOf(bytes).some((byte) => byte > 0x7f)
  return new Set(recipients.filter(({ address }) => all || needsUtf8(address)))
}

function headerOf(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n')
  return end === -1 ? bytes : bytes.subarray(0, end)
}

async function transaction(wire: Wire, mail: HandOver, features: ReadonlySet<string>): Promise<Transaction> {
  const knows = features.has('SMTPUTF8')
  const unfit = knows ? new Set() : needingUtf8(mail)
  const fit = mail.recipients.filter((to) => !unfit.has(to))
  if (fit.length === 0) return { results: mail.recipients.map(() => refused(NO_UTF8)), pending: false }
  const parameters = `${features.has('8BITMIME') ? ' BODY=8BITMIME' : ''}${mail.smtpUtf8 && knows ? ' SMTPUTF8' : ''}`
  const envelope = [
    `MAIL FROM:<${pathOf(mail.mailFrom)}>${parameters}\r\n`,
    ...fit.map((to) => `RCPT TO:<${to.address}>\r\n`),
  ]
  const [sender, ...answers] = await commands(wire, envelope, features.has('PIPELINING'), mail.deadline)
  const results: (HopResult | undefined)[] = mail.recipients.map((to) => {
    if (unfit.has(to)) return refused(NO_UTF8)
    const bad = sender && sender.code !== 250 ? sender : answers[fit.indexOf(to)]
    return bad && (bad.code === 250 || bad.code === 251) ? undefined : refused(bad ?? reply(451, '4.3.0', 'No reply'))
  })
  const known = results.filter((r) => r !== undefined)
  if (known.length === results.length) return { results: known, pending: true }
  return sendData(wire, mail, results)
}

/** What is no address at all goes by the null path: nothing may follow it on the line, and the message must not be stuck for it. */
const pathOf = (address: string): string => (parseAddress(address) === null ? '' : address)

async function commands(
  wire: Wire,
  lines: readonly string[],
  pipelining: boolean,
  deadline: number,
): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  if (pipelining) await wire.write(lines.join(''))
  for (const line of lines) {
    if (!pipelining) await wire.write(line)
    replies.push((await wire.read(deadline)).reply)
  }
  return replies
}

/**
 * Ends a transaction that has not come to its data (RFC 5321 §4.1.1.5): a server that keeps it would answer the next message's MAIL with
 * 503, and that message would be refused for it. False: the connection is not to be used again. What was answered stays known.
 */
async function reset(wire: Wire, deadline: number): Promise<boolean> {
  try {
    const [answer] = await commands(wire, ['RSET\r\n'], false, deadline)
    return answer?.code === 250
  } catch {
    return false
  }
}

async function sendData(wire: Wire, mail: HandOver, results: (HopResult | undefined)[]): Promise<Transaction> {
  await wire.write('DATA\r\n')
  const go = (await wire.read(mail.deadline)).reply
  if (go.code !== 354) return { results: results.map((r) => r ?? refused(go)), pending: true }
  await wire.write(...stuffed(mail.bytes))
  if (Date.now() >= mail.deadline) throw new LmtpLost('takes too long', false, results)
  try {
    await wire.write('.\r\n')
    for (let i = 0; i < results.length; i++) {
      if (results[i]) continue
      const { reply: r } = await wire.read(mail.deadline)
      results[i] = r.code < 300 ? { kind: 'delivered', ref: null, detail: `${r.code} ${r.text}` } : refused(r)
    }
    return { results: results.filter((r) => r !== undefined), pending: false }
  } catch (error) {
    // From here on the server may have the whole message.
    throw new LmtpLost(messageOf(error), true, results)
  }
}

/** Dots at the beginning of a line are doubled (RFC 5321 §4.5.2). The bytes are in SMTP form already and end with CRLF. */
export function stuffed(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  if (bytes[0] === 46) pieces.push(DOT)
  for (let at = bytes.indexOf('\r\n.'); at !== -1; at = bytes.indexOf('\r\n.', at + 2)) {
    pieces.push(bytes.subarray(from, at + 2), DOT)
    from = at + 2
  }
  pieces.push(bytes.subarray(from))
  return pieces
}

const DOT = Buffer.from('.')
