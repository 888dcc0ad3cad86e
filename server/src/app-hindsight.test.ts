import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestApp, type TestApp } from '../test/rig/app.ts'
import { saveCompany, savePolicy } from '../test/rig/intake.ts'
import { maildirCopies } from '../test/rig/maildir-state.ts'
import { type TestStorage, testStorage } from '../test/rig/storage.ts'
import { createLog, type MessageId, madeAt, systemClock, type TenantId } from './base/index.ts'
import { readConfig } from './config.ts'
import { createBrake, createFeeds } from './detection/index.ts'
import { createHindsight, type HindsightDeps, lookBack, Spared } from './intake/index.ts'
import { createParser } from './mail/index.ts'

// Mail that feeds know of only after it has been delivered: into real Maildirs, by a whole server.

let t: TestStorage
let run: TestApp
const dir = mkdtempSync(join(tmpdir(), 'recourse-hindsight-'))
// As root, what parses has another account, and looks for what it must not see below it.
chmodSync(dir, 0o755)
const LISTED = { urls: new Set<string>(), spammers: new Set<string>() }

/** As feeds are published: a complete file takes the place of the old one. */
function publish(): void {
  for (const [name, entries] of Object.entries(LISTED)) {
    writeFileSync(join(dir, `${name}.new`), `# a feed\n${[...entries].join('\n')}\n`)
    renameSync(join(dir, `${name}.new`), join(dir, `${name}.txt`))
  }
}

beforeAll(async () => {
  t = await testStorage()
  publish()
  const file = join(dir, 'config.json')
  const feeds = {
    checkSeconds: 1,
    files: [
      { name: 'pages', path: join(dir, 'urls.txt'), kind: 'url', confidence: 'high' },
      { name: 'spammers', path: join(dir, 'spammers.txt'), kind: 'domain', threat: 'spam' },
    ],
  }
  writeFileSync(file, JSON.stringify({ dataDir: join(dir, 'data'), http: { port: 0 }, parser: { workers: 1 }, feeds }))
  for (const [tenant, domain] of [
    [t.a, 'kontor.example'],
    [t.b, 'werft.example'],
  ] as const) {
    await saveCompany(t.storage, tenant, domain)
    await savePolicy(t.storage, tenant, { mode: 'standard' })
  }
  const config = readConfig({ RECOURSE_CONFIG: file, DATABASE_URL: t.url }).full
  run = await startTestApp(t, config)
})
afterAll(async () => {
  await run?.app.stop()
  await t.close()
  rmSync(dir, { recursive: true, force: true })
})

const call: TestApp['call'] = (...asked) => run.call(...asked)
const detail: TestApp['detail'] = (...asked) => run.detail(...asked)
const locations: TestApp['locations'] = (...asked) => run.locations(...asked)

const NOW = new Date()
const HOUR = 3_600_000

async function deliver(
  tenant: TenantId,
  subject: string,
  link: string,
  { from = 'jo@partner.example', date = NOW, at = 'inbox', proven = false } = {},
): Promise<string> {
  const to = `ann@${tenant === t.a ? 'kontor.example' : 'werft.example'}`
  const result = proven
    ? `Authentication-Results: mx.own.example; dmarc=pass header.from=${from.slice(from.indexOf('@') + 1)}\r\n`
    : ''
  const mail = `${result}From: Jo <${from}>\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@partner.example>\r\nDate: ${date.toUTCString()}\r\n\r\nThe minutes: ${link}\r\n`
  const { messageId } = await call(tenant, 'POST', `/import?recipient=${to}`, mail)
  expect(await locations(tenant, messageId)).toEqual([at])
  return messageId
}
const zaps = async (tenant: TenantId) =>
  (await call(tenant, 'GET', '/actions')).items.filter((a: { name: string }) => a.name.startsWith('ZAP'))
const judgedAgain = async (tenant: TenantId, id: string) =>
  (await call(tenant, 'GET', `/messages/${id}/timeline`)).items.filter((e: { kind: string }) => e.kind === 're-judged')
const ended = (tenant: TenantId, id: string, state = 'completed') =>
  expect.poll(async () => (await call(tenant, 'GET', `/actions/${id}`)).state).toBe(state)

