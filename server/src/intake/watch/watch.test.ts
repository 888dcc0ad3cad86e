import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { homesAt, saveCompany } from '../../../test/rig/intake.ts'
import { analyst, quietLog } from '../../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { type MailboxId, type TenantId, uuidv7 } from '../../base/index.ts'
import { addEntry } from '../../lists/index.ts'
import { createParser, type Parser } from '../../mail/index.ts'
import { createMemoryProvider, type MailboxProvider, type MemoryProvider } from '../../mailboxes/index.ts'
import { createRemediation, listActions, type Remediation } from '../../remediation/index.ts'
import { createNextHop } from '../../transport/index.ts'
import { createJudge } from '../judge.ts'
import { createView } from '../organisation.ts'
import type { HomeOf } from '../types.ts'
import { listenTo } from './listen.ts'
import { createRemedy } from './remedy.ts'
import { createWatcher, type Watcher, type WatchTuning } from './watcher.ts'

let t: TestStorage
let parser: Parser
let provider: MemoryProvider
let remediation: Remediation
let watcher: Watcher
let now: Date
let clock: () => Date
/** What the log is told of. */
const told: unknown[] = []
/** What others do while a message is judged. */
let meanwhile: (() => Promise<unknown>) | null = null

beforeAll(async () => {
  t = await testStorage()
  parser = createParser({ workers: 1 })
  provider = createMemoryProvider()
  await saveCompany(t.storage, t.a, 'a.example')
  await saveCompany(t.storage, t.b, 'b.example')
})
afterAll(async () => {
  await parser.close()
  await t.close()
})

function watch(tuning: Partial<WatchTuning> = {}, at: MailboxProvider = provider): Watcher {
  const judge = createJudge(createView(t.storage))
  return createWatcher({
    storage: t.storage,
    parser,
    judge: async (...about) => {
      await meanwhile?.()
      return judge(...about)
    },
    homeOf: homesAt(t.storage, at),
    clock: { now: () => clock() },
    remedy: createRemedy(remediation),
    log: { ...quietLog, warn: (about) => told.push(about) },
    tuning: { graceMs: 20_000, ...tuning },
  })
}

beforeEach(async () => {
  told.length = 0
  now = new Date()
  clock = () => now
  remediation = createRemediation({
    storage: t.storage,
    mailboxes: provider,
    nextHop: createNextHop({ kind: 'mailbox', provider }),
    log: quietLog,
    clock: () => now,
    tuning: { deadlineMs: 50, leaseMs: 5000 },
  })
  for (const tenant of [t.a, t.b])
    await t.storage.tenant(tenant, (tx) => sql`delete from outbox where kind = 'mailbox.opinion'`.execute(tx))
  watcher = watch()
  await look()
})
afterEach(async () => {
  await watcher.stop()
  await remediation.stop()
})

async function look(tenant: TenantId = t.a): Promise<void> {
  await watcher.drain(tenant)
}

let serial = 0
const letter = (subject: string, from = 'friend@client.example') =>
  Buffer.from(
    `From: Friend <${from}>\r\nTo: ann@a.example\r\nSubject: ${subject}\r\nMessage-ID: <${++serial}.${process.pid}@client.example>\r\n\r\nHello ${serial}.\r\n`,
  )
const ann = (domain = 'a.example') => provider.user(`ann@${domain}`)

const surveyed = async (folder: string) => {
  const session = await provider.open({ login: 'ann@a.example' })
  return (await session.survey()).find(({ path }) => path === folder)
}

