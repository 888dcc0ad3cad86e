import type { ActionId, TenantId } from '../../src/base/index.ts'
import type { Cause } from '../../src/judgement/index.ts'
import type { Mailbox } from '../../src/organisation/index.ts'
import type { ItemView, Requester } from '../../src/remediation/index.ts'
import type { OpenStorage } from '../../src/storage/index.ts'
import { analyst, keep, letter, organise, verdict } from '../rig/office.ts'
import { check } from './checker.ts'
import { History } from './history.ts'
import { Ledger } from './ledger.ts'
import { MailServer } from './mail-server.ts'
import { KILLS, STALLS, type Step } from './steps.ts'
import type { SimUser } from './user.ts'
import { hasBeside, messageProblems, orderProblems, statusProblems } from './verify.ts'
import { SimClock, Workers } from './workers.ts'

const PEOPLE = ['ann', 'bob', 'cem'] as const
const KINDS = [
  { kind: 'quarantine' },
  { kind: 'soft-delete' },
  { kind: 'hard-delete' },
  { kind: 'move', target: 'junk' },
  { kind: 'move', target: 'inbox' },
  { kind: 'move', target: 'deleted-items' },
  { kind: 'release' },
] as const

export class Broken extends Error {}

/** Universes made so far: each is a tenant of its own. */
let made = 0

/** What all universes share. */
export interface Cosmos {
  readonly storage: OpenStorage
  readonly hits: Map<string, number>
  /** Told of every point that a process passes, with how often since something was last to happen to it. */
  passed?(point: string, nth: number): void
}

/** An organisation, its mail server, the people, two worker processes, and the model beside them. */
export class World {
  readonly history = new History()
  readonly #cosmos: Cosmos
  readonly #tenant: TenantId
  readonly #mailboxes: readonly Mailbox[]
  readonly #ids = new Set<string>()
  readonly #clock = new SimClock()
  readonly #server: MailServer
  readonly #workers: Workers
  readonly #ledger: Ledger
  /** Delivery and cause, of what was undone. */
  readonly #guards = new Set<string>()

  static async make(cosmos: Cosmos): Promise<World> {
    const domain = `u${++made}.example`
    const tenant = await cosmos.storage.createTenant(domain)
    const addresses = PEOPLE.map((p) => `${p}@${domain}`)
    return new World(cosmos, tenant, [...(await organise(cosmos.storage, tenant, addresses)).values()])
  }

