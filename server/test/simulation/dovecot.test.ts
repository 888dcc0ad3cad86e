import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ActionId, TenantId } from '../../src/base/index.ts'
import { createImapProvider, type MailboxProvider, type MailboxSession } from '../../src/mailboxes/index.ts'
import type { Mailbox } from '../../src/organisation/index.ts'
import {
  createRemediation,
  getAction,
  type ItemView,
  listItems,
  type Remediation,
} from '../../src/remediation/index.ts'
import { mailRoot, readTruth } from '../drill/company.ts'
import { type Dovecot, startDovecot } from '../rig/dovecot.ts'
import { analyst, asDelivered, type Copy, keep, letter, organise, quietLog } from '../rig/office.ts'
import { RawImap } from '../rig/raw-imap.ts'
import { type SeedMessage, seedMaildir } from '../rig/seed.ts'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { check } from './checker.ts'
import { History } from './history.ts'
import { watched } from './watched.ts'

/** The same idea as the simulation in memory, on a real server: the user is a second IMAP client, the truth is read from the files. */
const SEQUENCES = Number(process.env['RECOURSE_TEST_RUNS'] ?? 50)
const SEED = Number(process.env['RECOURSE_TEST_SEED'] ?? 20_261_124)
const PEOPLE = ['ann', 'bob']
const LETTERS = 6
const MARKS = ['', 'S', 'RS', 'FS', 'T', 'FRS']

let t: TestStorage
let dovecot: Dovecot
let imap: MailboxProvider
let universes = 0
beforeAll(async () => {
  t = await testStorage()
  dovecot = await startDovecot({ fsync: false })
  const { master, imapPort: port } = dovecot
  const host = { kind: 'imap', host: '127.0.0.1', port, secure: false } as const
  imap = createImapProvider({ ...host, auth: { type: 'master', ...master } })
})
afterAll(async () => {
  await imap?.close()
  await dovecot?.stop()
  await t?.close()
})

const HOWS = ['move', 'copy', 'flag', 'trash', 'expunge', 'rename', 'delete-folder'] as const
type Step =
  | { readonly do: 'act'; readonly kind: number; readonly pick: number }
  | { readonly do: 'undo'; readonly pick: number; readonly part: boolean; readonly gone: 'recreate' | 'inbox' }
  | { readonly do: 'user'; readonly how: (typeof HOWS)[number]; readonly who: number; readonly pick: number }
  | { readonly do: 'restart' }
  | { readonly do: 'kill'; readonly what: 'imap' | 'server' }

const nat = fc.nat({ max: 999 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('act' as const), kind: nat, pick: nat }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('undo' as const),
      pick: nat,
      part: fc.boolean(),
      gone: fc.constantFrom('recreate', 'inbox'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('user' as const), how: fc.constantFrom(...HOWS), who: nat, pick: nat }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), what: fc.constantFrom('imap', 'server') }) },
)
const KINDS = [
  { kind: 'quarantine' },
  { kind: 'soft-delete' },
  { kind: 'hard-delete' },
  { kind: 'move', target: 'junk' },
  { kind: 'move', target: 'deleted-items' },
] as const

/** What a user last had of a message: bytes, date and flags never change but by him. */
interface Known {
  readonly id: string
  readonly sha256: string
  readonly date: number
  flags: string
}
const keyOf = (k: { sha256: string; date: number; flags: string }): string => `${k.sha256} ${k.date} ${k.flags}`

class Universe {
  readonly history = new History()
  readonly #domain: string
  readonly #tenant: TenantId
  readonly #known = new Map<string, Known[]>()
  readonly #copies: Copy[] = []
  readonly #actions: ActionId[] = []
  readonly #acked = new Map<string, string>()
  #service: Remediation
  #processes = 0
  #folders = 0

  private constructor(domain: string, tenant: TenantId) {
    this.#domain = domain
    this.#tenant = tenant
    this.#service = this.#born()
  }

