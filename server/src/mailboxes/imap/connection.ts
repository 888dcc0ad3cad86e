import type { ImapFlow } from 'imapflow'
import { messageOf } from '../../base/index.ts'
import { ProviderError } from '../provider.ts'
import type { Credentials } from './credentials.ts'
import { connectError, isAnswer, refusal, type Where } from './errors.ts'
import { type Answer, addHandlers, createClient, divertFetch, execute, type Untagged, writeLine } from './imapflow.ts'
import type { ImapSettings } from './options.ts'
import { SelectAnswers, type Selected } from './select.ts'
import { type Arg, type Fetched, fetchedOf, mailbox } from './wire.ts'

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
    const client = createClient(settings, ca, auth, quietMs)
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
    this.selected = null
    const seen = new SelectAnswers()
    const answer = await this.run('SELECT', [mailbox(path)], {
      doing: `opening the folder ${path}`,
      untagged: seen.untagged,
    })
    this.sinceSelect = 0
    this.selected = seen.selected(path, answer)
    return this.selected
  }

  /** Handlers for answers that come unasked. */
  unasked(handlers: Untagged): void {
    addHandlers(this.#client, handlers)
  }

  onClose(ended: () => void): void {
    this.#client.on('close', ended)
  }

  /** IDLE (RFC 2177): resolves when it ended, after `done` of the given signal; the server tells news by untagged answers. */
  async idle(until: AbortSignal): Promise<void> {
    let acknowledged = false
    const end = () => {
      if (acknowledged && this.alive) writeLine(this.#client, 'DONE')
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

/** A row that the fast reader has left to imapflow's parser. */
const general = (fetched: (row: Fetched) => void) => (response: unknown) => {
  const row = fetchedOf(response)
  if (row) fetched(row)
}