/** What is recorded of messages with this subject. */
const recorded = (subject: string, tenant: TenantId = t.a) =>
  t.storage.tenant(tenant, async (tx) => {
    const rows = await tx
      .selectFrom('message as m')
      .innerJoin('delivery as d', 'd.message_id', 'm.id')
      .select(['m.id', 'm.source', 'd.id as delivery', 'd.recipient', 'd.latest_location', 'd.latest_folder', 'd.ref'])
      .where('m.subject', '=', subject)
      .execute()
    const events = await tx
      .selectFrom('message_event')
      .select(['kind', 'summary'])
      .where('message_id', 'in', [...rows.map((r) => r.id), '00000000-0000-7000-8000-000000000000' as never])
      .orderBy('at')
      .orderBy('id')
      .execute()
    return { rows, kinds: events.map((e) => e.kind), events }
  })

const opinions = (tenant: TenantId = t.a) =>
  t.storage.tenant(tenant, async (tx) => {
    const rows = await sql<{ data: { opinion: string; threat: string | null; how: string } }>`
      select data from outbox where kind = 'mailbox.opinion' order by seq`.execute(tx)
    return rows.rows.map(({ data }) => [data.opinion, data.threat, data.how])
  })

describe('what arrives', () => {
  test('mail found in a mailbox is judged and recorded where it lies, once; the other tenant sees nothing of it', async () => {
    const uid = ann().append('INBOX', letter('found'), {})
    ann('b.example').append('INBOX', letter('other'), {})
    await look()
    await look()
    const { rows, kinds } = await recorded('found')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ source: 'mailbox', recipient: 'ann@a.example', latest_location: 'inbox' })
    expect(rows[0]?.ref).toMatchObject({ folder: 'INBOX', uid })
    expect(kinds).toEqual(['received', 'judged', 'found'])
    expect((await recorded('other')).rows).toEqual([])
    await look(t.b)
    expect((await recorded('other', t.b)).rows).toHaveLength(1)
    expect((await recorded('found', t.b)).rows).toEqual([])
  })

  test('drafts and sent mail are not judged; a copy of a known message is no second message', async () => {
    ann().append('Sent', letter('written'), {})
    const uid = ann().append('INBOX', letter('doubled'), {})
    await look()
    ann().createFolder('Keep')
    ann().copy('INBOX', uid, 'Keep')
    await look()
    expect((await recorded('written')).rows).toEqual([])
    const { rows, kinds } = await recorded('doubled')
    expect([rows.length, rows[0]?.latest_location, kinds.includes('moved')]).toEqual([1, 'inbox', false])
  })

  test('the header of a known message makes no other message known: what only bears it is judged', async () => {
    const uid = ann().append('INBOX', letter('genuine'), {})
    await look()
    const [known] = (await recorded('genuine')).rows
    const bearing = (subject: string) =>
      Buffer.concat([Buffer.from(`X-Recourse-Message-Id: ${known?.id}\r\n`), letter(subject)])
    ann().append('INBOX', bearing('beside it'), {})
    await look()
    ann().expunge('INBOX', uid)
    ann().append('INBOX', bearing('in its place'), {})
    await look()
    for (const subject of ['beside it', 'in its place']) expect((await recorded(subject)).rows).toHaveLength(1)
    expect((await recorded('genuine')).kinds).not.toContain('moved')
  })

  test('a look that is cut off is made again: nothing is lost, nothing is there twice', async () => {
    for (let i = 0; i < 5; i++) ann().append('INBOX', letter(`cut ${i}`), {})
    provider.failOnce('read', { error: 'unavailable' }, 'ann@a.example')
    await expect(look()).rejects.toThrow()
    await look()
    await look()
    for (let i = 0; i < 5; i++) expect((await recorded(`cut ${i}`)).rows).toHaveLength(1)
  })
})

