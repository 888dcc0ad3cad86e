import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Dovecot, startDovecot } from '../rig/dovecot.ts'
import { freePort } from '../rig/ports.ts'
import { type Action, runs } from './actions.ts'
import { type Repaired, repair } from './analyst.ts'
import { arrive, NEXT_ONES } from './arrivals.ts'
import { CDN, mailRoot, makeDir, readTruth, seedCompany } from './company.ts'
import { type Judged, judge } from './judge.ts'
import { Server } from './server.ts'
import { Users } from './users.ts'

export interface DrillOptions {
  readonly copies: number
  readonly mailboxes: number
  /** People who go on using their mail; each acts so often. */
  readonly users: { readonly clients: number; readonly everyMs: number }
  /** Part of the mail that is gone when the analyst sits down. */
  readonly noticedAt: number
  /** kill -9 of the server in the middle of the take, and of the undo. */
  readonly kills: boolean
  /** Where every message that is not as before is written to, as JSON lines. */
  readonly report?: string
  say(line: string): void
}

export interface DrillResult extends Omit<Judged, 'kept'> {
  readonly seconds: Readonly<Record<string, number>>
  readonly taken: number
  readonly recurrences: number
  readonly kills: number
}

/** The day on which a rule went mad. */
class Drill {
  readonly #o: DrillOptions
  readonly #dovecot: Dovecot
  readonly #server: Server
  readonly #lmtp: number
  readonly #seconds: Record<string, number> = {}
  #kills = 0

  static async run(o: DrillOptions): Promise<DrillResult> {
    const dir = makeDir()
    const began = performance.now()
    await seedCompany(dir, o.copies, o.mailboxes)
    o.say(
      `${o.copies} messages in ${o.mailboxes} mailboxes, made in ${Math.round((performance.now() - began) / 1000)} s`,
    )
    const dovecot = await startDovecot({ dir: join(dir, 'dovecot'), reuse: true })
    const { master, imapPort: port } = dovecot
    const lmtp = await freePort()
    const server = new Server(join(dir, 'data'), {
      mailboxes: { kind: 'imap', host: '127.0.0.1', port, secure: false, auth: { type: 'master', ...master } },
      gateway: {
        lmtp: { port: lmtp },
        nextHop: { kind: 'lmtp', host: '127.0.0.1', port: dovecot.lmtpPort },
        xforward: ['127.0.0.1'],
      },
    })
    try {
      await server.start()
      return await new Drill(o, dovecot, server, lmtp).day()
    } finally {
      await server.stop()
      await dovecot.stop()
      rmSync(dir, { recursive: true, force: true })
    }
  }

  private constructor(o: DrillOptions, dovecot: Dovecot, server: Server, lmtp: number) {
    this.#o = o
    this.#dovecot = dovecot
    this.#server = server
    this.#lmtp = lmtp
  }

  async day(): Promise<DrillResult> {
    const { copies, mailboxes, users: habits, kills, report, say } = this.#o
    const root = mailRoot(this.#dovecot.dir)
    const before = readTruth(root)
    await this.#disaster()
    const users = new Users(this.#dovecot.imapPort, mailboxes, habits.clients, habits.everyMs)
    let repaired: Repaired
    try {
      await this.#noticed(copies > 10_000 ? 1000 : 100)
      repaired = await repair(this.#server, {
        say,
        step: (what, since) => this.#mark(what, since),
        undoing: async (id, planned) => {
          if (kills) await this.#killedAt(id, planned / 2)
        },
      })
    } finally {
      await users.stop()
    }
    const recurrences = await this.#next()
    const after = readTruth(root)
    const { undo, taken } = repaired
    const { kept, ...judged } = await judge(this.#server, { before, after }, users.deeds, { undo, report, say })
    return { ...judged, taken, recurrences: recurrences + kept, seconds: this.#seconds, kills: this.#kills }
  }

  #arrive(from: number): Promise<readonly boolean[]> {
    return arrive({ lmtp: this.#lmtp, dovecot: this.#dovecot, mailboxes: this.#o.mailboxes }, from)
  }

  /** A careless hand blocks a good domain, and its action goes for all that was delivered with it. */
  async #disaster(): Promise<void> {
    const block = { action: 'block', kind: 'url-domain', value: CDN, expiresInDays: 30, note: 'feed of the day' }
    const { id } = (await this.#server.call('POST', '/entries', block)) as { id: string }
    if ((await this.#arrive(900_000)).some((there) => there)) throw new Error('the rule convicts nothing')
    await this.#server.call('POST', '/actions', {
      kind: 'quarantine',
      select: { filter: { urlDomain: [CDN], location: ['inbox', 'folder'] } },
      name: 'Malicious URL removed after delivery',
      cause: { kind: 'entry', id, version: 1 },
    })
  }

  /** Users miss their mail only after a while. */
  async #noticed(everyMs: number): Promise<void> {
    const started = performance.now()
    let killed = !this.#o.kills
    for (;;) {
      const actions = (await this.#server.call('GET', '/actions')) as { items: Action[] }
      const [action] = actions.items.filter((a) => a.kind === 'quarantine')
      const part = (action?.counts.done ?? 0) / (action?.counts.total ?? 1)
      if (!killed && part > this.#o.noticedAt / 3) {
        killed = true
        await this.#kill()
        continue
      }
      if (part >= this.#o.noticedAt || (action && !runs(action))) break
      await pause(everyMs)
    }
    this.#mark('taken until it is noticed', started)
  }

  async #killedAt(action: string, done: number): Promise<void> {
    for (;;) {
      const now = (await this.#server.call('GET', `/actions/${action}`)) as Action
      if (now.counts.done >= done || !runs(now)) break
      await pause(50)
    }
    await this.#kill()
  }

  async #kill(): Promise<void> {
    this.#kills++
    await this.#server.killed()
  }

  #mark(what: string, since: number): void {
    const seconds = (performance.now() - since) / 1000
    this.#seconds[what] = seconds
    this.#o.say(`${what.padEnd(38)} ${(seconds / 60).toFixed(2)} min`)
  }

  /** The mistake must not come back: neither to what was given back, nor to the next message like it. */
  async #next(): Promise<number> {
    const convicted = (await this.#arrive(910_000)).filter((there) => !there).length
    this.#o.say(`recurrences: ${convicted} of ${NEXT_ONES} new messages like it were kept from their readers`)
    return convicted
  }
}

/** A bad rule convicts delivered mail, its action takes it, and one analyst puts it right. */
export const drill = (options: DrillOptions): Promise<DrillResult> => Drill.run(options)