  private constructor(cosmos: Cosmos, tenant: TenantId, mailboxes: readonly Mailbox[]) {
    this.#cosmos = cosmos
    this.#tenant = tenant
    this.#mailboxes = mailboxes
    const { history } = this
    const { storage, hits } = cosmos
    this.#server = new MailServer(mailboxes, history, this.#ids)
    this.#ledger = new Ledger(storage, tenant, history)
    this.#workers = new Workers({
      ...(cosmos.passed ? { passed: cosmos.passed } : {}),
      ...{ storage, tenant, history, clock: this.#clock, provider: this.#server.provider },
      knows: (id) => this.#ids.has(id),
      hit: (point) => hits.set(point, (hits.get(point) ?? 0) + 1),
    })
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
        this.#server.userOf(s.who).act(s)
        return
      case 'meanwhile':
        this.#server.meanwhile(s)
        return
      case 'fault':
        this.#server.fault(s)
        return
      case 'stuck':
        this.#server.stuck(s.who, () => {
          this.#givenUp ||= s.cancel
        })
        return
      case 'crash':
        this.#workers.arm(s.p, { at: KILLS[s.point % KILLS.length] ?? '', nth: s.nth, how: 'crash' })
        return
      case 'stall':
        this.#workers.arm(s.p, { at: STALLS[s.point % STALLS.length] ?? '', nth: s.nth, how: 'stall' })
        return
      case 'go':
        await this.#workers.go()
        return this.#ledger.look()
      case 'server':
        this.#server.outside(s)
        return
      case 'later':
        this.#clock.pass(s.ms)
    }
  }

  async #work(n: number): Promise<void> {
    await this.#workers.work(n)
    if (!this.#workers.stalled) await this.#ledger.look()
    if (!this.#givenUp) return
    this.#givenUp = false
    await this.#cancel(0)
  }
  /** A move was given up, and somebody cancels what it was for. */
  #givenUp = false

  #who(mask: number): readonly Mailbox[] {
    return this.#mailboxes.filter((_, n) => (mask + 1) & (1 << n))
  }

  async #deliver(s: Extract<Step, { do: 'deliver' }>): Promise<void> {
    const mail = letter('Hello')
    this.#ids.add(mail.id)
    const to = this.#who(s.who).flatMap((mailbox) => this.#server.arrive(s, mail, mailbox))
    if (to.length === 0) return
    const at = to.some((t) => 'folder' in t) ? 'folder' : 'inbox'
    this.#ledger.copies.push(...(await keep(this.#cosmos.storage, this.#tenant, { letter: mail, at, to })))
  }

  async #hold(s: Extract<Step, { do: 'hold' }>): Promise<void> {
    const mail = letter('Held')
    this.#ids.add(mail.id)
    const to = this.#who(s.who).map((mailbox) => ({ mailbox, ref: null }))
    const causes = [{ kind: 'entry', id: '00000000-0000-7000-8000-00000000000c', version: 1 }] as const
    this.#ledger.copies.push(
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
    const some = this.#ledger.copies.filter((_, n) => (n + s.pick) % 3 !== 0)
    if (some.length === 0 || !what) return
    const cause: Cause = { kind: 'entry', id: `00000000-0000-7000-8000-0000000000a${s.cause}`, version: 1 }
    const select =
      s.select === 'copies'
        ? { deliveryIds: some.map((c) => c.id) }
        : s.select === 'messages'
          ? { messageIds: [...new Set(some.map((c) => c.messageId))] }
          : { filter: { mailbox: [some[0]?.mailbox.id ?? ''] } }
    const asked = { ...what, select, ...(s.by === 'automation' ? { cause } : {}) }
    const id = await this.#refusable(() => this.#workers.door().submit(this.#requester(s.by), asked))
    if (id === null) return
    this.#ledger.actions.push(id)
    // What gives back takes nothing: guards do not keep automation from it.
    if (s.by === 'automation' && what.kind !== 'release') await this.#guarded(id, cause)
    if (s.run) await this.#work(s.pick % 2)
  }

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
    for (const i of await this.#ledger.items(id)) {
      const guarded = this.#guards.has(`${i.deliveryId} ${cause.id}`)
      if (guarded && i.state !== 'skipped' && i.state !== 'already-there') {
        throw new Broken(`automation takes ${i.deliveryId} again for a cause that was undone: ${i.state}`)
      }
    }
  }

  async #undo(s: Extract<Step, { do: 'undo' }>): Promise<void> {
    const of = this.#ledger.recent(s.pick)
    if (of === undefined) return
    const items = s.part ? (await this.#ledger.items(of)).filter((_, n) => n % 2 === 0).map((i) => i.id) : undefined
    const options = { folderGone: s.gone, ...(items ? { items } : {}) }
    const id = await this.#refusable(() => this.#workers.door().submitUndo(this.#requester('analyst'), of, options))
    if (id === null) return
    const doubted = await this.#ledger.deletedPerhaps()
    this.#ledger.actions.push(id)
    const undone = await this.#ledger.view(of)
    for (const i of await this.#ledger.items(id)) {
      if (i.undoes !== null && doubted.has(i.undoes)) this.#askedAgain(i)
      const key = `${i.deliveryId} ${undone.cause?.id}`
      if (undone.undoOf === null) this.#guards.add(key)
      else this.#guards.clear()
    }
    if (s.run) await this.#work(s.pick % 2)
  }

  /** Whether its user has deleted it nobody knows, and the analyst has decided: one more than the user left is right, and none, too. */
  #askedAgain(i: ItemView): void {
    const mailbox = this.#ledger.mailboxOf(i)
    this.#server.users.find((u) => u.login === mailbox)?.blurred.add(i.messageId)
    this.history.add('analyst', { type: 'asked', mailbox, id: i.messageId })
  }

  async #cancel(pick: number): Promise<void> {
    const id = this.#ledger.recent(pick)
    if (id !== undefined) await this.#refusable(() => this.#workers.door().cancel(this.#requester('analyst'), id))
  }

  /** Servers come back, the dead are replaced, every later attempt is made; then nothing may be left open. */
  async settle(): Promise<void> {
    this.#server.back()
    this.#workers.disarm()
    await this.#workers.go()
    await this.#ledger.look()
    for (let n = 0; n < 8; n++) {
      this.#clock.pass(3_600_000)
      await this.#workers.expireLeases()
      await this.#work(n % 2)
      // Once more after all is quiet: then nothing may happen any more.
      if (n >= 1 && (await this.#ledger.quiet())) return
    }
  }

  async check(): Promise<void> {
    const all = await this.#ledger.all()
    const problems = all.flatMap(({ view, items }) => statusProblems(view, items))
    problems.push(...orderProblems(all))
    const items = all.flatMap((a) => a.items)
    for (const i of items.filter(hasBeside))
      this.history.add('ledger', { type: 'beside', mailbox: this.#ledger.mailboxOf(i), id: i.messageId })
    for (const user of this.#server.users) problems.push(...this.#mailboxProblems(user, items))
    for (const v of check(this.history.events)) problems.push(`checker: ${v.kind} ${v.mailbox} ${v.id}: ${v.why}`)
    if (this.#server.foreignChanged) problems.push('another mailbox of the server changed')
    if (problems.length > 0) throw new Broken(problems.join('\n'))
  }

  #mailboxProblems(user: SimUser, items: readonly ItemView[]): string[] {
    const { login } = user
    const found = this.#server.found(login)
    for (const [id, part] of Map.groupBy(found, (c) => c.id)) {
      const places: Record<string, number> = {}
      for (const c of part) places[c.folder] = (places[c.folder] ?? 0) + 1
      this.history.add('end', { type: 'final', mailbox: login, id, places })
    }
    return [...this.#ids].flatMap((id) => {
      if (user.blurred.has(id)) return []
      const own = items.filter((i) => i.messageId === id && this.#ledger.mailboxOf(i) === login)
      const should = user.known.filter((k) => k.id === id)
      return messageProblems({
        login,
        id,
        should,
        is: found.filter((c) => c.id === id),
        own,
        delivered: this.#delivered(id),
      })
    })
  }

  #delivered(id: string): boolean {
    return this.history.events.some((e) => e.type === 'invoke' && e.process === 'transport' && e.id === id)
  }

  close(): Promise<void> {
    return this.#workers.stop()
  }
}
