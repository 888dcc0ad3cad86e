import { type ActionId, AppError, type TenantId } from '../../src/base/index.ts'
import type { Cause } from '../../src/judgement/index.ts'
import {
  createMemoryProvider,
  type Fault,
  type MemoryCallName,
  type MemoryOptions,
  type MemoryProvider,
  type MemoryUser,
} from '../../src/mailboxes/index.ts'
import type { Mailbox } from '../../src/organisation/index.ts'
import {
  type ActionRequest,
  type ActionView,
  createRemediation,
  getAction,
  type ItemView,
  type Limits,
  listItems,
  type Remediation,
  type Requester,
  type Tuning,
  type UndoOptions,
} from '../../src/remediation/index.ts'
import { createNextHop, type NextHop } from '../../src/transport/index.ts'
import { analyst, asDelivered, type Copy, keep, type Letter, letter, organise, quietLog, verdict } from './office.ts'
import type { TestStorage } from './storage.ts'

export const NAMES = ['ann', 'bob', 'cem'] as const

/** Two tenants with the same people; their addresses differ by the domain only, as no two organisations share one. */
export async function people(t: TestStorage): Promise<ReadonlyMap<TenantId, ReadonlyMap<string, Mailbox>>> {
  const found = new Map<TenantId, ReadonlyMap<string, Mailbox>>()
  for (const [tenant, domain] of [
    [t.a, 'kontor.example'],
    [t.b, 'werft.example'],
  ] as const) {
    const mailboxes = await organise(
      t.storage,
      tenant,
      NAMES.map((n) => `${n}@${domain}`),
    )
    found.set(tenant, new Map([...mailboxes.values()].map((m) => [m.address.split('@')[0] ?? '', m])))
  }
  return found
}

export interface DeliverOptions {
  readonly folder?: string
  readonly flags?: readonly string[]
  readonly date?: Date
  /** Whether `records` knows the copies' places. Default true. */
  readonly known?: boolean
  readonly mail?: Letter
  /** The gate has put it into Junk, by a verdict with these causes. */
  readonly junked?: readonly Cause[]
}

export const FLAGS = ['\\Seen', '\\Answered', '$Forwarded', 'KeyA']
export const DATE = new Date('2019-02-01T03:04:05Z')

/** One tenant's office on the simulated mail server, with its remediation. */
export class Office {
  readonly tenant: TenantId
  readonly provider: MemoryProvider
  readonly service: Remediation
  readonly #t: TestStorage
  readonly #mailboxes: ReadonlyMap<string, Mailbox>
  readonly #nextHop: NextHop
  readonly #services: Remediation[] = []
  readonly #limits: Partial<Limits>
  #now = new Date('2026-05-01T10:00:00Z')

  constructor(
    t: TestStorage,
    tenant: TenantId,
    all: ReadonlyMap<TenantId, ReadonlyMap<string, Mailbox>>,
    options: {
      provider?: MemoryProvider
      memory?: MemoryOptions
      tuning?: Partial<Tuning>
      nextHop?: NextHop
      limits?: Partial<Limits>
    } = {},
  ) {
    this.#t = t
    this.tenant = tenant
    this.#mailboxes = all.get(tenant) ?? new Map()
    this.provider = options.provider ?? createMemoryProvider(options.memory)
    this.#nextHop = options.nextHop ?? createNextHop({ kind: 'mailbox', provider: this.provider })
    this.#limits = options.limits ?? {}
    this.service = this.restarted(options.tuning)
  }

