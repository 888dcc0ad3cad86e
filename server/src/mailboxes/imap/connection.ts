import { Readable } from 'node:stream'
import { ImapFlow } from 'imapflow'
import { messageOf } from '../../base/index.ts'
import { ProviderError } from '../provider.ts'
import { connectError, isAnswer, refusal, type Where } from './errors.ts'
import { readFetch } from './fast-fetch.ts'
import type { ImapSettings } from './options.ts'
import { encodeMailbox } from './utf7.ts'
import {
  type Arg,
  atom,
  attributesOf,
  codeOf,
  commandOf,
  type Fetched,
  fetchedOf,
  isList,
  quoted,
  sectionOf,
  textOf,
} from './wire.ts'

export interface Credentials {
  readonly user: string
  readonly pass: string
  readonly authzid?: string
}

export interface Selected {
  readonly path: string
  readonly uidValidity: string
  readonly uidNext: number
  readonly exists: number
  readonly modseq: string
  readonly readOnly: boolean
  /** Lower case; null = the server did not say. */
  readonly permanentFlags: ReadonlySet<string> | null
  /** Keywords the folder knows, lower case (A31). */
  readonly known: ReadonlySet<string>
  /** MAILBOXID, where the server has it (never from STATUS: B4). */
  readonly mailboxId: string | null
}

export type Untagged = Readonly<Record<string, (response: unknown) => void>>

export interface Answer {
  /** OK's response code, e.g. `['APPENDUID', '1', '5']`. */
  readonly code: readonly string[]
  readonly response: unknown
}

/**
 * One IMAP connection of one mailbox. Every command goes out raw: imapflow's own methods batch, hide or expunge wrongly
 * (mailbox-semantics G). One command at a time; the caller serialises.
 */
export class Connection {
  readonly login: string
  readonly capabilities: ReadonlySet<string>
  selected: Selected | null = null
  /** Commands sent since `selected` was opened: the view of a folder is as old as its last command. */
  sinceSelect = 0
  readonly #client: ImapFlow
  readonly #where: Where
  readonly #commandMs: number
  #alive = true
  /** Takes the rows of the FETCH that runs now. */
  #fetched: ((row: Fetched) => void) | null = null

