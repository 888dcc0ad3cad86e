import { sql } from 'kysely'
import type { ActionId, TenantId } from '../../src/base/index.ts'
import type { Cause } from '../../src/judgement/index.ts'
import {
  type CopyRef,
  createMemoryProvider,
  type Fault,
  type MemoryCallName,
  type MemoryProvider,
  ProviderError,
} from '../../src/mailboxes/index.ts'
import type { Mailbox } from '../../src/organisation/index.ts'
import {
  type ActionView,
  getAction,
  type ItemView,
  listItems,
  type Remediation,
  type Requester,
} from '../../src/remediation/index.ts'
import type { OpenStorage } from '../../src/storage/index.ts'
import { analyst, asDelivered, type Copy, keep, type Letter, letter, organise, verdict } from '../rig/office.ts'
import { check } from './checker.ts'
import { History } from './history.ts'
import { SimProcess } from './process.ts'
import { CALLS, KILLS, STALLS, type Step, type UserAct } from './steps.ts'
import { FLAGS, flagsOf, NAMES, SimUser } from './user.ts'
import { copyName } from './watched.ts'

const PEOPLE = ['ann', 'bob', 'cem'] as const
const DATES = ['2019-02-01T03:04:05Z', '2024-02-29T23:59:59Z', '1999-12-31T12:00:00Z']
const HOLDS = ['quarantine', 'soft-deleted', 'hard-deleted'].map((h) => `Recourse-Hold/${h}`)
const KINDS = [
  { kind: 'quarantine' },
  { kind: 'soft-delete' },
  { kind: 'hard-delete' },
  { kind: 'move', target: 'junk' },
  { kind: 'move', target: 'inbox' },
  { kind: 'move', target: 'deleted-items' },
  { kind: 'release' },
] as const
const FAULTS: readonly { readonly call: MemoryCallName; readonly fault: Fault }[] = [
  { call: 'move', fault: { lostReply: true } },
  { call: 'move', fault: { partial: { done: 1, both: 1 } } },
  { call: 'move', fault: { partial: { done: 0, both: 2, spoilt: true } } },
  { call: 'move', fault: { partial: { done: 0, both: 1, strangers: true } } },
  { call: 'move', fault: { partial: { done: 2, both: 0 } } },
  { call: 'move', fault: { late: 2 } },
  { call: 'move', fault: { error: 'unavailable' } },
  { call: 'move', fault: { error: 'refused' } },
  { call: 'move', fault: { error: 'timeout' } },
  { call: 'append', fault: { lostReply: true } },
  { call: 'append', fault: { error: 'quota' } },
  { call: 'state', fault: { error: 'unavailable' } },
  { call: 'read', fault: { error: 'unavailable' } },
  { call: 'find', fault: { error: 'timeout' } },
  { call: 'position', fault: { error: 'unavailable' } },
  { call: 'settle', fault: { error: 'unavailable' } },
  { call: 'open', fault: { error: 'unavailable' } },
  { call: 'open', fault: { error: 'denied' } },
  { call: 'setFlags', fault: { error: 'refused' } },
  { call: 'position', fault: { error: 'timeout', inEarnest: false } },
]

/** Items that own up to a copy in a hold. */
const HELD_BY = new Set(['done', 'already-there', 'ambiguous', 'executing'])

export class Broken extends Error {}

/** Universes made so far: each is a tenant of its own. */
let made = 0

/** What all universes share. */
export interface Cosmos {
  readonly storage: OpenStorage
  readonly hits: Map<string, number>
}

/** An organisation, its mail server, the people, two worker processes, and the model beside them. */
export class World {
  readonly history = new History()
  readonly #cosmos: Cosmos
  readonly #tenant: TenantId
  readonly #mailboxes: ReadonlyMap<string, Mailbox>
  readonly #users: readonly SimUser[]
  readonly #provider: MemoryProvider
  readonly #ids = new Set<string>()
  readonly #copies: Copy[] = []
  readonly #actions: ActionId[] = []
  readonly #acked = new Map<string, string>()
  /** Delivery and cause, of what was undone. */
  readonly #guards = new Set<string>()
  readonly #processes: (SimProcess | null)[] = [null, null]
  #born = 0
  #looked = 0
  #now = new Date('2026-05-01T10:00:00Z')
  readonly #foreign: unknown