  /** Its workers must not meet the next test's mail server. */
  async close(): Promise<void> {
    await Promise.all(this.#services.map((s) => s.stop()))
  }

  /** Another process's service on the same database and mail server. */
  restarted(tuning: Partial<Tuning> = {}): Remediation {
    const service = createRemediation({
      storage: this.#t.storage,
      mailboxes: this.provider,
      nextHop: this.#nextHop,
      log: quietLog,
      clock: () => this.#now,
      limits: this.#limits,
      tuning: { backoffMs: 1000, leaseMs: 5000, deadlineMs: 100, ...tuning },
    })
    this.#services.push(service)
    return service
  }

  mailbox(name: string): Mailbox {
    const found = this.#mailboxes.get(name)
    if (!found) throw new Error(name)
    return found
  }

  user(name: string): MemoryUser {
    return this.provider.user(this.mailbox(name).login)
  }

  /** Of what lies in a folder. */
  uids(name: string, folder: string): number[] {
    return this.user(name)
      .list(folder)
      .map((c) => c.ref.uid)
  }

  /** The next such call in this mailbox fails. */
  fails(name: string, call: MemoryCallName, fault: Fault): void {
    this.provider.failOnce(call, fault, this.mailbox(name).login)
  }

  now(): Date {
    return this.#now
  }

  /** Moves the clock on. */
  later(ms: number): void {
    this.#now = new Date(this.#now.getTime() + ms)
  }

  async deliver(
    to: readonly string[],
    options: DeliverOptions = {},
  ): Promise<{ mail: Letter; copies: readonly Copy[] }> {
    const mail = options.mail ?? letter('Hello')
    const { junked } = options
    const folder = options.folder ?? (junked ? 'Junk' : 'INBOX')
    const targets = to.map((name) => {
      const u = this.user(name)
      if (!u.folders().includes(folder)) u.createFolder(folder)
      const state = { flags: options.flags ?? FLAGS, date: options.date ?? DATE }
      const uid = u.append(folder, asDelivered(mail.sent, this.mailbox(name).address), state)
      const ref = u.list(folder).find((c) => c.ref.uid === uid)?.ref ?? null
      return {
        mailbox: this.mailbox(name),
        ref: options.known === false ? null : ref,
        folder: folder === 'INBOX' ? null : folder,
      }
    })
    const at = folder === 'INBOX' ? 'inbox' : junked ? 'junk' : 'folder'
    const to2 = targets.map(({ folder: f, ...rest }) => (f === null ? rest : { ...rest, folder: f }))
    const why = junked ? { verdict: verdict({ threat: 'spam', placement: 'junk', causes: junked }) } : {}
    return { mail, copies: await keep(this.#t.storage, this.tenant, { letter: mail, at, to: to2, ...why }) }
  }

  /** Never came to a mailbox: the gate has kept it. */
  async hold(
    to: readonly string[],
    causes: Parameters<typeof verdict>[0] = {},
  ): Promise<{ mail: Letter; copies: readonly Copy[] }> {
    const mail = letter('Held')
    const at = 'quarantine' as const
    const arrival = {
      letter: mail,
      at,
      to: to.map((name) => ({ mailbox: this.mailbox(name), ref: null })),
      verdict: verdict({ threat: 'phish', placement: 'quarantine', ...causes }),
    }
    return { mail, copies: await keep(this.#t.storage, this.tenant, arrival) }
  }

  analyst(permissions?: readonly string[]): Requester {
    const all = analyst(this.tenant)
    return permissions ? { ...all, permissions: new Set(permissions) } : all
  }

  async view(id: ActionId): Promise<ActionView> {
    const found = await this.#t.storage.tenant(this.tenant, (tx) => getAction(tx, this.tenant, id))
    if (!found) throw new AppError('no-action', id, '')
    return found
  }

  async items(id: ActionId): Promise<readonly ItemView[]> {
    const page = { limit: 10_000, after: null }
    return (await this.#t.storage.tenant(this.tenant, (tx) => listItems(tx, this.tenant, id, page))).items
  }

  async run(request: Omit<ActionRequest, 'select'>, copies: readonly Copy[], by = this.analyst()): Promise<ActionId> {
    const { id } = await this.service.submit(by, { ...request, select: { deliveryIds: copies.map((c) => c.id) } })
    await this.service.drain(this.tenant)
    return id
  }

  async undo(id: ActionId, options: UndoOptions = {}): Promise<ActionId> {
    const undone = await this.service.submitUndo(this.analyst(), id, options)
    await this.service.drain(this.tenant)
    return undone.id
  }

  snapshots() {
    return NAMES.map((n) => this.user(n).snapshot())
  }

  held() {
    return NAMES.map((n) => this.user(n).held())
  }
}
