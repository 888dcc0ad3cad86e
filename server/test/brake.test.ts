// What a source of convictions takes from proven, known senders, counted durably and by organisation (lesson #65).
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { list } from '../src/audit/index.ts'
import { type ActionId, type MessageId, systemClock, type TenantId, uuidv7 } from '../src/base/index.ts'
import { type Brake, createBrake, watchBrake } from '../src/detection/brake/brake.ts'
import { countLoss, type SourceKey } from '../src/detection/brake/losses.ts'
import { letGo, listNotices, suspensionRevoked } from '../src/detection/brake/notices.ts'
import type { BrakeOptions } from '../src/detection/brake/options.ts'
import { registerBrake } from '../src/detection/brake/routes.ts'
import { countMatches } from '../src/detection/index.ts'
import { settleHits } from '../src/intake/hindsight/settle.ts'
import {
  createDirectory,
  createIntake,
  createJudge,
  createView,
  type ImportDeps,
  importMessage,
} from '../src/intake/index.ts'
import type { Signal } from '../src/judgement/index.ts'
import { addEntry, getEntry, listEntries, listSuspensions, revokeSuspension } from '../src/lists/index.ts'
import { createParser, type Parser } from '../src/mail/index.ts'
import { createMemoryProvider } from '../src/mailboxes/index.ts'
import { currentVerdict } from '../src/records/index.ts'
import type { Remediation } from '../src/remediation/index.ts'
import type { Tx } from '../src/storage/index.ts'
import { type TestApi, testApi } from './rig/api.ts'
import { homesAt, saveCompany } from './rig/intake.ts'
import { quietLog } from './rig/office.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

let t: TestStorage
let parser: Parser
let api: TestApi
let deps: ImportDeps
/** What the engine says of every message from now on. */
let says: Signal[] = []
const admin = { user: '00000000-0000-7000-8000-000000000001', name: 'Anna Lyst' }

beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await saveCompany(t.storage, t.b, 'b.example')
  parser = createParser({ workers: 1, trustedAuthserv: ['mx.own.example'] })
  const intake = createIntake({
    storage: t.storage,
    parser,
    judge: createJudge(createView(t.storage), async () => ({ signals: says, absent: [] })),
    nextHop: null,
    homeOf: homesAt(t.storage, createMemoryProvider()),
    hostname: 'mx.recourse.example',
    handoverMs: 0,
    doubtMs: 0,
  })
  deps = { intake, directory: createDirectory(t.storage) }
  api = await testApi(t.storage, (routes) => registerBrake(routes, { storage: t.storage }))
  for (const tenant of [t.a, t.b])
    for (let n = 0; n < 8; n++) for (const days of [30, 20, 10]) await come(tenant, `news@known${n}.example`, { days })
})
afterAll(async () => {
  await api.close()
  await parser.close()
  await t.close()
})
let source = ''
let nth = 0
beforeEach(() => {
  says = []
  source = `feed:world${++nth}`
})

const mad = (weight = 10, threat: Signal['threat'] = 'phish'): Signal => ({
  ...{ id: source, version: 1, weight, threat, technology: 'url-reputation' },
  ...{ summary: 'It lists the world', evidence: {}, entities: [] },
})
const inside = <T>(tenant: TenantId, work: (tx: Tx) => Promise<T>) => t.storage.tenant(tenant, work)
const brake = (limits: Partial<BrakeOptions> = {}): Brake =>
  createBrake({
    outbox: t.storage.outbox,
    limits: { senders: 4, share: 0.2, minutes: 120, entries: 'tell', ...limits },
    log: quietLog,
  })

let n = 0
interface Coming {
  readonly days?: number
  readonly proven?: boolean
  readonly to?: string
  readonly brake?: Brake
}
/** One more message, judged, and looked at by the brake. */
async function come(tenant: TenantId, from: string, { days = 0, proven = true, to = 'ann', brake: by }: Coming = {}) {
  const result = `dmarc=${proven ? 'pass' : 'fail'} header.from=${from.slice(from.indexOf('@') + 1)}`
  const raw = Buffer.from(
    `Authentication-Results: mx.own.example; ${result}\nFrom: ${from}\nTo: ${to}@${tenant === t.a ? 'a' : 'b'}.example\nSubject: Letter ${++n}\nDate: Thu, 1 Jan 2026 10:00:00 +0000\nMessage-ID: <${n}@x.example>\n\nbody ${n}\n`,
  )
  const receivedAt = new Date(Date.now() - days * 86_400_000 - 1000)
  const { messageId } = await importMessage(deps, tenant, { raw, receivedAt })
  if (by) await inside(tenant, (tx) => look(tx, by, messageId))
  return messageId
}
async function look(tx: Tx, by: Brake, id: MessageId): Promise<void> {
  const current = await currentVerdict(tx, id)
  if (current) await by.judged(tx, id, current)
}
/** One after the other, as events are handed on. */
async function known(tenant: TenantId, from: number, to: number, by: Brake): Promise<void> {
  for (let i = from; i < to; i++) await come(tenant, `news@known${i}.example`, { brake: by })
}
const notices = async (tenant: TenantId, all = false) =>
  (await inside(tenant, (tx) => listNotices(tx, { all }))).filter((notice) => notice.source.id === source)