describe('what the server tells by itself', () => {
  /** The provider, with a server that tells news when the test says so. */
  const telling = () => {
    const listening = new Map<string, () => void>()
    const listen: MailboxProvider['listen'] = async ({ login }, on) => {
      listening.set(login, on.news)
      return { scope: 'all', close: async () => void listening.delete(login) }
    }
    return { listening, provider: { ...provider, kind: 'imap', listen } satisfies MailboxProvider }
  }

  test('news that come while a mailbox is looked at are looked at next, and not a period later', async () => {
    await watcher.stop()
    const server = telling()
    watcher = watch({ pollMs: 600_000, listeners: 9 }, server.provider)
    watcher.run()
    await expect.poll(() => server.listening.size).toBeGreaterThan(0)
    const news = () => server.listening.get('ann@a.example')?.()
    const second = () => {
      ann().append('INBOX', letter('while looked at'), {})
      news()
    }
    provider.failOnce('read', { before: second }, 'ann@a.example')
    ann().append('INBOX', letter('looked at'), {})
    news()
    await expect.poll(async () => (await recorded('looked at')).rows.length, { timeout: 5000 }).toBe(1)
    await expect.poll(async () => (await recorded('while looked at')).rows.length, { timeout: 5000 }).toBe(1)
  })

  test('a mailbox that is watched elsewhere gives its listener back; watched here again, it is listened to again', async () => {
    const server = telling()
    const one = (login: string) => ({ tenant: t.a, id: uuidv7<MailboxId>(), address: login })
    const [first, other] = [one('first@a.example'), one('other@a.example')]
    const homeOf: HomeOf = async (_, id) => ({
      provider: server.provider,
      account: { login: id === first.id ? first.address : other.address },
    })
    const hints = listenTo({ homeOf, log: quietLog, limit: 1, onNews: () => undefined })
    const heard = () => expect.poll(() => [...server.listening.keys()], { timeout: 3000 })
    hints.watch([first, other])
    await heard().toEqual([first.address])
    hints.watch([other])
    await heard().toEqual([other.address])
    hints.watch([first])
    await heard().toEqual([first.address])
    expect(hints.count()).toBe(1)
    await hints.close()
    await heard().toEqual([])
  })
})