  static async make(): Promise<Universe> {
    const domain = `v${++universes}.example`
    const world = new Universe(domain, await t.storage.createTenant(domain))
    const boxes = await organise(
      t.storage,
      world.#tenant,
      PEOPLE.map((p) => `${p}@${world.#domain}`),
    )
    await world.#seed([...boxes.values()].filter((m) => m.address.endsWith(world.#domain)))
    return world
  }

  #born(): Remediation {
    const process = `worker-${++this.#processes}`
    const peek = (_login: string, folder: string, uids: readonly number[], session: MailboxSession) =>
      session.state(folder, uids)
    const mailboxes = watched(imap, { history: this.history, process, knows: () => true, peek, gate: async () => {} })
    const tuning = { backoffMs: 100, leaseMs: 20_000, deadlineMs: 200, lookEveryMs: 100 }
    return createRemediation({ storage: t.storage, mailboxes, nextHop: null, log: quietLog, tuning })
  }

  async #seed(boxes: readonly Mailbox[]): Promise<void> {
    const files = new Map<string, SeedMessage[]>()
    for (let n = 0; n < LETTERS; n++) {
      const mail = letter(`Letter ${n}`, `${'A line.\r\n'.repeat(n * 3)}`)
      this.#copies.push(
        ...(await keep(t.storage, this.#tenant, {
          letter: mail,
          at: 'inbox',
          to: boxes.map((mailbox) => ({ mailbox, ref: null })),
        })),
      )
      for (const [m, { login }] of boxes.entries()) {
        const folder = (n + m) % 4 === 1 ? '.Work' : 'INBOX'
        const date = new Date(Date.UTC(2021, n, 3, 4, 5, 6))
        const one = { bytes: asDelivered(mail.sent, login), letters: MARKS[(n + m) % MARKS.length] ?? '', date }
        files.set(`${login}\n${folder}`, [...(files.get(`${login}\n${folder}`) ?? []), one])
        const to = folder === 'INBOX' ? folder : 'Work'
        this.history.at('transport', { f: 'add', mailbox: login, id: mail.id, from: null, to, copy: null })
      }
    }
    for (const [key, list] of files) {
      const [login = '', folder = ''] = key.split('\n')
      seedMaildir(dovecot.mailDir(login), folder, list)
    }
    for (const c of this.#truth()) this.#of(c.mailbox).push({ ...c })
  }

  #of(login: string): Known[] {
    const found = this.#known.get(login) ?? []
    this.#known.set(login, found)
    return found
  }

  #truth() {
    return PEOPLE.flatMap((p) => [...readTruth(mailRoot(dovecot.dir), `${p}@${this.#domain}`).values()].flat())
  }

  async run(s: Step): Promise<void> {
    if (s.do === 'act') await this.#act(s)
    else if (s.do === 'undo') await this.#undo(s)
    else if (s.do === 'user') await this.#user(s)
    else if (s.do === 'restart') {
      await this.#service.stop()
      this.#service = this.#born()
    } else if (s.what === 'imap') for (const pid of dovecot.pidsOfImap()) process.kill(pid, 'SIGKILL')
    else await dovecot.restart()
  }

  async #drain(): Promise<void> {
    const since = this.history.length
    await this.#service.drain(this.#tenant)
    for (const id of this.#actions) {
      for (const i of await this.#items(id)) {
        if (this.#acked.get(i.id) === i.state) continue
        this.#acked.set(i.id, i.state)
        const about = { mailbox: i.recipient, id: i.messageId }
        if (i.state === 'done' && i.after?.folder) {
          const verified = i.verifiedAt !== null
          this.history.add('ledger', { type: 'ack', ...about, item: i.id, folder: i.after.folder, verified, since })
        } else if (i.state === 'executing' || i.state === 'ambiguous') {
          this.history.add('ledger', { type: 'doubt', ...about, why: i.reason ?? '' })
        }
      }
    }
  }

  async #items(id: ActionId): Promise<readonly ItemView[]> {
    return (await t.storage.tenant(this.#tenant, (tx) => listItems(tx, this.#tenant, id, { limit: 1000, after: null })))
      .items
  }

  async #act(s: Extract<Step, { do: 'act' }>): Promise<void> {
    const what = KINDS[s.kind % KINDS.length]
    const some = this.#copies.filter((_, n) => (n + s.pick) % 3 !== 0)
    if (!what) return
    const asked = { ...what, select: { deliveryIds: some.map((c) => c.id) } }
    this.#actions.push((await this.#service.submit(analyst(this.#tenant), asked)).id)
    await this.#drain()
  }

  async #undo(s: Extract<Step, { do: 'undo' }>): Promise<void> {
    const of = this.#actions[s.pick % Math.max(this.#actions.length, 1)]
    if (of === undefined) return
    const items = s.part ? (await this.#items(of)).filter((_, n) => n % 2 === 0).map((i) => i.id) : undefined
    try {
      const options = { folderGone: s.gone, ...(items ? { items } : {}) }
      this.#actions.push((await this.#service.submitUndo(analyst(this.#tenant), of, options)).id)
    } catch (error) {
      expect(error).toMatchObject({ status: 409 })
    }
    await this.#drain()
  }

  async #user(s: Extract<Step, { do: 'user' }>): Promise<void> {
    const login = `${PEOPLE[s.who % PEOPLE.length]}@${this.#domain}`
    const all = readTruth(mailRoot(dovecot.dir), login)
    const seen = [...all.values()].flat().filter((c) => c.folder !== '(held)')
    const copy = seen.toSorted((a, b) => (a.id < b.id ? -1 : 1))[s.pick % Math.max(seen.length, 1)]
    const client = await RawImap.open(dovecot.imapPort, login)
    try {
      if (s.how === 'rename') await this.#rename(client, login)
      else if (s.how === 'delete-folder') await this.#deleteFolder(client, login)
      else if (copy && all.get(`${login}\n${copy.id}`)?.length === 1) await this.#onCopy(client, s.how, copy)
    } finally {
      client.close()
    }
  }

  async #rename(client: RawImap, login: string): Promise<void> {
    const to = `Work ${++this.#folders}`
    for (const from of ['Work', ...Array.from({ length: this.#folders - 1 }, (_, n) => `Work ${n + 1}`)]) {
      if ((await client.command(`RENAME "${from}" "${to}"`)).status !== 'OK') continue
      this.history.add(`user ${login}`, { type: 'folder', mailbox: login, from, to })
      return
    }
  }

  async #deleteFolder(client: RawImap, login: string): Promise<void> {
    const gone = readTruth(mailRoot(dovecot.dir), login)
    if ((await client.command('DELETE "Work"')).status !== 'OK') return
    this.history.add(`user ${login}`, { type: 'folder', mailbox: login, from: 'Work', to: null })
    for (const c of [...gone.values()].flat().filter((x) => x.folder === 'Work')) this.#forget(login, c.id)
  }

  #forget(login: string, id: string): void {
    const known = this.#of(login)
    known.splice(
      known.findIndex((k) => k.id === id),
      1,
    )
  }

  async #onCopy(
    client: RawImap,
    how: Extract<Step, { do: 'user' }>['how'],
    copy: Known & { folder: string; mailbox: string },
  ) {
    const { mailbox, id, folder: from } = copy
    await client.ok(`SELECT "${from}"`)
    const found = /\* SEARCH ([\d ]+)/.exec(await client.ok(`UID SEARCH HEADER X-Recourse-Message-Id ${id}`))?.[1]
    const uid = found?.trim().split(' ')[0]
    if (uid === undefined) return
    const deed = (f: 'move' | 'copy' | 'remove', to: string | null) =>
      this.history.invoke(`user ${mailbox}`, { f, mailbox, id, from, to, copy: null })
    if (how === 'move' || how === 'trash' || how === 'copy') {
      const to = how === 'trash' ? 'Trash' : 'Mine'
      if (to === from) return
      await client.command(`CREATE ${to}`)
      const end = deed(how === 'copy' ? 'copy' : 'move', to)
      await client.ok(`UID ${how === 'copy' ? 'COPY' : 'MOVE'} ${uid} ${to}`)
      end('ok')
      if (how === 'copy') this.#of(mailbox).push({ ...copy })
    } else if (how === 'flag') {
      await client.ok(`UID STORE ${uid} +FLAGS (\\Flagged)`)
      const known = this.#of(mailbox).find((k) => k.id === id)
      if (known)
        known.flags = [...new Set([...known.flags.split(' '), 'F'])]
          .filter((f) => f !== '')
          .sort()
          .join(' ')
    } else {
      const end = deed('remove', null)
      await client.ok(`UID STORE ${uid} +FLAGS (\\Deleted)`)
      await client.ok(`UID EXPUNGE ${uid}`)
      end('ok')
      this.#forget(mailbox, id)
    }
  }

  /** Every later attempt is made, then files, ledger and history must agree. */
  async end(): Promise<void> {
    for (let n = 0; n < 600; n++) {
      await this.#drain()
      const states = await Promise.all(
        this.#actions.map((id) =>
          t.storage.tenant(this.#tenant, (tx) => getAction(tx, this.#tenant, id)).then((a) => a?.state),
        ),
      )
      if (!states.some((s) => s === 'queued' || s === 'running')) break
      await new Promise((done) => setTimeout(done, 100))
    }
    await this.#service.stop()
    const items = (await Promise.all(this.#actions.map((id) => this.#items(id)))).flat()
    for (const i of items) {
      expect(['planned', 'approved', 'executing'], `${i.state} ${i.reason}`).not.toContain(i.state)
      if (i.state === 'done') expect(i.verifiedAt).not.toBeNull()
      else expect(i.reason).not.toBeNull()
    }
    const lost = new Set(items.filter((i) => i.lost.length > 0).map((i) => `${i.recipient} ${i.messageId}`))
    const exact = (c: { id: string }, login: string) => !lost.has(`${login} ${c.id}`)
    const truth = this.#truth()
    for (const p of PEOPLE) {
      const login = `${p}@${this.#domain}`
      const is = truth.filter((c) => c.mailbox === login && exact(c, login)).map(keyOf)
      const should = this.#of(login)
        .filter((k) => exact(k, login))
        .map(keyOf)
      expect(is.sort(), login).toEqual(should.sort())
    }
    await this.#checkHistory()
  }

  /** The end is asked of the server too: which hold a copy is in does not show in the names of directories alone. */
  async #checkHistory(): Promise<void> {
    const ids = [...new Set(this.#copies.map((c) => c.messageId))]
    for (const p of PEOPLE) {
      const login = `${p}@${this.#domain}`
      const session = await imap.open({ login })
      const holds: string[] = []
      for (const h of ['quarantine', 'soft-deleted', 'hard-deleted'] as const) holds.push(await session.hold(h, []))
      const found = [
        ...(await session.find({ networkMessageIds: ids })),
        ...(await session.find({ networkMessageIds: ids, folders: holds })),
      ]
      await session.close()
      for (const [id, part] of Map.groupBy(found, (c) => c.networkMessageId ?? '')) {
        const places: Record<string, number> = {}
        for (const c of part) places[c.ref.folder] = (places[c.ref.folder] ?? 0) + 1
        this.history.add('end', { type: 'final', mailbox: login, id, places })
      }
    }
    expect(check(this.history.events)).toEqual([])
  }

  stop(): Promise<void> {
    return this.#service.stop()
  }
}

test(`${SEQUENCES} sequences on Dovecot, the user being a second client: nothing lost, nothing twice, all as it should be`, {
  timeout: 900_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 9 }), async (steps) => {
      const world = await Universe.make()
      try {
        for (const s of steps) await world.run(s)
        await world.end()
      } finally {
        await world.stop()
      }
    }),
    { numRuns: SEQUENCES, seed: SEED, endOnFailure: true },
  )
})
