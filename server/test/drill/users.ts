import { setTimeout as pause } from 'node:timers/promises'
import { RawImap } from '../rig/raw-imap.ts'
import { login } from './company.ts'

/** What the server confirmed to a user. */
export interface Deed {
  readonly at: number
  readonly mailbox: string
  readonly id: string
  readonly did: 'flag' | 'move' | 'delete'
}

const pick = (n: number, of: number): number => Math.floor((((n * 2_654_435_761) >>> 0) / 2 ** 32) * of)

/** People who go on using their mail while everything happens; each with a client of their own. */
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
      const did = (['flag', 'flag', 'move', 'delete'] as const)[n % 4] ?? 'flag'
      if (await this.#act(client, uid, did)) this.deeds.push({ at: Date.now(), mailbox, id, did })
    } finally {
      client.close()
    }
  }

  /** True only where the server says that it has happened to this very message. */
  async #act(client: RawImap, uid: string, did: Deed['did']): Promise<boolean> {
    if (did === 'flag') {
      const text = await client.ok(`UID STORE ${uid} +FLAGS (\\Flagged)`)
      return new RegExp(`FETCH \\([^)]*UID ${uid}\\b`).test(text)
    }
    if (did === 'move') {
      await client.command('CREATE Filed')
      return /COPYUID/.test(await client.ok(`UID MOVE ${uid} Filed`))
    }
    const marked = await client.ok(`UID STORE ${uid} +FLAGS (\\Deleted)`)
    if (!new RegExp(`FETCH \\([^)]*UID ${uid}\\b`).test(marked)) return false
    return /EXPUNGE/.test((await client.ok(`UID EXPUNGE ${uid}`)).replace(/OK .*$/s, ''))
  }
}
