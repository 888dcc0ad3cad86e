import { appendFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Dovecot, startDovecot } from '../rig/dovecot.ts'
import { sendAsMta } from '../rig/mta.ts'
import { CDN, type Found, login, mailRoot, makeDir, readTruth, seedCompany } from './company.ts'
import { Server } from './server.ts'
import { type Deed, Users } from './users.ts'

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

export interface DrillResult {
  readonly seconds: Readonly<Record<string, number>>
  readonly taken: number
  /** Exactly as before, or as their users have put them since. */
  readonly exact: number
  readonly byUsers: number
  readonly reasons: ReadonlyMap<string, number>
  /** Not as before, and nothing says why: must be empty. */
  readonly unexplained: readonly string[]
  readonly recurrences: number
  readonly kills: number
}

interface Counts {
  readonly total: number
  readonly done: number
  readonly [name: string]: number
}
interface Action {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly kind: string
  readonly cause: { readonly kind: string; readonly id: string } | null
  readonly counts: Counts
}
interface Item {
  readonly recipient: string
  readonly messageId: string
  readonly state: string
  readonly reason: string | null
  readonly lost?: readonly string[]
}

const NEXT_ONES = 20

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const at = server.address()
  await new Promise((done) => server.close(done))
  if (at === null || typeof at === 'string') throw new Error('no port')
  return at.port
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
    const root = mailRoot(this.#dovecot.dir)
    const before = readTruth(root)
    await this.#disaster()
    const users = new Users(this.#dovecot.imapPort, this.#o.mailboxes, this.#o.users.clients, this.#o.users.everyMs)
    let ended: { taken: number; undo: string }
    try {
      await this.#noticed()
      ended = await this.#analyst()
    } finally {
      await users.stop()
    }
    const recurrences = await this.#next()
    const after = readTruth(root)
    const items = await this.#items(ended.undo)
    return this.#compare(before, after, users.deeds, { ...ended, items, recurrences })
  }

  /** A careless hand blocks a good domain, and its action goes for all that was delivered with it. */
  async #disaster(): Promise<void> {
    const block = { action: 'block', kind: 'url-domain', value: CDN, expiresInDays: 30, note: 'feed of the day' }
    const { id } = (await this.#server.call('POST', '/entries', block)) as { id: string }
    if (!(await this.#arrives(900_000)).every((folder) => folder === null)) throw new Error('the rule convicts nothing')
    await this.#server.call('POST', '/actions', {
      kind: 'quarantine',
      select: { filter: { urlDomain: [CDN], location: ['inbox', 'folder'] } },
      name: 'Malicious URL removed after delivery',
      cause: { kind: 'entry', id, version: 1 },
    })
  }

  async #all(): Promise<readonly Action[]> {
    const { out } = await this.#server.cli(['actions', '--json'])
    return (JSON.parse(out) as { items: Action[] }).items
  }

  /** Users miss their mail only after a while. */
  async #noticed(): Promise<void> {
    const started = performance.now()
    let killed = !this.#o.kills
    for (;;) {
      const actions = (await this.#server.call('GET', '/actions')) as { items: Action[] }
      const [action] = actions.items.filter((a) => a.kind === 'quarantine')
      const part = (action?.counts.done ?? 0) / (action?.counts.total ?? 1)
      if (!killed && part > this.#o.noticedAt / 3) {
        killed = true
        this.#kills++
        await this.#server.killed()
        continue
      }
      if (part >= this.#o.noticedAt || (action && !['queued', 'running'].includes(action.state))) break
      await pause(this.#o.copies > 10_000 ? 1000 : 100)
    }
    this.#mark('taken until it is noticed', started)
  }

  #mark(what: string, since: number): void {
    this.#seconds[what] = (performance.now() - since) / 1000
    this.#o.say(`${what.padEnd(32)} ${(this.#seconds[what] / 60).toFixed(2)} min`)
  }

  /** With nothing but the command line. */
  async #analyst(): Promise<{ taken: number; undo: string }> {
    const sat = performance.now()
    let at = sat
    const step = (what: string) => {
      this.#mark(what, at)
      at = performance.now()
    }
    const cli = this.#server
    const [big] = [...(await this.#all())].sort((a, b) => b.counts.total - a.counts.total)
    if (!big) throw new Error('the analyst sees no action')
    const shown = JSON.parse((await cli.cli(['action', 'show', big.id, '--json'])).out) as Action
    const entry = shown.cause?.kind === 'entry' ? shown.cause.id : null
    if (entry === null) throw new Error('the action does not say what caused it')
    const entries = (
      JSON.parse((await cli.cli(['entry', 'list', '--json'])).out) as { items: { id: string; value: string }[] }
    ).items
    const rule = entries.find((e) => e.id === entry)
    if (rule?.value !== CDN) throw new Error('the cause is not the bad rule')
    step('the cause is found')
    const undo = await this.#undoArgs(entry, big.id)
    await cli.cli(['undo', ...undo, '--preview'], true)
    step('the blast radius is seen')
    await cli.cli(['cancel', big.id, '--why', `${CDN} is good`], true)
    const stopped = await this.#ended(big.id)
    step('what still runs is stopped')
    const plan = JSON.parse((await cli.cli(['undo', ...undo, '--preview', '--json'])).out) as {
      copies: number
      exact: number
      mailboxes: number
    }
    this.#o.say(`to be undone: ${plan.copies} copies in ${plan.mailboxes} mailboxes, ${plan.exact} exactly`)
    const { out } = await cli.cli(['undo', ...undo, '--suspend-cause', '--json'])
    const id = (JSON.parse(out) as { id: string }).id
    if (this.#o.kills) await this.#killedAt(id, plan.copies / 2)
    const undone = await this.#ended(id)
    step('everything is undone, the cause bound')
    this.#mark('in all', sat)
    if (undone.counts['verified'] !== undone.counts.done) throw new Error('an undone copy was not read back')
    return { taken: stopped.counts.done, undo: id }
  }

  /** By its cause, once the command line knows how; else by the action. */
  async #undoArgs(entry: string, action: string): Promise<readonly string[]> {
    const help = (await this.#server.cli(['undo', '--help'])).out
    return help.includes('--by-entry') ? ['--by-entry', entry] : [action]
  }

  async #killedAt(action: string, done: number): Promise<void> {
    for (;;) {
      const { counts, state } = (await this.#server.call('GET', `/actions/${action}`)) as Action
      if (counts.done >= done || !['queued', 'running'].includes(state)) break
      await pause(50)
    }
    this.#kills++
    await this.#server.killed()
  }

  async #ended(id: string): Promise<Action> {
    for (;;) {
      const action = (await this.#server.call('GET', `/actions/${id}`)) as Action
      if (!['queued', 'running'].includes(action.state)) return action
      await pause(200)
    }
  }

  /** Messages like it, some to every part of the company: the folder to which each came, null = it was kept from its reader. */
  async #arrives(from: number): Promise<(string | null)[]> {
    const to = Array.from({ length: NEXT_ONES }, (_, n) => login((n * 37) % this.#o.mailboxes))
    const marks = to.map((_, n) => `next-${from + n}@goodnews.example`)
    for (const [n, recipient] of to.entries()) {
      const raw = Buffer.from(
        `From: Good News <letters@goodnews.example>\r\nTo: ${recipient}\r\nSubject: Good news ${from + n}\r\nMessage-ID: <${marks[n]}>\r\n` +
          `Date: ${new Date().toUTCString()}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIssue: https://${CDN}/issue/${from + n}.html\r\n`,
      )
      const [said] = await sendAsMta(this.#lmtp, {
        mailFrom: 'letters@goodnews.example',
        recipients: [recipient],
        raw,
        ident: `D${from + n}`,
      })
      if (!said?.startsWith('250')) throw new Error(`the gateway says ${said}`)
    }
    const folders: (string | null)[] = []
    for (const [n, recipient] of to.entries()) {
      const said = await this.#dovecot.doveadm('search', '-u', recipient, 'header', 'Message-ID', marks[n] ?? '')
      const where = said
        .trim()
        .split('\n')
        .filter((l) => l !== '')
      folders.push(where.length === 0 ? null : 'there')
    }
    return folders
  }

  /** The mistake must not come back: neither to what was given back, nor to the next message like it. */
  async #next(): Promise<number> {
    const convicted = (await this.#arrives(910_000)).filter((f) => f === null).length
    this.#o.say(`recurrences: ${convicted} of ${NEXT_ONES} new messages like it were kept from their readers`)
    return convicted
  }

  async #items(id: string): Promise<ReadonlyMap<string, Item>> {
    const items = new Map<string, Item>()
    for (const action of [...(await this.#all()).filter((a) => a.kind === 'quarantine').map((a) => a.id), id]) {
      const { items: all } = JSON.parse(
        (await this.#server.cli(['action', 'show', action, '--items', '--json'])).out,
      ) as { items: Item[] }
      for (const i of all) items.set(`${i.recipient}\n${i.messageId}`, i)
    }
    return items
  }

  #compare(
    before: ReadonlyMap<string, Found[]>,
    after: ReadonlyMap<string, Found[]>,
    deeds: readonly Deed[],
    end: { taken: number; items: ReadonlyMap<string, Item>; recurrences: number },
  ): DrillResult {
    const own = Map.groupBy(deeds, (d) => `${d.mailbox}\n${d.id}`)
    const reasons = new Map<string, number>()
    const unexplained: string[] = []
    let exact = 0
    let byUsers = 0
    let recurrences = end.recurrences
    for (const [key, [was]] of before) {
      if (!was) continue
      const acts = (own.get(key) ?? []).map((d) => d.did)
      const is = after.get(key) ?? []
      if (acts.length > 0) byUsers++
      if (sameAs(was, acts, is)) {
        exact++
        continue
      }
      const item = end.items.get(key)
      const why = reasonFor(was, acts, is, item)
      if (this.#o.report !== undefined)
        appendFileSync(this.#o.report, `${JSON.stringify({ was, acts, is, why, item })}\n`)
      if (why === null) unexplained.push(JSON.stringify({ was, acts, is, item }))
      else reasons.set(why, (reasons.get(why) ?? 0) + 1)
      if (is.some((c) => c.folder === '(held)') && item?.state !== 'ambiguous') recurrences++
    }
    this.#o.say(
      `${exact} of ${before.size} exactly as before or as their users have put them since (${byUsers} touched by users)`,
    )
    for (const [why, n] of reasons) this.#o.say(`  ${n} × ${why}`)
    for (const line of unexplained.slice(0, 5)) this.#o.say(`  unexplained: ${line}`)
    return {
      seconds: this.#seconds,
      taken: end.taken,
      exact,
      byUsers,
      reasons,
      unexplained,
      recurrences,
      kills: this.#kills,
    }
  }
}

/** As before, with what its user has done applied. */
function sameAs(was: Found, acts: readonly Deed['did'][], is: readonly Found[]): boolean {
  if (acts.includes('delete')) return is.length === 0
  const [one] = is
  if (!one || is.length > 1 || one.sha256 !== was.sha256 || one.date !== was.date) return false
  const flags = acts.includes('flag')
    ? [...new Set([...was.flags.split(' '), 'F'])]
        .filter((f) => f !== '')
        .sort()
        .join(' ')
    : was.flags
  return one.flags === flags && one.folder === (acts.includes('move') ? 'Filed' : was.folder)
}

/** Null: nobody says why it is not as before. */
function reasonFor(
  was: Found,
  acts: readonly Deed['did'][],
  is: readonly Found[],
  item: Item | undefined,
): string | null {
  const [one] = is
  if (item?.state !== undefined && item.state !== 'done' && item.reason !== null) return `${item.state}: ${item.reason}`
  if (item?.lost && item.lost.length > 0) return item.lost.join('; ')
  // The sheet's fact 9: a change that a server confirms while it moves the same message may be lost, by its own doing.
  const others = (f: string) =>
    f
      .split(' ')
      .filter((x) => x !== 'F' && x !== '')
      .join(' ')
  if (
    acts.includes('flag') &&
    one &&
    is.length === 1 &&
    one.sha256 === was.sha256 &&
    others(one.flags) === others(was.flags)
  ) {
    return 'its user flagged it in the second of its removal'
  }
  if (acts.includes('delete') && is.length === 1) return 'its user deleted it in the second of its removal'
  return item?.reason ?? null
}

/** A bad rule convicts delivered mail, its action takes it, and one analyst puts it right. */
export const drill = (options: DrillOptions): Promise<DrillResult> => Drill.run(options)