/** As its user would, in the mailbox. */
async function markRead(internetMessageId: string): Promise<void> {
  const session = await run.app.mailboxes.open({ login: 'ann@kontor.example' })
  const inbox = await session.special('inbox')
  const position = await session.position(inbox)
  const all = await session.between({ folder: inbox, uidValidity: position?.uidValidity ?? '' }, 1, 1000)
  const read = all.find((c) => c.internetMessageId === internetMessageId)
  if (read === undefined) throw new Error('not in the mailbox')
  await session.setFlags(read.ref, { flags: ['\\Seen'], keywords: [] })
  await session.close()
}

describe('a page that a feed lists after mail with a link to it was delivered', () => {
  let ids: string[] = []

  test('is judged again and taken into quarantine by one action, in each organisation, whether it was read or not (air #132, #135, #136, #139)', async () => {
    const link = 'https://minutes.example/today?id=1'
    ids = [await deliver(t.a, 'Minutes one', link), await deliver(t.a, 'Minutes two', link)]
    const other = await deliver(t.a, 'Minutes elsewhere', 'https://harmless.example/minutes')
    await markRead('<Minutes.one@partner.example>')
    const old = await deliver(t.a, 'Old minutes', link, { date: new Date(NOW.getTime() - 49 * HOUR) })
    const theirs = await deliver(t.b, 'Minutes one', link)
    LISTED.urls.add('https://minutes.example/today')
    publish()
    for (const [tenant, id] of [
      [t.a, ids[0]],
      [t.a, ids[1]],
      [t.b, theirs],
    ] as const)
      await expect.poll(() => locations(tenant, id ?? '')).toEqual(['quarantine'])
    const [taken] = await zaps(t.a)
    await ended(t.a, taken.id)
    expect(await zaps(t.a)).toMatchObject([
      { kind: 'quarantine', cause: { kind: 'signal', id: 'feed:pages' }, counts: { total: 2, done: 2, verified: 2 } },
    ])
    expect(await zaps(t.b)).toHaveLength(1)
    const { copies, verdict, signals } = await detail(t.a, ids[0] ?? '')
    // What was delivered first stays on record, and what was done with it since.
    expect(copies).toMatchObject([{ originalLocation: 'inbox', additionalActions: ['zap'] }])
    expect(verdict.threat).toMatch(/phish/)
    expect(JSON.stringify(signals)).toContain('minutes.example/today')
    expect(await judgedAgain(t.a, ids[0] ?? '')).toMatchObject([
      {
        actor: 'feed:pages',
        summary: expect.stringMatching(/not known at receipt. Was none, deliver; is .*phish, quarantine/),
      },
    ])
    const found = await call(t.a, 'GET', '/messages?additional=zap')
    expect(found.items.map((m: { id: string }) => m.id).sort()).toEqual([...ids].sort())
    for (const id of [other, old]) {
      expect(await locations(t.a, id)).toEqual(['inbox'])
      expect(await judgedAgain(t.a, id)).toEqual([])
    }
  })

  test('what was undone comes back exactly and is not taken again, whatever else the feed learns', async () => {
    const [zap] = await zaps(t.a)
    const undo = await call(t.a, 'POST', `/actions/${zap.id}/undo`, {})
    await ended(t.a, undo.id)
    for (const id of ids) expect(await locations(t.a, id)).toEqual(['inbox'])
    const last = await deliver(t.a, 'The last minutes', 'https://other.example/today')
    const junk = await call(t.a, 'POST', '/actions', { kind: 'move', target: 'junk', select: { messageIds: [last] } })
    await ended(t.a, junk.id)
    LISTED.urls.add('https://other.example/today')
    publish()
    // In Junk already: quarantine is more.
    await expect.poll(() => locations(t.a, last)).toEqual(['quarantine'])
    for (const id of ids) {
      expect(await locations(t.a, id)).toEqual(['inbox'])
      expect(await judgedAgain(t.a, id)).toHaveLength(1)
    }
  })

  test('an allow entry, an observed policy and a suspended feed keep it where it is (air #137)', async () => {
    const allowed = await deliver(t.b, 'Allowed minutes', 'https://allowed.example/today')
    const entry = await call(t.b, 'POST', '/entries', {
      action: 'allow',
      kind: 'url',
      value: 'allowed.example/*',
      expiresInDays: 30,
    })
    const marker = await deliver(t.b, 'A marker', 'https://marker.example/today')
    LISTED.urls.add('https://allowed.example/today').add('https://marker.example/today')
    publish()
    await expect.poll(() => locations(t.b, marker)).toEqual(['quarantine'])
    await expect.poll(async () => (await judgedAgain(t.b, allowed)).length).toBe(1)
    expect(await locations(t.b, allowed)).toEqual(['inbox'])
    await call(t.b, 'DELETE', `/entries/${entry.id}`)

    await savePolicy(t.storage, t.b, { mode: 'observe' })
    const watched = await deliver(t.b, 'Watched minutes', 'https://watched.example/today')
    LISTED.urls.add('https://watched.example/today')
    publish()
    await expect.poll(async () => (await judgedAgain(t.b, watched)).length).toBe(1)
    expect(await locations(t.b, watched)).toEqual(['inbox'])
    await savePolicy(t.storage, t.b, { mode: 'standard' })

    const spared = await deliver(t.a, 'Spared minutes', 'https://spared.example/today')
    await call(t.a, 'POST', '/signals/suspended', { signalId: 'feed:pages', why: 'It lists too much.' })
    LISTED.urls.add('https://spared.example/today')
    publish()
    await expect.poll(async () => (await judgedAgain(t.a, spared)).length).toBe(1)
    expect(await locations(t.a, spared)).toEqual(['inbox'])
    expect(await zaps(t.a)).toHaveLength(2)
  })
})