const suspended = async (tenant: TenantId) =>
  (await inside(tenant, (tx) => listSuspensions(tx, { all: false, limit: 100 }))).filter((s) => s.signalId === source)

test('a source that takes the mail of known senders is suspended by the system, told why, in the audit log, and for one organisation', async () => {
  says = [mad()]
  await known(t.a, 0, 3, brake())
  expect(await notices(t.a)).toEqual([])
  await known(t.a, 3, 4, brake())
  expect(await notices(t.a)).toMatchObject([
    {
      ...{ source: { kind: 'signal', id: source, version: 1 }, suspended: true, closedBy: null },
      why: expect.stringMatching(
        /^Within 120 minutes it kept the mail of 4 proven, known senders out of the Inbox \(known/,
      ),
    },
  ])
  const [notice] = await notices(t.a)
  expect(notice?.senders.toSorted()).toEqual([0, 1, 2, 3].map((i) => `known${i}.example`))
  expect(await suspended(t.a)).toMatchObject([{ by: 'Recourse', version: 1 }])
  const told = await inside(t.a, (tx) => list(tx, { limit: 20 }))
  expect(told.filter((e) => e.subject?.id === source).map((e) => [e.action, e.actor])).toEqual(
    expect.arrayContaining([
      ['source.suspend', 'Recourse'],
      ['signal.suspend', 'Recourse'],
    ]),
  )
  // From now on it does not count there, and counts elsewhere.
  const after = await inside(t.a, async (tx) => currentVerdict(tx, await come(t.a, 'news@known5.example')))
  expect(after?.verdict).toMatchObject({ placement: 'deliver', suspended: [{ id: source }] })
  expect([await notices(t.b), await suspended(t.b)]).toEqual([[], []])
  await known(t.b, 0, 3, brake())
  expect(await notices(t.b)).toEqual([])
})

test('spam is nobody’s loss, however much of it: strangers, names that are not proven, one known sender again and again', async () => {
  says = [mad()]
  const by = brake()
  for (let i = 0; i < 8; i++) await come(t.a, `x@stranger${i}.example`, { brake: by })
  for (let i = 0; i < 8; i++) await come(t.a, `news@known${i}.example`, { proven: false, brake: by })
  for (let i = 0; i < 8; i++) await come(t.a, 'news@known0.example', { brake: by })
  // Known to Ann, and not to Bo.
  for (let i = 0; i < 8; i++) await come(t.a, `news@known${i}.example`, { to: 'bo', brake: by })
  expect(await notices(t.a)).toEqual([])
})

test('where they are few among all whose mail is clean, it is told and goes on; suspended when it is more', async () => {
  for (let i = 0; i < 20; i++) await come(t.b, `x@clean${i}.example`)
  says = [mad()]
  await known(t.b, 0, 4, brake())
  expect(await notices(t.b)).toMatchObject([{ suspended: false }])
  expect(await suspended(t.b)).toEqual([])
  await known(t.b, 4, 8, brake())
  expect(await notices(t.b)).toMatchObject([{ suspended: true, why: expect.stringContaining('20 % and more') }])
  expect(await suspended(t.b)).toHaveLength(1)
})

test('malware is told and never switched off by itself; what only adds to others is not told', async () => {
  says = [mad(10, 'malware'), { ...mad(0.5), id: `${source}-little` }]
  await known(t.a, 0, 6, brake())
  expect(await notices(t.a)).toMatchObject([{ suspended: false }])
  expect(await suspended(t.a)).toEqual([])
  expect((await inside(t.a, (tx) => listNotices(tx, { all: true }))).map((x) => x.source.id)).not.toContain(
    `${source}-little`,
  )
})

test('a person lets it go: it counts again, and his word holds for a day; once more is 409', async () => {
  says = [mad()]
  await known(t.a, 0, 4, brake())
  const id = (await notices(t.a))[0]?.id ?? ''
  await expect(inside(t.b, (tx) => letGo(tx, t.storage.outbox, admin, id))).rejects.toMatchObject({ status: 404 })
  expect(await inside(t.a, (tx) => letGo(tx, t.storage.outbox, admin, id))).toMatchObject({ closedBy: 'Anna Lyst' })
  expect([await notices(t.a), await suspended(t.a)]).toEqual([[], []])
  await known(t.a, 0, 8, brake())
  expect([await notices(t.a), await suspended(t.a)]).toEqual([[], []])
  await expect(inside(t.a, (tx) => letGo(tx, t.storage.outbox, admin, id))).rejects.toMatchObject({
    ...{ status: 409, code: 'notice-over' },
    message: expect.stringContaining('Anna Lyst'),
  })
})

test('resumed where suspensions are listed, the notice is closed by whoever did it', async () => {
  says = [mad()]
  await known(t.a, 0, 4, brake())
  const [one] = await suspended(t.a)
  await inside(t.a, async (tx) => {
    await revokeSuspension(tx, t.storage.outbox, admin, one?.id ?? '')
    await suspensionRevoked(tx, one?.id ?? '', new Date())
  })
  expect(await notices(t.a, true)).toMatchObject([{ closedBy: 'Anna Lyst', suspended: true }])
})

test('an entry that somebody made is told; taken off the list only where it is so configured, and put back by a person', async () => {
  const value = '192.0.2.7'
  const entry = await inside(t.a, (tx) =>
    addEntry(tx, t.storage.outbox, admin, { action: 'block', kind: 'sender-ip', value, note: 'that one' }),
  )
  source = entry.id
  const loses = (i: number, by: Brake) =>
    inside(t.a, async (tx) => {
      const id = await come(t.a, `news@known${i}.example`)
      const current = await currentVerdict(tx, id)
      if (!current) throw new Error('it was not judged')
      // As if it had come from there: what is imported comes from nowhere.
      const entities = [...(current.inputs['entities'] as object[]), { kind: 'sender-ip', value }]
      const rule = {
        ...{ id: entry.id, version: 1, action: 'block', kind: 'sender-ip', value },
        expiresAt: null,
        origin: 'direct',
      }
      const verdict = { ...current.verdict, placement: 'quarantine' as const }
      await by.judged(tx, id, { ...current, verdict, inputs: { ...current.inputs, entities, entries: [rule] } })
    })
  for (let i = 0; i < 4; i++) await loses(i, brake())
  expect(await notices(t.a)).toMatchObject([{ suspended: false, value }])
  const state = async () => (await inside(t.a, (tx) => getEntry(tx, entry.id)))?.state
  expect(await state()).toBe('active')
  await loses(4, brake({ entries: 'suspend' }))
  expect(await notices(t.a)).toMatchObject([{ suspended: true, value }])
  expect(await state()).toBe('removed')
  const id = (await notices(t.a))[0]?.id ?? ''
  await inside(t.a, (tx) => letGo(tx, t.storage.outbox, admin, id))
  const [back] = await inside(t.a, (tx) => listEntries(tx, { q: value, limit: 10 }))
  expect(back).toMatchObject({ value, action: 'block', note: 'that one', createdBy: 'Anna Lyst', state: 'active' })
  expect(back?.id).not.toBe(entry.id)
})

test('by API: listed for readers, let go by those who may change lists', async () => {
  says = [mad()]
  await known(t.a, 0, 4, brake())
  const reader = await api.token(t.a, ['lists.read'])
  const writer = await api.token(t.a, ['lists.read', 'lists.write'], 'Anna Lyst')
  const stranger = await api.token(t.b, ['lists.read', 'lists.write'])
  const listed = async (token: string, query = '') =>
    ((await api.call(token, 'GET', `/sources/braked${query}`)).body['items'] as { source: { id: string } }[]).filter(
      (x) => x.source.id === source,
    )
  const [one] = (await listed(reader)) as unknown as { id: string; suspended: boolean }[]
  expect(one).toMatchObject({ suspended: true, value: null, closedBy: null, senders: { length: 4 } })
  expect(await listed(stranger)).toEqual([])
  const path = `/sources/braked/${one?.id}`
  expect((await api.call(reader, 'DELETE', path)).status).toBe(403)
  expect((await api.call(stranger, 'DELETE', path)).status).toBe(404)
  expect(await api.call(writer, 'DELETE', path)).toMatchObject({ status: 200, body: { closedBy: 'Anna Lyst' } })
  expect((await api.call(writer, 'DELETE', path)).status).toBe(409)
  expect(await listed(reader)).toEqual([])
  expect(await listed(reader, '?all=true')).toMatchObject([{ closedBy: 'Anna Lyst' }])
})

test('mail that a mad feed would take afterwards stays where it is: none of it is taken once the feed is stopped', async () => {
  const taken: unknown[] = []
  const remediation: Pick<Remediation, 'submit'> = {
    submit: async (_by, { name, select }) => {
      taken.push(select)
      return { id: uuidv7<ActionId>(), name: name ?? '', state: 'queued', approvalId: 'ABC', copies: 6 }
    },
  }
  const learn = async (by: Brake) => {
    const learnt: { messageId: MessageId; signals: Signal[] }[] = []
    for (let i = 0; i < 6; i++) learnt.push({ messageId: await come(t.a, `news@known${i}.example`), signals: [mad()] })
    await inside(t.a, (tx) =>
      settleHits(tx, { remediation, clock: systemClock, brake: by, log: quietLog }, t.a, learnt),
    )
  }
  await learn(brake())
  expect(await notices(t.a)).toMatchObject([{ suspended: true }])
  expect(taken).toEqual([])
  source = `${source}-fine`
  await learn(brake({ senders: 100 }))
  expect(taken).toMatchObject([{ deliveryIds: { length: 6 } }])
})

test('a signal under a name that cannot be suspended is told, and holds up nothing', async () => {
  source = `Odd name ${nth}`
  says = [mad()]
  await known(t.a, 0, 6, brake())
  expect(await notices(t.a)).toMatchObject([{ suspended: false }])
})

test('a verdict that lacks what it was decided by is nobody’s loss, and holds up nothing', async () => {
  says = [mad()]
  const id = await come(t.a, 'news@known0.example')
  await inside(t.a, async (tx) => {
    const current = await currentVerdict(tx, id)
    if (current) await brake({ senders: 1 }).judged(tx, id, { ...current, inputs: {} })
  })
  expect(await notices(t.a)).toEqual([])
})

test('none is counted where it is switched off', async () => {
  says = [mad()]
  await known(t.a, 0, 8, brake({ senders: 0 }))
  expect(await notices(t.a)).toEqual([])
})

test('the counter: each sender once, within the window, of this version and organisation; as often as it is told, in any order', async () => {
  const START = Date.UTC(2026, 0, 1)
  const told = fc.record({
    tenant: fc.constantFrom('a' as const, 'b' as const),
    version: fc.constantFrom(1, 2),
    sender: fc.constantFrom('one.example', 'two.example', 'three.example', 'four.example'),
    minutes: fc.nat(50),
  })
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(told, { maxLength: 14 }), fc.integer({ min: 1, max: 60 }), async (all, window) => {
      const id = `counter-${++run}`
      let now = START
      const model = new Map<string, Map<string, number>>()
      for (const one of all) {
        now += one.minutes * 60_000
        const since = now - window * 60_000
        const mine = model.get(`${one.tenant} ${one.version}`) ?? new Map<string, number>()
        model.set(`${one.tenant} ${one.version}`, mine.set(one.sender, now))
        const wanted = [...mine].filter(([, at]) => at > since).map(([sender]) => sender)
        const key: SourceKey = { kind: 'signal', id, version: one.version }
        const count = await inside(t[one.tenant], (tx) =>
          countLoss(tx, key, one.sender, new Date(now), new Date(since)),
        )
        expect(count.lost).toBe(wanted.length)
        expect([...count.named].sort()).toEqual(wanted.sort())
      }
    }),
    { numRuns: 40 },
  )
})

test('by the events of a server: counted once for each message, and a suspension that is revoked closes its notice', async () => {
  const { outbox } = t.storage
  countMatches(outbox, brake())
  watchBrake(outbox, brake())
  says = [mad()]
  // Of those whose mail was clean there are twenty.
  for (let i = 0; i < 8; i++) await come(t.b, `news@known${i}.example`)
  await t.storage.start()
  const here = { timeout: 60_000 }
  await expect.poll(() => notices(t.b), here).toMatchObject([{ suspended: true }])
  const [one] = await suspended(t.b)
  await inside(t.b, (tx) => revokeSuspension(tx, outbox, admin, one?.id ?? ''))
  await expect.poll(() => notices(t.b, true), here).toMatchObject([{ closedBy: 'Anna Lyst' }])
})