describe('what users do', () => {
  test('a move is a move: latest location, timeline, and an opinion where it is about Junk', async () => {
    let uid = ann().append('INBOX', letter('wandering'), {})
    await look()
    uid = ann().move('INBOX', uid, 'Junk')
    await look()
    expect((await recorded('wandering')).rows[0]).toMatchObject({
      latest_location: 'junk',
      ref: { folder: 'Junk', uid },
    })
    uid = ann().move('Junk', uid, 'INBOX')
    await look()
    ann().createFolder('Projects/Tübingen')
    uid = ann().move('INBOX', uid, 'Projects/Tübingen')
    await look()
    const { rows, kinds, events } = await recorded('wandering')
    expect(rows[0]).toMatchObject({ latest_location: 'folder', latest_folder: 'Projects/Tübingen' })
    expect(kinds.filter((k) => k === 'moved')).toHaveLength(3)
    expect(events.at(-1)?.summary).toBe('Was moved from inbox to Projects/Tübingen by its owner')
    expect(await opinions()).toEqual([
      ['should-have-been-blocked', null, 'moved from inbox to junk'],
      ['should-not-have-been-blocked', null, 'moved from junk to inbox'],
    ])
  })

  test('out of Junk into any folder is an opinion; among folders below Junk it is none (lesson #32)', async () => {
    ann().createFolder('Junk/2026')
    ann().createFolder('Junkyard')
    ann().createFolder('Archive')
    let uid = ann().append('Junk', letter('filed'), {})
    await look()
    uid = ann().move('Junk', uid, 'Junk/2026')
    await look()
    expect((await recorded('filed')).rows[0]).toMatchObject({ latest_location: 'folder', latest_folder: 'Junk/2026' })
    expect(await opinions()).toEqual([])
    uid = ann().move('Junk/2026', uid, 'Archive')
    await look()
    uid = ann().move('Archive', uid, 'Junk/2026')
    await look()
    ann().move('Junk/2026', uid, 'Junkyard')
    await look()
    expect(await opinions()).toEqual([
      ['should-not-have-been-blocked', null, 'moved from Junk/2026 to Archive'],
      ['should-have-been-blocked', null, 'moved from Archive to Junk/2026'],
      ['should-not-have-been-blocked', null, 'moved from Junk/2026 to Junkyard'],
    ])
  })

  test('Junk to Trash is housekeeping, no report (lesson #31)', async () => {
    let uid = ann().append('Junk', letter('emptied'), {})
    await look()
    uid = ann().move('Junk', uid, 'Trash')
    await look()
    expect((await recorded('emptied')).rows[0]).toMatchObject({ latest_location: 'deleted-items' })
    expect(await opinions()).toEqual([])
    ann().move('Trash', uid, 'INBOX')
    await look()
    expect(await opinions()).toEqual([])
  })

  test('$Junk, $NotJunk and $Phishing say something once; other keywords and those of arrival say nothing', async () => {
    const uid = ann().append('INBOX', letter('marked'), {})
    ann().append('INBOX', letter('came marked'), { flags: ['$Junk'] })
    await look()
    for (const flags of [
      ['\\Seen', '$Label1'],
      ['$Phishing'],
      ['$Phishing', '\\Seen'],
      ['NotJunk'],
      ['$junk', '$notjunk'],
    ]) {
      ann().flag('INBOX', uid, flags)
      await look()
    }
    expect(await opinions()).toEqual([
      ['should-have-been-blocked', 'phish', 'marked $Phishing'],
      ['should-not-have-been-blocked', null, 'marked $NotJunk'],
      ['should-have-been-blocked', 'spam', 'marked $Junk'],
    ])
  })

  test('what is nowhere for the grace period was removed for good; what shows up in time was moved', async () => {
    const [gone = 0, moved = 0] = ['expunged', 'slow move'].map((s) => ann().append('INBOX', letter(s), {}))
    await look()
    const copied = ann().copy('INBOX', moved, 'Trash')
    ann().expunge('INBOX', gone)
    ann().expunge('INBOX', moved)
    await look()
    expect((await recorded('expunged')).rows[0]).toMatchObject({ latest_location: 'inbox' })
    expect((await recorded('slow move')).rows[0]).toMatchObject({
      latest_location: 'deleted-items',
      ref: { uid: copied },
    })
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('expunged')).rows[0]).toMatchObject({ latest_location: 'hard-deleted', ref: null })
    expect((await recorded('expunged')).kinds).toContain('expunged')
    expect((await recorded('slow move')).rows[0]).toMatchObject({ latest_location: 'deleted-items' })
  })

  test('a renamed folder, a deleted folder, new UIDs: places follow, nothing is judged again', async () => {
    ann().createFolder('Old')
    ann().append('Old', letter('in a folder'), {})
    ann().createFolder('Doomed')
    const doomed = ann().append('Doomed', letter('with its folder'), {})
    expect(doomed).toBe(1)
    await look()
    ann().renameFolder('Old', 'New')
    ann().deleteFolder('Doomed')
    await look()
    expect((await recorded('in a folder')).rows[0]).toMatchObject({ latest_folder: 'New', ref: { folder: 'New' } })
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('with its folder')).rows[0]).toMatchObject({ latest_location: 'hard-deleted' })
    ann().renumber('New')
    await look()
    await look()
    const { rows, kinds } = await recorded('in a folder')
    expect([rows.length, rows[0]?.latest_folder]).toEqual([1, 'New'])
    expect(kinds.filter((k) => k === 'expunged')).toEqual([])
  })
})