describe('a sender that a feed of spammers lists afterwards', () => {
  test('what was read stays and says why, the rest goes to Junk; what was deleted stays deleted (air #133, #134, #136)', async () => {
    const from = 'offers@shop-of-many.example'
    const ids = new Map<string, string>()
    for (const name of ['unread', 'read', 'deleted'])
      ids.set(name, await deliver(t.a, `Offer ${name}`, 'https://shop.example/', { from }))
    await markRead('<Offer.read@partner.example>')
    const away = await call(t.a, 'POST', '/actions', {
      kind: 'move',
      target: 'deleted-items',
      select: { messageIds: [ids.get('deleted')] },
    })
    await ended(t.a, away.id)
    const before = maildirCopies(join(dir, 'data', 'mail'))
    LISTED.spammers.add('shop-of-many.example')
    publish()
    await expect.poll(() => locations(t.a, ids.get('unread') ?? '')).toEqual(['junk'])
    expect(await locations(t.a, ids.get('read') ?? '')).toEqual(['inbox'])
    expect(await locations(t.a, ids.get('deleted') ?? '')).toEqual(['deleted-items'])
    const [zap] = await zaps(t.a)
    await ended(t.a, zap.id, 'partially-completed')
    expect(await call(t.a, 'GET', `/actions/${zap.id}`)).toMatchObject({
      ...{ kind: 'move', target: 'junk', cause: { id: 'feed:spammers' } },
      counts: { total: 2, done: 1, skipped: 1 },
    })
    const { items } = await call(t.a, 'GET', `/actions/${zap.id}/items?state=skipped`)
    expect(items).toMatchObject([{ reason: expect.stringMatching(/has read it/) }])
    const undo = await call(t.a, 'POST', `/actions/${zap.id}/undo`, {})
    await ended(t.a, undo.id)
    expect(maildirCopies(join(dir, 'data', 'mail'))).toEqual(before)
  })
})

