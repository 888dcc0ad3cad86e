import { connect, type Socket } from 'node:net'
import type { Signal, Threat } from '../../judgement/index.ts'
import type { EngineClient } from './supervise.ts'
import type { Asked } from './types.ts'

export interface ClamavOptions {
  /** Path of clamd's socket, or `host:port`. */
  readonly address: string
  readonly timeoutMs: number
  /** Not above clamd's StreamMaxLength. */
  readonly maxBytes: number
}

const MAX_ANSWER = 4096
const CHUNK = 256 * 1024

/** clamd by INSTREAM (clamd(8)). A signature is malware, a heuristic one a hint; an answer that cannot be read is a failure. */
export function clamav(options: ClamavOptions): EngineClient {
  const where = whereOf(options.address)
  return {
    id: 'clamav',
    address: options.address,
    maxBytes: options.maxBytes,
    timeoutMs: options.timeoutMs,
    ask: async (asked, signal) => read(await talk(where, (socket) => stream(socket, asked.raw), signal), asked),
    ping: async (signal) => {
      const said = await talk(where, (socket) => void socket.write('zPING\0'), signal)
      if (said !== 'PONG') throw new Error(`what answers there is no clamd: ${said.slice(0, 100)}`)
    },
  }
}

type Where = { readonly path: string } | { readonly host: string; readonly port: number }

/** `/run/clamav/clamd.ctl`, `127.0.0.1:3310`, `[::1]:3310`. */
export function whereOf(address: string): Where {
  const tcp = /^\[?([^/\]]+)\]?:(\d{1,5})$/.exec(address)
  return tcp ? { host: tcp[1] ?? '', port: Number(tcp[2]) } : { path: address }
}

/** One command, one answer, up to its NUL. */
function talk(where: Where, say: (socket: Socket) => void, signal: AbortSignal): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(where)
    let said = Buffer.alloc(0)
    const fail = (error: unknown) => {
      socket.destroy()
      failed(error instanceof Error ? error : new Error(String(error)))
    }
    signal.addEventListener('abort', () => fail(signal.reason), { once: true })
    socket.on('error', fail)
    socket.on('connect', () => say(socket))
    socket.on('data', (chunk) => {
      said = Buffer.concat([said, chunk])
      const end = said.indexOf(0)
      if (end >= 0) {
        socket.destroy()
        done(said.toString('utf8', 0, end))
      } else if (said.length > MAX_ANSWER) fail(new Error('clamd answers without end'))
    })
    socket.on('close', () => failed(new Error('clamd closed the connection without an answer')))
  })
}

/** The message in chunks with their lengths; clamd hangs up in the middle when it has had enough. */
function stream(socket: Socket, raw: Buffer): void {
  socket.write('zINSTREAM\0')
  for (let at = 0; at < raw.length; at += CHUNK) {
    const chunk = raw.subarray(at, at + CHUNK)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(chunk.length)
    socket.write(length)
    socket.write(chunk)
  }
  socket.write(Buffer.alloc(4))
}

function read(said: string, asked: Asked): Signal[] {
  if (said === 'stream: OK') return []
  const found = /^stream: ([\x21-\x7e]{1,300}) FOUND$/.exec(said)
  if (found?.[1] === undefined) throw new Error(`clamd answered: ${said.slice(0, 200)}`)
  return [signalOf(found[1], asked)]
}

/** What clamd's names say. Its heuristics are no proof; a signature is. */
function meaning(name: string): { weight: number; threat: Threat; says: string } {
  if (/^(Heuristics|Phishing)\..*(Phish|Spoof)|^Phishing\./i.test(name))
    return { weight: 8, threat: 'phish', says: 'looks like phishing to ClamAV' }
  if (/^Heuristics\.(Encrypted|OLE2\.ContainsMacros|Limits)/i.test(name))
    return { weight: 3, threat: 'malware', says: 'holds what ClamAV cannot look into, or macros' }
  if (/^(Heuristics|PUA)\./i.test(name)) return { weight: 4, threat: 'malware', says: 'holds something unwanted' }
  return { weight: 20, threat: 'malware', says: 'holds malware' }
}

function signalOf(signature: string, { mail }: Asked): Signal {
  const { weight, threat, says } = meaning(signature)
  // clamd does not say in which file: each of them may be meant.
  const hashes = [...new Set(mail.attachments.map((a) => a.sha256.toLowerCase()))].sort()
  return {
    id: 'clamav',
    version: 1,
    weight,
    threat,
    technology: 'file-analysis',
    summary: `The message ${says}: ${signature}`,
    evidence: { signature },
    entities: hashes.map((value) => ({ kind: 'file-hash', value })),
  }
}