describe('what we do', () => {
  const block = (domain: string) =>
    t.storage.tenant(t.a, (tx) =>
      addEntry(
        tx,
        t.storage.outbox,
        { user: 'u', name: 'Ann' },
        { action: 'block', kind: 'sender-domain', value: domain },
      ),
    )

  test('bad mail that is found is taken out by policy, with its cause; what was undone stays', async () => {
    const entry = await block('bad.example')
    const before = ann().snapshot()
    ann().append('INBOX', letter('bad', 'x@bad.example'), { flags: ['\\Seen'] })
    const with_ = ann().snapshot()
    await look()
    await remediation.drain(t.a)
    expect(ann().snapshot()).toEqual(before)
    const { items } = await t.storage.tenant(t.a, (tx) => listActions(tx, t.a, { limit: 10 }))
    const [action] = items
    expect(action).toMatchObject({ kind: 'quarantine', state: 'completed', cause: { kind: 'entry', id: entry.id } })
    await look()
    now = new Date(now.getTime() + 60_000)
    await look()
    // Ours: neither a move by the owner nor a removal.
    const taken = await recorded('bad')
    expect(taken.rows[0]).toMatchObject({ latest_location: 'quarantine' })
    expect(taken.kinds.filter((k) => k === 'expunged')).toEqual([])
    await remediation.submitUndo(analyst(t.a), action?.id as never)
    await remediation.drain(t.a)
    expect(ann().snapshot()).toEqual(with_)
    await look()
    await remediation.drain(t.a)
    expect(ann().snapshot()).toEqual(with_)
    expect((await recorded('bad')).rows).toHaveLength(1)
    expect(await opinions()).toEqual([])
  })

  test('a move of ours to Junk and back is nobody’s opinion, even while it is under way', async () => {
    ann().append('INBOX', letter('ours'), {})
    await look()
    const [row] = (await recorded('ours')).rows
    const request = { kind: 'move', target: 'junk', select: { deliveryIds: [row?.delivery as never] } } as const
    const { id } = await remediation.submit(analyst(t.a), request)
    await look()
    await remediation.drain(t.a)
    await look()
    expect((await recorded('ours')).rows[0]).toMatchObject({ latest_location: 'junk' })
    await remediation.submitUndo(analyst(t.a), id)
    await look()
    await remediation.drain(t.a)
    await look()
    expect((await recorded('ours')).rows[0]).toMatchObject({ latest_location: 'inbox' })
    expect(await opinions()).toEqual([])
    expect((await recorded('ours')).events.filter((e) => e.summary.includes('by its owner'))).toEqual([])
  })

  test('nor is it one that is taken back while a look is under way', async () => {
    ann().append('INBOX', letter('swung'), {})
    await look()
    const [row] = (await recorded('swung')).rows
    const request = { kind: 'move', target: 'junk', select: { deliveryIds: [row?.delivery as never] } } as const
    const { id } = await remediation.submit(analyst(t.a), request)
    await remediation.drain(t.a)
    ann().append('INBOX', letter('beside it'), {})
    meanwhile = async () => {
      meanwhile = null
      await remediation.submitUndo(analyst(t.a), id)
      await remediation.drain(t.a)
    }
    await look()
    await look()
    const { rows, events } = await recorded('swung')
    expect(rows[0]).toMatchObject({ latest_location: 'inbox', ref: { folder: 'INBOX' } })
    expect(events.filter((e) => e.summary.includes('by its owner'))).toEqual([])
    expect(await opinions()).toEqual([])
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('swung')).rows[0]).toMatchObject({ latest_location: 'inbox' })
  })

  test('what was there before is judged newest first, so many at a time, and left where it is', async () => {
    await block('old.example')
    // Nobody has looked into this mailbox yet.
    await t.storage.tenant(t.a, (tx) =>
      sql`delete from watched_folder where mailbox_id = (select id from mailbox where login = 'bo@a.example')`.execute(
        tx,
      ),
    )
    const bob = provider.user('bo@a.example')
    for (let i = 0; i < 25; i++) bob.append('INBOX', letter(`backlog ${i}`, 'x@old.example'), {})
    await watcher.stop()
    watcher = watch({ batch: 10, backlogPerMinute: 10 })
    const there = async () => {
      const found: number[] = []
      for (let i = 0; i < 25; i++) if ((await recorded(`backlog ${i}`)).rows.length > 0) found.push(i)
      return found
    }
    await look()
    expect(await there()).toEqual([15, 16, 17, 18, 19, 20, 21, 22, 23, 24])
    bob.append('INBOX', letter('news', 'x@old.example'), {})
    await look()
    // New mail is not held up by the limit, and is acted on; the backlog goes on where it stopped, by another process too.
    expect((await recorded('news')).rows).toHaveLength(1)
    await watcher.stop()
    watcher = watch({ batch: 10, backlogPerMinute: 1000 })
    await look()
    expect((await there()).length).toBe(25)
    await remediation.drain(t.a)
    expect(bob.list('INBOX')).toHaveLength(25)
    expect((await recorded('news')).rows[0]).toMatchObject({ latest_location: 'quarantine' })
  })
})