describe('what a feed takes back', () => {
  const proposals = async (tenant: TenantId) =>
    (await call(tenant, 'GET', '/actions?state=pending-approval')).items.filter((a: { name: string }) =>
      a.name.startsWith('Taken back'),
    )
  const approve = async (tenant: TenantId, id: string) => {
    await call(tenant, 'POST', `/actions/${id}/approve`, {})
    await ended(tenant, id)
  }

  test('is judged again without it, and the way back is proposed: of what was held at the gate and of what was taken since; a person decides (lesson #62)', async () => {
    const [held, taken] = ['https://mistake.example/held', 'https://mistake.example/taken']
    const since = await deliver(t.b, 'Taken by mistake', taken)
    const before = maildirCopies(join(dir, 'data', 'mail'))
    LISTED.urls.add(held).add(taken)
    publish()
    await expect.poll(() => locations(t.b, since)).toEqual(['quarantine'])
    const gate = await deliver(t.b, 'Held by mistake', held, { at: 'quarantine' })
    const stays = await deliver(t.b, 'Held rightly', 'https://minutes.example/today', { at: 'quarantine' })

    // A file that is no feed takes nothing back.
    writeFileSync(join(dir, 'urls.new'), '<html><body>502 Bad Gateway</body></html>\n')
    renameSync(join(dir, 'urls.new'), join(dir, 'urls.txt'))
    await expect.poll(async () => (await (await fetch(`${run.app.url}/readyz`)).json()).feeds.pages).toBe('failed')
    expect(await judgedAgain(t.b, gate)).toEqual([])

    LISTED.urls.delete(held)
    LISTED.urls.delete(taken)
    publish()
    await expect
      .poll(() => proposals(t.b))
      .toMatchObject([{ kind: 'release', cause: null, counts: { total: 2, planned: 2 } }])
    for (const id of [gate, since]) {
      expect(await locations(t.b, id)).toEqual(['quarantine'])
      const events = await judgedAgain(t.b, id)
      expect(events.at(-1)).toMatchObject({
        summary: expect.stringMatching(/does not list it any more.*is none, deliver/),
      })
    }
    expect(await judgedAgain(t.b, stays)).toEqual([])
    const [proposal] = await proposals(t.b)
    await approve(t.b, proposal.id)
    for (const id of [gate, since]) expect(await locations(t.b, id)).toEqual(['inbox'])
    expect(await locations(t.b, stays)).toEqual(['quarantine'])
    // To undo what the feed did takes nothing of this back.
    const select = { signal: { id: 'feed:pages' }, messageIds: [gate, since] }
    expect(await call(t.b, 'POST', '/undo/preview', { select })).toMatchObject({ copies: 0 })
    const now = maildirCopies(join(dir, 'data', 'mail'))
    // What had been delivered is as it was, to the byte; the other one has come for the first time.
    expect(now).toEqual(expect.arrayContaining(before))
    expect(now).toHaveLength(before.length + 1)
  })
})

/** Feeds of our own, which the server does not read: by name, with the one thing that each lists. */
async function ownLook(listed: Readonly<Record<string, string>>, kind: 'url' | 'domain' = 'url') {
  const files = Object.entries(listed).map(([name, entry]) => {
    const path = join(dir, `${name}.txt`)
    writeFileSync(path, `${entry}\n`)
    return { name, path, kind, confidence: 'high' as const }
  })
  const log = createLog({ level: 'silent' })
  const feeds = createFeeds({ files, limits: { maxBytes: 1000, maxEntries: 10 }, log })
  await feeds.check()
  const parser = createParser({ workers: 1 })
  const { storage, remediation } = run.app
  const limits = { senders: 5, share: 0.2, minutes: 120, entries: 'tell' as const }
  const brake = createBrake({ outbox: storage.outbox, limits, log })
  const deps = { storage, parser, remediation, brake, log, feeds, clock: systemClock, hours: 48 }
  const look = async (spared = new Spared(), arrivedSince: Date | null = null) =>
    (await lookBack(deps, t.b, { spared, arrivedSince })).judged
  return { deps, feeds, look, close: () => parser.close() }
}

test('two that look back at the same time judge a message once and take it once; a third finds nothing new', async () => {
  const own = await ownLook({ twice: 'https://twice.example/today' })
  const id = await deliver(t.b, 'Twice', 'https://twice.example/today')
  const before = (await zaps(t.b)).length
  const judged = await Promise.all([own.look(), own.look()])
  expect(judged.sort()).toEqual([0, 1])
  expect(await own.look()).toBe(0)
  await own.close()
  expect(await judgedAgain(t.b, id)).toHaveLength(1)
  expect(await zaps(t.b)).toHaveLength(before + 1)
  await expect.poll(() => locations(t.b, id)).toEqual(['quarantine'])
  // Looking is no hit.
  expect(own.feeds.statuses()).toMatchObject([{ hits: 0 }])
})

