import { setTimeout as pause } from 'node:timers/promises'
import { RawImap } from '../rig/raw-imap.ts'
import { login } from './company.ts'

/** One command of a user's about one message, from the moment before it was sent to its answer (by the clock of this machine). */
export interface Deed {
  readonly mailbox: string
  readonly id: string
  /** A deletion is two commands: the mark, and the EXPUNGE of what is marked. */
  readonly did: 'flag' | 'move' | 'mark' | 'expunge'
  readonly from: number
  readonly to: number
  /** The server said that it has happened to this very message; false: it said something else, or nothing. */
  readonly confirmed: boolean
}

const pick = (n: number, of: number): number => Math.floor((((n * 2_654_435_761) >>> 0) / 2 ** 32) * of)

/** People who go on using their mail while everything happens; each with a client of their own. All that they do is written down. */
export class Users {
  readonly deeds: Deed[] = []
  readonly #port: number
  readonly #mailboxes: number
  readonly #everyMs: number
  #stopped = false
  readonly #running: Promise<void>[]
  #n = 0

  constructor(port: number, mailboxes: number, clients: number, everyMs: number) {
    this.#port = port
    this.#mailboxes = mailboxes
    this.#everyMs = everyMs
    this.#running = Array.from({ length: clients }, () => this.#work())
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const n = ++this.#n
      try {
        await this.#visit(login(pick(n, this.#mailboxes)), n)
      } catch {
        // His program says that the server is busy; he tries another time.
      }
      await pause(this.#everyMs)
    }
  }

  async #visit(mailbox: string, n: number): Promise<void> {
    const client = await RawImap.open(this.#port, mailbox)
    try {
      await client.ok('SELECT INBOX')
      const uids = (/\* SEARCH ([\d ]*)/.exec(await client.ok('UID SEARCH ALL'))?.[1] ?? '').trim().split(' ')
      const uid = uids[pick(n * 7, uids.length)]
      if (!uid) return
      const head = await client.ok(`UID FETCH ${uid} (BODY.PEEK[HEADER.FIELDS (X-RECOURSE-MESSAGE-ID)])`)
      const id = /X-Recourse-Message-Id: *(\S+)/i.exec(head)?.[1]
      if (id === undefined) return
      await this.#act(client, { mailbox, id, uid }, (['flag', 'flag', 'move', 'delete'] as const)[n % 4] ?? 'flag')
    } finally {
      client.close()
    }
  }

  async #act(
    client: RawImap,
    on: { readonly mailbox: string; readonly id: string; readonly uid: string },
    what: 'flag' | 'move' | 'delete',
  ): Promise<void> {
    const { uid } = on
    const stored = new RegExp(`FETCH \\([^)]*UID ${uid}\\b`)
    const gone = (text: string) => /EXPUNGE/.test(text.replace(/OK .*$/s, ''))
    if (what === 'flag') {
      await this.#do(client, on, 'flag', `UID STORE ${uid} +FLAGS (\\Flagged)`, (text) => stored.test(text))
    } else if (what === 'move') {
      await client.command('CREATE Filed')
      await this.#do(client, on, 'move', `UID MOVE ${uid} Filed`, (text) => /COPYUID/.test(text))
    } else if (await this.#do(client, on, 'mark', `UID STORE ${uid} +FLAGS (\\Deleted)`, (text) => stored.test(text))) {
      await this.#do(client, on, 'expunge', `UID EXPUNGE ${uid}`, gone)
    }
  }

  async #do(
    client: RawImap,
    { mailbox, id }: { readonly mailbox: string; readonly id: string },
    did: Deed['did'],
    command: string,
    happened: (text: string) => boolean,
  ): Promise<boolean> {
    const from = Date.now()
    let confirmed = false
    try {
      confirmed = happened(await client.ok(command))
      return confirmed
    } finally {
      this.deeds.push({ mailbox, id, did, from, to: Date.now(), confirmed })
    }
  }
}