  private constructor(client: ImapFlow, where: Where, commandMs: number) {
    this.#client = client
    this.#where = where
    this.#commandMs = commandMs
    this.login = where.login
    divertFetch(client, () => this.#fetched)
    this.capabilities = new Set([...client.capabilities.keys()].map((name) => name.toUpperCase()))
    client.on('close', () => {
      this.#alive = false
    })
  }

  /** `quietMs`: how long the server may say nothing at all. */
  static async open(
    settings: ImapSettings,
    ca: string | null,
    login: string,
    auth: Credentials,
    quietMs = settings.commandMs * 4,
  ): Promise<Connection> {
    const where = { host: settings.host, port: settings.port, login }
    const client = new ImapFlow({
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
    // Without a listener an 'error' event would end the process; what failed is told by the command itself.
    client.on('error', () => {})
    try {
      await client.connect()
    } catch (error) {
      client.close()
      throw connectError(error, where)
    }
    return new Connection(client, where, settings.commandMs)
  }

  get alive(): boolean {
    return this.#alive && this.#client.usable
  }

  has(capability: string): boolean {
    return this.capabilities.has(capability)
  }

  get isDovecot(): boolean {
    return /dovecot/i.test(String(this.#client.serverInfo?.name ?? ''))
  }

  /** Prefix and separator of the user's own folders. */
  get personal(): { readonly prefix: string; readonly separator: string } {
    const { prefix = '', delimiter } = this.#client.namespace ?? {}
    return { prefix, separator: delimiter || '/' }
  }

  /**
   * One command. NO and BAD become a ProviderError; a connection that is lost is `unknown` when the command has an
   * `effect` and was sent, else `unavailable` or `timeout`.
   */
  async run(
    command: string,
    args: readonly Arg[],
    options: {
      doing: string
      effect?: boolean
      untagged?: Untagged
      /** For FETCH: each row. */
      fetched?: (row: Fetched) => void
      millis?: number
    },
  ): Promise<Answer> {
    if (!this.alive) throw new ProviderError('unavailable', `the connection to ${this.#where.host} is closed`)
    // Only synchronising literals: a refused non-synchronising one is executed as commands (A20). The server may
    // announce its capabilities again at any time, so they are taken away before every command.
    for (const name of ['LITERAL+', 'LITERAL-', 'IMAP4rev2']) this.#client.capabilities.delete(name)
    let sent = false
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.close()
    }, options.millis ?? this.#commandMs)
    const { fetched } = options
    this.#fetched = fetched ?? null
    try {
      const answer = await execute(this.#client, command, args, {
        untagged: fetched ? { FETCH: general(fetched) } : (options.untagged ?? {}),
        onSend: () => {
          sent = true
        },
      })
      this.sinceSelect++
      return answer
    } catch (error) {
      if (isAnswer(error)) throw refusal(error, options.doing, this.#where)
      this.close()
      if (options.effect && sent) {
        throw new ProviderError('unknown', this.#lost(options.doing, late, 'it may have happened'), { cause: error })
      }
      const message = this.#lost(options.doing, late, messageOf(error))
      throw new ProviderError(late ? 'timeout' : 'unavailable', message, { cause: error })
    } finally {
      this.#fetched = null
      clearTimeout(timer)
    }
  }

  #lost(doing: string, late: boolean, rest: string): string {
    const how = late ? `no answer within ${this.#commandMs / 1000} s` : 'the connection was lost'
    return `${doing} in ${this.#where.login} at ${this.#where.host}: ${how}; ${rest}`
  }

  /** SELECT, never EXAMINE (A23). */
  async select(path: string): Promise<Selected> {
    const seen: { flags: string[]; permanent: string[] | null; exists: number; codes: Map<string, string> } = {
      flags: [],
      permanent: null,
      exists: 0,
      codes: new Map(),
    }
    this.selected = null
    const answer = await this.run('SELECT', [mailbox(path)], {
      doing: `opening the folder ${path}`,
      untagged: {
        FLAGS: (response) => {
          seen.flags = texts(attributesOf(response)[0])
        },
        EXISTS: (response) => {
          seen.exists = Number(commandOf(response))
        },
        OK: (response) => {
          const [name = '', value = ''] = codeOf(response)
          seen.codes.set(name.toUpperCase(), value)
          if (name.toUpperCase() === 'PERMANENTFLAGS') {
            seen.permanent = texts((sectionOf(attributesOf(response)[0]) ?? [])[1])
          }
          if (name.toUpperCase() === 'MAILBOXID') {
            seen.codes.set('MAILBOXID', texts((sectionOf(attributesOf(response)[0]) ?? [])[1])[0] ?? '')
          }
        },
      },
    })
    this.sinceSelect = 0
    this.selected = {
      path,
      uidValidity: seen.codes.get('UIDVALIDITY') ?? '',
      uidNext: Number(seen.codes.get('UIDNEXT') ?? 0),
      exists: seen.exists,
      modseq: seen.codes.get('HIGHESTMODSEQ') ?? '',
      readOnly: answer.code[0]?.toUpperCase() === 'READ-ONLY',
      permanentFlags: seen.permanent ? new Set(seen.permanent.map((flag) => flag.toLowerCase())) : null,
      known: new Set(seen.flags.map((flag) => flag.toLowerCase())),
      mailboxId: seen.codes.get('MAILBOXID') || null,
    }
    return this.selected
  }

  /** Handlers for answers that come unasked. */
  unasked(handlers: Untagged): void {
    const known: unknown = Reflect.get(this.#client, 'untaggedHandlers')
    if (typeof known !== 'object' || known === null)
      throw new Error('this imapflow has no handlers of untagged answers')
    Object.assign(known, handlers)
  }

  onClose(ended: () => void): void {
    this.#client.on('close', ended)
  }

  /** IDLE (RFC 2177): resolves when it ended, after `done` of the given signal; the server tells news by untagged answers. */
  async idle(until: AbortSignal): Promise<void> {
    const write: unknown = Reflect.get(this.#client, 'write')
    let acknowledged = false
    const end = () => {
      if (acknowledged && this.alive && typeof write === 'function') Reflect.apply(write, this.#client, ['DONE'])
    }
    until.addEventListener('abort', end, { once: true })
    await execute(this.#client, 'IDLE', [], {
      untagged: {},
      onSend: () => {},
      onPlusTag: async () => {
        acknowledged = true
        if (until.aborted) end()
      },
    })
  }

  /** The counters of a selected folder are those of its last command: it is left before they are asked for (or at least brought up to date). */
  async unselect(): Promise<void> {
    if (!this.selected) return
    const leaves = this.has('UNSELECT')
    if (leaves) this.selected = null
    await this.run(leaves ? 'UNSELECT' : 'NOOP', [], { doing: 'leaving a folder' })
  }

  close(): void {
    this.#alive = false
    this.#client.close()
  }

  /** Ends the session politely; the server need not wait for it. */
  async logout(): Promise<void> {
    if (!this.alive) return
    this.#alive = false
    await this.#client.logout().catch(() => {})
    this.#client.close()
  }
}

export const mailbox = (path: string): Arg => quoted(encodeMailbox(path))
export const parenthesised = (...names: string[]): Arg => names.map(atom)

const texts = (list: unknown): string[] => (isList(list) ? list.map(textOf).filter((text) => text !== null) : [])

/** A row that the fast reader has left to imapflow's parser. */
const general = (fetched: (row: Fetched) => void) => (response: unknown) => {
  const row = fetchedOf(response)
  if (row) fetched(row)
}

/**
 * The rows of a FETCH are read before imapflow parses them: it costs ten times as much for each. Lines that are not read here, and every
 * line while nobody has asked for rows, go on to it; one line is handed over at a time, so their order stays.
 */
function divertFetch(client: ImapFlow, wanted: () => ((row: Fetched) => void) | null): void {
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

/** imapflow's raw door is not in its types: checked here, once, and believed no further. */
async function execute(
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