describe('what is not where it was, and not yet seen where it is', () => {
  const gone = (subjects: readonly string[]) =>
    Promise.all(subjects.map(async (subject) => (await recorded(subject)).kinds.includes('expunged')))
  const fill = (folder: string, subjects: readonly string[]) =>
    subjects.map((subject) => ann().append(folder, letter(subject), {}))
  const restart = async (tuning: Partial<WatchTuning>) => {
    await watcher.stop()
    watcher = watch(tuning)
  }
  /** Every time that somebody looks at the clock, so much has gone by. */
  const slowly = (ms: number) => {
    const start = now.getTime()
    let times = 0
    clock = () => new Date(start + ms * ++times)
  }

  test('a move as most clients make it, copy first and remove later, is a move, however long the two are apart', async () => {
    const [kept = 0, junked = 0] = fill('INBOX', ['copied away', 'copied to junk'])
    ann().createFolder('Copies')
    await look()
    ann().copy('INBOX', kept, 'Copies')
    ann().copy('INBOX', junked, 'Junk')
    await look()
    for (const uid of [kept, junked]) ann().expunge('INBOX', uid)
    await look()
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('copied away')).rows[0]).toMatchObject({
      latest_location: 'folder',
      latest_folder: 'Copies',
      ref: { folder: 'Copies', uid: 1 },
    })
    expect((await recorded('copied to junk')).rows[0]).toMatchObject({ latest_location: 'junk' })
    expect(await gone(['copied away', 'copied to junk'])).toEqual([false, false])
    expect(await opinions()).toEqual([['should-have-been-blocked', null, 'moved from inbox to junk']])
  })

  test('more mail than one look takes, moved at once: nothing of it was removed', async () => {
    const subjects = Array.from({ length: 7 }, (_, i) => `many ${i}`)
    const uids = fill('INBOX', subjects)
    ann().createFolder('Many')
    await look()
    for (const uid of uids) ann().move('INBOX', uid, 'Many')
    await restart({ batch: 2 })
    slowly(11_000)
    await look()
    expect(await gone(subjects)).toEqual(subjects.map(() => false))
    for (const subject of subjects)
      expect((await recorded(subject)).rows[0]).toMatchObject({ latest_folder: 'Many', ref: { folder: 'Many' } })
  })

  test('a folder with new UIDs is read so many at a time: nothing of it was removed', async () => {
    const subjects = Array.from({ length: 7 }, (_, i) => `renumbered ${i}`)
    ann().createFolder('Renumbered')
    fill('Renumbered', subjects)
    await look()
    ann().renumber('Renumbered')
    await restart({ batch: 2, backlogPerMinute: 3 })
    await look()
    now = new Date(now.getTime() + 60_000)
    await look()
    await restart({ batch: 2, backlogPerMinute: 1000 })
    now = new Date(now.getTime() + 60_000)
    await look()
    expect(await gone(subjects)).toEqual(subjects.map(() => false))
    for (const subject of subjects)
      expect((await recorded(subject)).rows[0]?.ref).toMatchObject({
        folder: 'Renumbered',
        uidValidity: (await surveyed('Renumbered'))?.uidValidity,
      })
  })

  test('behind a copy that an action works on: what waits there was not removed', async () => {
    const [first = 0, second = 0] = fill('INBOX', ['worked on', 'behind it'])
    ann().createFolder('Behind')
    await look()
    const [row] = (await recorded('worked on')).rows
    await remediation.submit(analyst(t.a), {
      kind: 'move',
      target: 'junk',
      select: { deliveryIds: [row?.delivery as never] },
    })
    for (const uid of [first, second]) ann().move('INBOX', uid, 'Behind')
    await look()
    now = new Date(now.getTime() + 30_000)
    await look()
    expect(await gone(['worked on', 'behind it'])).toEqual([false, false])
    await remediation.drain(t.a)
    await look()
    expect((await recorded('behind it')).rows[0]).toMatchObject({ latest_folder: 'Behind', ref: { folder: 'Behind' } })
  })

  test('removed for good and there again: it is recorded where it is, as the same message', async () => {
    const [uid = 0] = fill('INBOX', ['brought back'])
    await look()
    const bytes = ann().bytes('INBOX', uid)
    ann().expunge('INBOX', uid)
    await look()
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('brought back')).rows[0]).toMatchObject({ latest_location: 'hard-deleted' })
    const back = ann().append('INBOX', bytes, {})
    await look()
    const { rows, events } = await recorded('brought back')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ latest_location: 'inbox', ref: { folder: 'INBOX', uid: back } })
    expect(events.at(-1)?.summary).toBe('Was put into inbox anew by its owner')
    expect(await opinions()).toEqual([])
  })

  test('removed for good and there again, known by our header: the same', async () => {
    const [uid = 0] = fill('INBOX', ['known and back'])
    await look()
    const [known] = (await recorded('known and back')).rows
    const bytes = Buffer.concat([Buffer.from(`X-Recourse-Message-Id: ${known?.id}\r\n`), ann().bytes('INBOX', uid)])
    ann().expunge('INBOX', uid)
    await look()
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('known and back')).rows[0]).toMatchObject({ latest_location: 'hard-deleted' })
    const back = ann().append('Trash', bytes, {})
    await look()
    const { rows, kinds } = await recorded('known and back')
    expect(rows[0]).toMatchObject({ latest_location: 'deleted-items', ref: { folder: 'Trash', uid: back } })
    expect(kinds.filter((kind) => kind === 'judged')).toHaveLength(1)
  })

  test('a folder that could never be opened is told, too, and taken in once it can be', async () => {
    ann().createFolder('Never')
    ann().setClosed('Never', true)
    fill('Never', ['never seen'])
    await watcher.stop()
    watcher = watch()
    await look()
    await look()
    expect(told).toEqual([{ mailbox: 'ann@a.example', folders: ['Never'] }])
    ann().setClosed('Never', false)
    await look()
    expect((await recorded('never seen')).kinds).toEqual(['received', 'judged', 'found'])
    expect(watcher.health().closedFolders).toBe(0)
    ann().deleteFolder('Never')
  })

  test('a folder that cannot be opened for a time is not a folder that was deleted', async () => {
    ann().createFolder('Closed')
    fill('Closed', ['closed in'])
    await look()
    ann().setClosed('Closed', true)
    await look()
    expect(told).toEqual([{ mailbox: 'ann@a.example', folders: ['Closed'] }])
    expect(watcher.health()).toMatchObject({ failing: 0, closedFolders: 1 })
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('closed in')).rows[0]).toMatchObject({ latest_folder: 'Closed' })
    ann().setClosed('Closed', false)
    await look()
    expect([told.length, watcher.health().closedFolders]).toEqual([1, 0])
    expect((await recorded('closed in')).kinds).toEqual(['received', 'judged', 'found'])
    ann().deleteFolder('Closed')
    await look()
    now = new Date(now.getTime() + 30_000)
    await look()
    expect((await recorded('closed in')).rows[0]).toMatchObject({ latest_location: 'hard-deleted' })
  })
})