/** As it is while the gateway hands a copy over; `minutes` ago, and nobody knows what came of it. */
const handingOver = (id: string, minutes = 0) =>
  t.storage.tenant(t.b, (tx) =>
    sql`update delivery set action = 'pending', handover = 'handing-over', latest_location = 'unknown',
      updated_at = now() - make_interval(mins => ${minutes}::int) where message_id = ${id}::uuid`.execute(tx),
  )
const arrived = (id: string) =>
  t.storage.tenant(t.b, (tx) =>
    sql`update delivery set action = 'delivered', handover = 'handed-over', latest_location = 'inbox', updated_at = now()
      where message_id = ${id}::uuid`.execute(tx),
  )

test('a message whose copy is on its way just now is judged when it has arrived, not before; one in doubt is not waited for', async () => {
  const own = await ownLook({ underway: 'https://underway.example/today' })
  const [id, doubted] = [
    await deliver(t.b, 'Underway', 'https://underway.example/today'),
    await deliver(t.b, 'Doubted', 'https://underway.example/today'),
  ]
  await handingOver(id)
  await handingOver(doubted, 2)
  const looked = await lookBack(own.deps, t.b)
  expect(looked.judged).toBe(1)
  expect(looked.underway?.getTime()).toBe(madeAt(id))
  expect(await judgedAgain(t.b, id)).toEqual([])
  expect(await judgedAgain(t.b, doubted)).toHaveLength(1)
  await arrived(id)
  expect(await lookBack(own.deps, t.b)).toEqual({ judged: 1, underway: null })
  await expect.poll(() => locations(t.b, id)).toEqual(['quarantine'])
  await own.close()
})

test('mail that is recorded after a look, but was judged before the feed had learnt, is found by the look that follows', async () => {
  const own = await ownLook({ follow: 'https://follow.example/today' })
  let rounds = 0
  // The first look sees nothing of it. The server does not read this feed: it judges as one that still has the old file.
  const { storage: real } = run.app
  const storage: HindsightDeps['storage'] = {
    tenant: (...asked) => real.tenant(...asked),
    tenants: async () => (++rounds === 1 ? [] : [t.b]),
    blobs: real.blobs,
  }
  const id = await deliver(t.b, 'Follow', 'https://follow.example/today')
  const hindsight = createHindsight({ ...own.deps, storage }, 10)
  hindsight.wake()
  await expect.poll(() => locations(t.b, id)).toEqual(['quarantine'])
  await hindsight.stop()
  expect(rounds).toBe(2)
  await own.close()
})

test('what came long before a look is not looked at by the one that follows', async () => {
  const own = await ownLook({ later: 'https://later.example/today' })
  const id = await deliver(t.b, 'Later', 'https://later.example/today')
  const after = new Date(madeAt(id) + 1)
  expect(await own.look(new Spared(), after)).toBe(0)
  expect(await own.look(new Spared(), new Date(madeAt(id)))).toBe(1)
  await own.close()
})

test('a campaign with other mail between is taken by one action', async () => {
  const own = await ownLook({ campaign: 'https://campaign.example/win' })
  const links = (n: number) => (n % 3 === 0 ? 'https://campaign.example/win' : 'https://wanted.example/')
  for (let n = 0; n < 210; n += 21)
    await Promise.all(Array.from({ length: 21 }, (_, k) => deliver(t.b, `Number ${n + k}`, links(n + k))))
  expect(await own.look()).toBe(70)
  await own.close()
  const [zap] = await zaps(t.b)
  await ended(t.b, zap.id)
  expect((await call(t.b, 'GET', `/actions/${zap.id}`)).counts).toMatchObject({ total: 70, done: 70 })
})

