import { Readable } from 'node:stream'
import { ImapFlow } from 'imapflow'
import type { Credentials } from './credentials.ts'
import { readFetch } from './fast-fetch.ts'
import type { ImapSettings } from './options.ts'
import { type Arg, codeOf, commandOf, type Fetched } from './wire.ts'

// imapflow is used for its sockets, its parser and its literals; its inner doors are not in its types: checked here, and believed no further.

export type Untagged = Readonly<Record<string, (response: unknown) => void>>

export interface Answer {
  /** OK's response code, e.g. `['APPENDUID', '1', '5']`. */
  readonly code: readonly string[]
  readonly response: unknown
}

/** A client that does nothing by itself. `ca`: PEM of the authority to trust, null = the system's; `quietMs`: how long the server may say nothing at all. */
export function createClient(settings: ImapSettings, ca: string | null, auth: Credentials, quietMs: number): ImapFlow {
  return new ImapFlow({
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    auth,
    logger: false,
    disableAutoIdle: true,
    disableCompression: true,
    // CONDSTORE enables itself with the first MODSEQ; UTF8=ACCEPT would change the names of folders and APPEND.
    disableAutoEnable: true,
    clientInfo: { name: 'recourse', version: '1', vendor: 'recourse', 'support-url': 'about:blank' },
    connectionTimeout: settings.connectMs,
    greetingTimeout: settings.connectMs,
    // Only a last resort: the deadline of a command is ours.
    socketTimeout: quietMs,
    ...(settings.servername === null ? {} : { servername: settings.servername }),
    tls: { rejectUnauthorized: settings.verify, ...(ca === null ? {} : { ca }) },
  })
}

/** One command as it stands. NO and BAD are errors with `response` and `responseStatus`. */
export async function execute(
  client: ImapFlow,
  command: string,
  args: readonly Arg[],
  options: { untagged: Untagged; onSend: () => void; onPlusTag?: () => Promise<void> },
): Promise<Answer> {
  const exec: unknown = Reflect.get(client, 'exec')
  if (typeof exec !== 'function') throw new Error('this imapflow has no raw commands')
  const result: unknown = await Reflect.apply(exec, client, [command, args, options])
  if (typeof result !== 'object' || result === null || !('response' in result)) throw new Error('no response')
  if ('next' in result && typeof result.next === 'function') result.next()
  const { response } = result
  // imapflow takes `NO … no longer exist` for OK; we must not.
  if (commandOf(response).toUpperCase() !== 'OK') {
    throw Object.assign(new Error('Command failed'), { response, responseStatus: commandOf(response).toUpperCase() })
  }
  return { code: codeOf(response), response }
}

/** Handlers of answers that come unasked. */
export function addHandlers(client: ImapFlow, handlers: Untagged): void {
  const known: unknown = Reflect.get(client, 'untaggedHandlers')
  if (typeof known !== 'object' || known === null) throw new Error('this imapflow has no handlers of untagged answers')
  Object.assign(known, handlers)
}

/** A line outside of any command, such as the DONE that ends IDLE. */
export function writeLine(client: ImapFlow, line: string): void {
  const write: unknown = Reflect.get(client, 'write')
  if (typeof write === 'function') Reflect.apply(write, client, [line])
}

/**
 * The rows of a FETCH are read before imapflow parses them: it costs ten times as much for each. Lines that are not read here, and every
 * line while nobody has asked for rows, go on to it; one line is handed over at a time, so their order stays.
 */
export function divertFetch(client: ImapFlow, wanted: () => ((row: Fetched) => void) | null): void {
  const streamer: unknown = Reflect.get(client, 'streamer')
  if (!(streamer instanceof Readable)) return
  const push = streamer.push.bind(streamer)
  streamer.push = (item: unknown) => {
    const line = lineOf(item)
    const take = line && wanted()
    const row = take ? readFetch(line.payload, line.literals) : null
    if (!take || !row) return push(item)
    take(row)
    line.next()
    return true
  }
}

interface Line {
  readonly payload: Buffer
  readonly literals: readonly Buffer[]
  readonly next: () => void
}

function lineOf(item: unknown): Line | null {
  if (typeof item !== 'object' || item === null) return null
  if (!('payload' in item && 'literals' in item && 'next' in item)) return null
  const { payload, literals, next } = item
  if (!Buffer.isBuffer(payload) || !Array.isArray(literals) || typeof next !== 'function') return null
  return literals.every(Buffer.isBuffer) ? { payload, literals, next: () => Reflect.apply(next, undefined, []) } : null
}