  static async make(cosmos: Cosmos): Promise<World> {
    const domain = `u${++made}.example`
    const tenant = await cosmos.storage.createTenant(domain)
    const addresses = PEOPLE.map((p) => `${p}@${domain}`)
    return new World(cosmos, tenant, await organise(cosmos.storage, tenant, addresses))
  }

  private constructor(cosmos: Cosmos, tenant: TenantId, mailboxes: ReadonlyMap<string, Mailbox>) {
    this.#cosmos = cosmos
    this.#tenant = tenant
    this.#mailboxes = mailboxes
    this.#provider = createMemoryProvider()
    this.#users = [...mailboxes.values()]
      .toSorted((a, b) => (a.address < b.address ? -1 : 1))
      .map(
        (m) =>
          new SimUser(
            m.login,
            () => this.#provider.user(m.login),
            this.history,
            (id) => this.#ids.has(id),
          ),
      )
    for (const u of this.#users) this.#provider.user(u.login).createFolder('Mine')
    // Somebody else's mailbox on the same server, with the same kind of mail.
    this.#provider.user('ann@elsewhere.example').append('INBOX', letter('Hello').sent.bytes, { flags: ['\\Seen'] })
    this.#foreign = this.#provider.user('ann@elsewhere.example').snapshot()
  }

  async run(s: Step): Promise<void> {
    switch (s.do) {
      case 'deliver':
        return this.#deliver(s)
      case 'hold':
        return this.#hold(s)
      case 'act':
        return this.#act(s)
      case 'undo':
        return this.#undo(s)
      case 'cancel':
        return this.#cancel(s.pick)
      case 'work':
        return this.#work(s.p)
      case 'user':
        this.#user(s)
        return
      case 'meanwhile': {
        const call = CALLS[s.call % CALLS.length] ?? 'move'
        // In the midst of a call on his own mailbox.
        const { login } = this.#userOf(s.act.who)
        this.#provider.failOnce(call, { [s.when]: () => this.#user(s.act), inEarnest: true }, login)
        return
      }
      case 'fault': {
        const one = FAULTS[s.which % FAULTS.length]
        // Above five copies the proof of the way back would be the one that is hit, and nothing would start.
        if (one) this.#provider.failOnce(one.call, { inEarnest: true, ...one.fault })
        return
      }
      case 'crash':
        this.#process(s.p).arm({ at: KILLS[s.point % KILLS.length] ?? '', nth: s.nth, how: 'crash' })
        return
      case 'stall':
        this.#process(s.p).arm({ at: STALLS[s.point % STALLS.length] ?? '', nth: s.nth, how: 'stall' })
        return
      case 'go':
        return this.#go()
      case 'server':
        return this.#server(s)
      case 'later':
        this.#now = new Date(this.#now.getTime() + s.ms)
    }
  }

  /** A dead one is replaced; its leases have to run out first. */
  #process(n: number): SimProcess {
    const found = this.#processes[n]
    if (found && !found.dead) return found
    const made = this.#make(`worker-${++this.#born}`)
    this.#processes[n] = made
    return made
  }