test('a whole domain that cannot be meant is nothing new, and its mail is read for it once', async () => {
  const own = await ownLook({ giants: 'paypal.com' }, 'domain')
  const id = await deliver(t.b, 'A payment', 'https://www.paypal.com/activity')
  const spared = new Spared()
  expect(await own.look(spared)).toBe(0)
  expect(spared.has({ messageId: id as MessageId, feeds: new Set(['giants']) })).toBe(true)
  expect(await judgedAgain(t.b, id)).toEqual([])
  expect(await locations(t.b, id)).toEqual(['inbox'])
  const read = vi.spyOn(run.app.storage.blobs, 'get')
  expect(await own.look(spared)).toBe(0)
  expect(read).not.toHaveBeenCalled()
  await own.look(new Spared())
  expect(read).toHaveBeenCalledTimes(1)
  read.mockRestore()
  await own.close()
})

test('a feed that would take the mail of known senders is stopped before it takes anything, and SecOps is told (lesson #65)', async () => {
  const own = await ownLook({ world: 'https://everybody.example/', evil: 'https://evil.example/login' })
  await savePolicy(t.storage, t.b, { mode: 'standard', trustedAuthserv: ['mx.own.example'] })
  const known = Array.from({ length: 6 }, (_, n) => `news@known${n}.example`)
  const come = (from: string, days: number, link: string) =>
    deliver(t.b, `${from} ${days}`, link, { from, date: new Date(NOW.getTime() - days * 24 * HOUR), proven: true })
  for (const from of known) for (const days of [30, 20, 10]) await come(from, days, 'https://harmless.example/')
  const mails: string[] = []
  for (const from of known) mails.push(await come(from, 0, 'https://everybody.example/'))
  // What another feed convicts as well goes because of that one.
  const both = await deliver(t.b, 'Both', 'https://everybody.example/ and https://evil.example/login')
  const before = (await zaps(t.b)).length
  expect(await own.look()).toBe(7)
  expect(await zaps(t.b)).toHaveLength(before + 1)
  expect((await zaps(t.b))[0]).toMatchObject({ cause: { id: 'feed:evil' }, counts: { total: 1 } })
  await expect.poll(() => locations(t.b, both)).toEqual(['quarantine'])
  const { items } = await call(t.b, 'GET', '/sources/braked')
  expect(items).toMatchObject([{ source: { kind: 'signal', id: 'feed:world' }, suspended: true }])
  for (const id of mails) {
    expect(await locations(t.b, id)).toEqual(['inbox'])
    const { verdict } = await detail(t.b, id)
    expect(verdict).toMatchObject({ placement: 'deliver' })
  }
  expect((await judgedAgain(t.b, mails[0] ?? '')).map((e: { summary: string }) => e.summary)).toEqual([
    expect.stringMatching(/lists everybody.example.*is .*phish, quarantine/),
    expect.stringMatching(/suspended by the brake.*is none, deliver/),
  ])
  expect(await own.look()).toBe(0)
  await own.close()
})

test('a verdict that cannot be replayed, and an organisation that cannot be read, hold up nobody else; switched off, nothing is looked at', async () => {
  const link = 'https://broken.example/today'
  const own = await ownLook({ broken: link })
  const ids = [await deliver(t.b, 'Broken', link), await deliver(t.b, 'Whole', link)]
  await t.storage.tenant(t.b, (tx) =>
    sql`update verdict set inputs = '{}' where message_id = ${ids[0]}::uuid`.execute(tx),
  )
  const { storage } = run.app
  const asked: TenantId[] = []
  const half: typeof own.deps.storage = Object.assign(Object.create(storage), {
    tenants: async () => [t.a, t.b],
    tenant: (id: TenantId, ...rest: [never, never?]) => {
      asked.push(id)
      return id === t.a ? Promise.reject(new Error('away')) : storage.tenant(id, ...rest)
    },
  })
  const off = createHindsight({ ...own.deps, storage: half, hours: 0 })
  off.wake()
  await off.stop()
  expect(asked).toEqual([])
  const on = createHindsight({ ...own.deps, storage: half })
  on.wake()
  await expect.poll(() => locations(t.b, ids[1] ?? '')).toEqual(['quarantine'])
  await on.stop()
  await own.close()
  expect(asked[0]).toBe(t.a)
  expect(await locations(t.b, ids[0] ?? '')).toEqual(['inbox'])
  expect(await judgedAgain(t.b, ids[0] ?? '')).toEqual([])
})