  #make(name: string): SimProcess {
    const { storage, hits } = this.#cosmos
    return new SimProcess(name, {
      storage,
      provider: this.#provider,
      watch: {
        history: this.history,
        knows: (id) => this.#ids.has(id),
        peek: async (login, folder, uids) => {
          const wanted = new Set(uids)
          return this.#provider
            .user(login)
            .list(folder)
            .filter((c) => wanted.has(c.ref.uid))
        },
      },
      clock: () => this.#now,
      tuning: { perServer: 1, backoffMs: 60_000, leaseMs: 60_000, deadlineMs: 1000, lookEveryMs: 600_000 },
      hit: (point) => hits.set(point, (hits.get(point) ?? 0) + 1),
    })
  }

  async #expireLeases(): Promise<void> {
    for (const p of this.#processes) p?.overtake()
    await this.#cosmos.storage.tenant(this.#tenant, (tx) =>
      sql`update lease set expires_at = clock_timestamp() - interval '1 hour' where holder is not null`.execute(tx),
    )
  }

  async #work(n: number): Promise<void> {
    const others = this.#processes.some((p, m) => p && (p.dead || (p.stalled && m !== n)))
    if (this.#processes[n]?.stalled) return this.#go()
    if (others) {
      await this.#expireLeases()
      this.#now = new Date(this.#now.getTime() + 7000)
    }
    await this.#process(n).drain(this.#tenant)
    if (!this.#processes.some((p) => p?.stalled)) await this.#look()
  }

  /** Whoever stands still goes on. */
  async #go(): Promise<void> {
    for (const p of this.#processes) if (p?.stalled) await p.release()
    await this.#look()
  }

  #who(mask: number): readonly Mailbox[] {
    return [...this.#mailboxes.values()].filter((_, n) => (mask + 1) & (1 << n))
  }

  async #deliver(s: Extract<Step, { do: 'deliver' }>): Promise<void> {
    const mail = letter('Hello')
    this.#ids.add(mail.id)
    const to = this.#who(s.who).flatMap((mailbox) => this.#arrive(s, mail, mailbox))
    if (to.length === 0) return
    const at = to.some((t) => 'folder' in t) ? 'folder' : 'inbox'
    this.#copies.push(...(await keep(this.#cosmos.storage, this.#tenant, { letter: mail, at, to })))
  }

  /** A copy in somebody's mailbox; none where it is full. */
  #arrive(s: Extract<Step, { do: 'deliver' }>, mail: Letter, mailbox: Mailbox) {
    const user = this.#provider.user(mailbox.login)
    const own = user.folders().filter((f) => NAMES.includes(f))
    const folder = s.folder % 3 === 0 ? (own[s.folder % Math.max(own.length, 1)] ?? 'INBOX') : 'INBOX'
    const state = { flags: FLAGS[s.flags % FLAGS.length] ?? [], date: new Date(DATES[s.flags % DATES.length] ?? 0) }
    let uid: number
    try {
      uid = user.append(folder, asDelivered(mail.sent, mailbox.address), state)
    } catch (error) {
      if (error instanceof ProviderError && error.code === 'quota') return []
      throw error
    }
    const deed = { f: 'add', mailbox: mailbox.login, id: mail.id, from: null, to: folder, copy: null } as const
    this.history.at('transport', deed)
    this.#learn(mailbox.login, mail.id)
    const ref = user.list(folder).find((c) => c.ref.uid === uid)?.ref ?? null
    return [{ mailbox, ref: s.known ? ref : null, ...(folder === 'INBOX' ? {} : { folder }) }]
  }

  #learn(login: string, id: string): void {
    const user = this.#users.find((u) => u.login === login)
    const one = this.#snapshots(login).find((c) => c.id === id)
    if (user && one) user.known.push({ ...one, home: one.folder })
  }

  async #hold(s: Extract<Step, { do: 'hold' }>): Promise<void> {
    const mail = letter('Held')
    this.#ids.add(mail.id)
    const to = this.#who(s.who).map((mailbox) => ({ mailbox, ref: null }))
    const causes = [{ kind: 'entry', id: '00000000-0000-7000-8000-00000000000c', version: 1 }] as const
    this.#copies.push(
      ...(await keep(this.#cosmos.storage, this.#tenant, {
        letter: mail,
        at: 'quarantine',
        to,
        verdict: verdict({ threat: 'phish', placement: 'quarantine', causes }),
      })),
    )
  }

  #requester(by: 'analyst' | 'automation'): Requester {
    const person = analyst(this.#tenant)
    return by === 'analyst' ? person : { ...person, user: null, name: 'automation' }
  }

  async #act(s: Extract<Step, { do: 'act' }>): Promise<void> {
    const what = KINDS[s.kind % KINDS.length]
    const some = this.#copies.filter((_, n) => (n + s.pick) % 3 !== 0)
    if (some.length === 0 || !what) return
    const cause: Cause = { kind: 'entry', id: `00000000-0000-7000-8000-0000000000a${s.cause}`, version: 1 }
    const select =
      s.select === 'copies'
        ? { deliveryIds: some.map((c) => c.id) }
        : s.select === 'messages'
          ? { messageIds: [...new Set(some.map((c) => c.messageId))] }
          : { filter: { mailbox: [some[0]?.mailbox.id ?? ''] } }
    const asked = { ...what, select, ...(s.by === 'automation' ? { cause } : {}) }
    const id = await this.#refusable(() => this.#door().submit(this.#requester(s.by), asked))
    if (id === null) return
    this.#actions.push(id)
    if (s.by === 'automation') await this.#guarded(id, cause)
    if (s.run) await this.#work(s.pick % 2)
  }

  /** Submitting is not working: it has a process of its own, which lives. */
  #door(): Remediation {
    this.#console ??= this.#make('console')
    return this.#console.service
  }
  #console: SimProcess | null = null

  /** A refusal is an answer: with a status, and nothing has happened. */
  async #refusable(ask: () => Promise<{ id: ActionId }>): Promise<ActionId | null> {
    try {
      return (await ask()).id
    } catch (error) {
      if (error instanceof Error && 'status' in error && Number(error.status) < 500) return null
      throw error
    }
  }

  async #guarded(id: ActionId, cause: Cause): Promise<void> {
    for (const i of await this.#items(id)) {
      const guarded = this.#guards.has(`${i.deliveryId} ${cause.id}`)
      if (guarded && i.state !== 'skipped' && i.state !== 'already-there') {
        throw new Broken(`automation takes ${i.deliveryId} again for a cause that was undone: ${i.state}`)
      }
    }
  }

  #recent(pick: number): ActionId | undefined {
    return this.#actions.at(-1 - (pick % Math.max(this.#actions.length, 1)))
  }

  async #undo(s: Extract<Step, { do: 'undo' }>): Promise<void> {
    const of = this.#recent(s.pick)
    if (of === undefined) return
    const items = s.part ? (await this.#items(of)).filter((_, n) => n % 2 === 0).map((i) => i.id) : undefined
    const options = { folderGone: s.gone, ...(items ? { items } : {}) }
    const id = await this.#refusable(() => this.#door().submitUndo(this.#requester('analyst'), of, options))
    if (id === null) return
    this.#actions.push(id)
    const undone = await this.#view(of)
    for (const i of await this.#items(id)) {
      const key = `${i.deliveryId} ${undone.cause?.id}`
      if (undone.undoOf === null) this.#guards.add(key)
      else this.#guards.clear()
    }
    if (s.run) await this.#work(s.pick % 2)
  }

  async #cancel(pick: number): Promise<void> {
    const id = this.#recent(pick)
    if (id !== undefined) await this.#refusable(() => this.#door().cancel(this.#requester('analyst'), id))
  }

  #user(a: UserAct): void {
    this.#userOf(a.who).act(a)
  }

  #userOf(who: number): SimUser {
    const user = this.#users[who % this.#users.length]
    if (!user) throw new Error('nobody lives here')
    return user
  }

  #server(s: Extract<Step, { do: 'server' }>): void {
    const { login } = this.#userOf(s.who)
    const user = this.#provider.user(login)
    const folders = user.folders()
    const folder = folders[s.folder % folders.length] ?? 'INBOX'
    switch (s.how) {
      case 'quota':
        user.setQuota(this.#snapshots(login).length)
        break
      case 'gone':
        user.setGone(true)
        break
      case 'read-only':
        user.setReadOnly(folder, true)
        break
      case 'renumber':
        user.renumber(folder)
        break
      case 'back':
        this.#back()
    }
  }

  #back(): void {
    for (const { login } of this.#users) {
      const user = this.#provider.user(login)
      user.setGone(false)
      user.setQuota(null)
      for (const folder of user.folders()) user.setReadOnly(folder, false)
      user.finishPending()
    }
  }

  async #view(id: ActionId): Promise<ActionView> {
    const found = await this.#cosmos.storage.tenant(this.#tenant, (tx) => getAction(tx, this.#tenant, id))
    if (!found) throw new Broken(`action ${id} is gone`)
    return found
  }

  async #items(id: ActionId): Promise<readonly ItemView[]> {
    const page = { limit: 10_000, after: null }
    return (await this.#cosmos.storage.tenant(this.#tenant, (tx) => listItems(tx, this.#tenant, id, page))).items
  }

  #mailboxOf(i: ItemView): string {
    return this.#copies.find((c) => c.id === i.deliveryId)?.mailbox.login ?? ''
  }

  /** Writes down what the ledger says now. */
  async #look(): Promise<void> {
    const since = this.#looked
    for (const id of this.#actions) {
      for (const i of await this.#items(id)) {
        if (this.#acked.get(i.id) === i.state) continue
        this.#acked.set(i.id, i.state)
        const mailbox = this.#mailboxOf(i)
        if (i.state === 'done' && i.after?.folder) {
          const { folder } = i.after
          const about = { mailbox, id: i.messageId, item: i.id, folder, copy: await this.#copyOf(i) }
          this.history.add('ledger', { type: 'ack', ...about, verified: i.verifiedAt !== null, since })
        } else if (i.state === 'executing' || i.state === 'ambiguous') {
          this.history.add('ledger', { type: 'doubt', mailbox, id: i.messageId, why: i.reason ?? '' })
        }
      }
    }
    this.#looked = this.history.length
  }

  async #copyOf(i: ItemView): Promise<string | null> {
    const found = await this.#cosmos.storage.tenant(this.#tenant, (tx) =>
      sql<{ ref: CopyRef | null }>`select ref from item_copy where tenant_id = ${this.#tenant} and item_id = ${i.id}
        and side = 'after'`.execute(tx),
    )
    const ref = found.rows[0]?.ref
    return ref ? copyName({ ref }) : null
  }

  #snapshots(login: string) {
    const user = this.#provider.user(login)
    return [...user.folders().filter((f) => !HOLDS.includes(f)), ...HOLDS].flatMap((folder) =>
      user.list(folder).flatMap((c) => {
        const id = c.networkMessageId
        if (id === null || !this.#ids.has(id)) return []
        const { sha256 } = user.snapshotOf(folder, c.ref.uid)
        return [{ id, folder, sha256, date: c.internalDate.toISOString(), flags: flagsOf(c) }]
      }),
    )
  }

  /** Servers come back, the dead are replaced, every later attempt is made; then nothing may be left open. */
  async settle(): Promise<void> {
    this.#back()
    for (const n of [0, 1]) this.#processes[n]?.arm(null)
    await this.#go()
    for (let n = 0; n < 8; n++) {
      this.#now = new Date(this.#now.getTime() + 3_600_000)
      await this.#expireLeases()
      await this.#work(n % 2)
      if (n >= 2 && (await this.#quiet())) return
    }
  }

  async #quiet(): Promise<boolean> {
    for (const id of this.#actions) if (['queued', 'running'].includes((await this.#view(id)).state)) return false
    return true
  }

  async check(): Promise<void> {
    const problems: string[] = []
    const all: ItemView[] = []
    for (const id of this.#actions) {
      const items = await this.#items(id)
      all.push(...items)
      problems.push(...statusProblems(await this.#view(id), items))
    }
    for (const user of this.#users) problems.push(...this.#mailboxProblems(user, all))
    for (const v of check(this.history.events)) problems.push(`checker: ${v.kind} ${v.mailbox} ${v.id}: ${v.why}`)
    const foreign = this.#provider.user('ann@elsewhere.example').snapshot()
    if (JSON.stringify(foreign) !== JSON.stringify(this.#foreign))
      problems.push('another mailbox of the server changed')
    if (problems.length > 0) throw new Broken(problems.join('\n'))
  }

  #mailboxProblems(user: SimUser, items: readonly ItemView[]): string[] {
    const found = this.#snapshots(user.login)
    for (const [id, part] of Map.groupBy(found, (c) => c.id)) {
      const places: Record<string, number> = {}
      for (const c of part) places[c.folder] = (places[c.folder] ?? 0) + 1
      this.history.add('end', { type: 'final', mailbox: user.login, id, places })
    }
    const problems: string[] = []
    for (const id of this.#ids) {
      if (user.blurred.has(id)) continue
      const own = items.filter((i) => i.messageId === id && this.#mailboxOf(i) === user.login)
      if (own.some((i) => i.lost.length > 0)) continue
      const should = user.known.filter((k) => k.id === id)
      const is = found.filter((c) => c.id === id)
      const said = own.map((i) => `${i.state} ${i.before?.folder ?? ''}→${i.after?.folder ?? ''} ${i.reason ?? ''}`)
      const key = (c: { sha256: string; date: string; flags: string }) => `${c.sha256} ${c.date} ${c.flags}`
      // What never was in a mailbox came there by a release, with the date of that.
      if (should.length === 0 && own.some((i) => i.state === 'done') && !this.#wasDelivered(id)) continue
      if (should.map(key).sort().join('\n') !== is.map(key).sort().join('\n')) {
        problems.push(
          `${user.login} ${id}: ${JSON.stringify(is)} instead of ${JSON.stringify(should)}; ${said.join('; ')}`,
        )
      }
      for (const hold of HOLDS) {
        const lie = is.filter((c) => c.folder === hold).length
        const told = own.filter((i) => HELD_BY.has(i.state) && i.revertedBy === null && i.after?.folder === hold).length
        if (lie > told) problems.push(`${user.login} ${id}: in ${hold}, and no item says so; ${said.join('; ')}`)
      }
      const [k] = should
      const [c] = is
      if (should.length !== 1 || is.length !== 1 || !k || !c) continue
      const settled = own.every((i) => ['done', 'already-there', 'skipped'].includes(i.state) && i.reason === null)
      const inForce = own.some((i) => i.state === 'done' && i.undoes === null && i.revertedBy === null)
      if (settled && !inForce && c.folder !== k.home) {
        problems.push(`${user.login} ${id}: in ${c.folder} instead of ${k.home}; ${said.join('; ')}`)
      }
    }
    return problems
  }

  #wasDelivered(id: string): boolean {
    return this.history.events.some((e) => e.type === 'invoke' && e.process === 'transport' && e.id === id)
  }

  async close(): Promise<void> {
    for (const p of [...this.#processes, this.#console]) await p?.stop()
  }
}

/** Every item has an end or a reason, the counts are the items, and the status says what they say. */
function statusProblems(view: ActionView, items: readonly ItemView[]): string[] {
  const problems: string[] = []
  const say = (what: string) => problems.push(`action ${view.name} (${view.state}): ${what}`)
  const n = (state: ItemView['state']) => items.filter((i) => i.state === state).length
  if (['queued', 'running'].includes(view.state))
    say(`does not end: ${items.map((i) => `${i.state} ${i.reason}`).join('; ')}`)
  const c = view.counts
  const sum = [c.planned, c.approved, c.executing, c.done, c.alreadyThere, c.notFound, c.skipped, c.ambiguous, c.failed]
  const is = [
    n('planned'),
    n('approved'),
    n('executing'),
    n('done'),
    n('already-there'),
    n('not-found'),
    n('skipped'),
    n('ambiguous'),
    n('failed'),
  ]
  if (sum.join() !== is.join() || c.total !== items.length) say(`counts ${sum.join()}, items ${is.join()}`)
  for (const i of items) {
    if (i.state === 'done' && i.verifiedAt === null) say(`item ${i.id} is done and not verified`)
    if (i.state !== 'done' && i.reason === null) say(`item ${i.id} is ${i.state} and does not say why`)
    if (i.verifiedAt !== null && i.state !== 'done' && i.state !== 'already-there')
      say(`item ${i.id}: ${i.state}, verified`)
  }
  const good = n('done') + n('already-there')
  if (view.state === 'completed' && good !== items.length) say(`completed with ${good} of ${items.length}`)
  if (view.state === 'failed' && good > 0) say(`failed with ${good} done`)
  return problems
}
