import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from '../../../test/rig/dovecot.ts'
import { startProxy } from '../../../test/rig/proxy.ts'
import { seedMaildir } from '../../../test/rig/seed.ts'
import { dovecotOwner, dovecotProvider } from '../conformance/dovecot.ts'
import { all, mail, uids } from '../conformance/index.ts'
import { type CopyState, type Doubt, type MailboxSession, ProviderError } from '../provider.ts'
import { sameState } from '../state.ts'
import type { ImapOptions } from './options.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
/**
 * Dovecot waits two minutes for a lock that a killed process of it has left behind. A command that is given up before is carried out after that,
 * beside those that came instead: remediation looks for their copies later (`surplus.test.ts`); here nobody would.
 */
const PATIENT = { connectSeconds: 10, commandSeconds: 150, settleQuietSeconds: 0.4 }
const LETTERS = ['', 'S', 'RS', 'FS', 'DFRS', 'T']

function seed(dovecot: Dovecot, login: string, count: number): void {
  const messages = range(1, count).map((n) => ({
    bytes: mail(`m${n}`, { 'X-Recourse-Message-Id': `net-${n}` }, `${'x'.repeat(n % 700)}\r\n`),
    letters: LETTERS[n % LETTERS.length] ?? '',
    date: new Date(Date.UTC(2020, 0, 1) + n * 1000),
  }))
  seedMaildir(dovecot.mailDir(login), 'INBOX', messages)
}

/** All of a folder, without the anchor of a hold. */
async function contents(session: MailboxSession, folder: string): Promise<readonly CopyState[]> {
  const position = await session.position(folder)
  if (!position) return []
  const copies = await session.state(folder, range(1, position.uidNext - 1))
  return copies.filter((copy) => copy.networkMessageId !== null)
}

/** Takes everything, settling after each interruption, until all is in the hold; gives back what was found after each cut. */
async function takeAll(
  open: () => Promise<MailboxSession>,
  items: readonly CopyState[],
  hold: string,
  interrupt: (round: number) => void,
): Promise<readonly string[]> {
  let left = uids(items)
  const cuts: string[] = []
  let session = await open()
  for (let round = 0; left.length > 0; round++) {
    if (round > 60) throw new Error(`no end: ${left.length} left`)
    const target = await session.position(hold)
    if (!target) throw new Error('no hold')
    const doubt: Doubt = {
      source: 'INBOX',
      items: items.filter((item) => left.includes(item.ref.uid)),
      target,
      shared: false,
    }
    interrupt(round)
    try {
      const result = await session.move('INBOX', left, hold)
      expect(result.missing).toEqual([])
      left = []
    } catch (error) {
      expect(error).toBeInstanceOf(ProviderError)
      expect(error).toMatchObject({ code: 'unknown' })
      await session.close()
      session = await open()
      const settled = await settlePatiently(session, doubt)
      expect([...settled.values()].filter((one) => one.at === 'neither')).toEqual([])
      const at = Map.groupBy(settled, ([, one]) => one.at)
      const counts = [...at].map(([where, all]) => `${all.length} ${where} (${all[0]?.[0]}…)`)
      cuts.push(`since ${target.uidNext}: ${counts.join(', ')}`)
      left = left.filter((uid) => settled.get(uid)?.at === 'source')
    }
  }
  await session.close()
  return cuts
}

/** A killed server may hold a lock for a while: then settling says so and is tried again, as remediation does. */
async function settlePatiently(session: MailboxSession, doubt: Doubt) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.settle(doubt)
    } catch (error) {
      if (!(error instanceof ProviderError) || attempt === 4) throw error
      expect(['timeout', 'unavailable', 'unknown']).toContain(error.code)
    }
  }
}

/** Of copies that are there more than once: which, so that it can be told from where they came. */
function twice(copies: readonly CopyState[]): string {
  const groups = [...Map.groupBy(copies, (copy) => copy.networkMessageId).values()].filter((same) => same.length > 1)
  const shown = [...groups.slice(0, 3), ...groups.slice(-3)].map((same) =>
    same.map(({ ref, flags, keywords }) => ({ uid: ref.uid, id: ref.serverId, flags, keywords })),
  )
  return `${groups.length} twice: ${JSON.stringify(shown)}`
}

function expectSame(before: readonly CopyState[], after: readonly CopyState[], cuts: readonly string[]): void {
  expect(after.length, `${twice(after)}; after each cut: ${cuts.join('; ')}`).toBe(before.length)
  const byId = new Map(after.map((copy) => [copy.networkMessageId, copy]))
  expect(byId.size).toBe(before.length)
  const wrong = before.filter((item) => {
    const copy = byId.get(item.networkMessageId)
    return !copy || !sameState(item, copy) || copy.ref.serverId !== item.ref.serverId
  })
  expect(wrong).toEqual([])
}

describe('IMAP: interrupted moves', () => {
  let dovecot: Dovecot
  beforeAll(async () => {
    dovecot = await startDovecot()
  })
  afterAll(async () => dovecot?.stop())

  test('mailbox #31 #35 #36: kill -9 of the server’s processes in a MOVE of 6,000: nothing lost, doubled or changed', async () => {
    const login = 'killed@example.org'
    seed(dovecot, login, 6000)
    const owner = await dovecotOwner(dovecot, login)
    await owner.client.ok('SELECT INBOX')
    await owner.client.ok('UID STORE 1:2000 +FLAGS.SILENT (Invoice)')
    await owner.client.ok('UID STORE 1500:3000 +FLAGS.SILENT ($Label1 Project-X)')
    owner.client.close()
    const proxy = await startProxy(dovecot.imapPort)
    const provider = dovecotProvider(dovecot, { port: proxy.port, timeouts: PATIENT })
    const session = await provider.open({ login })
    const items = await contents(session, 'INBOX')
    expect(items.length).toBe(6000)
    const hold = await session.hold('quarantine', ['Invoice', '$Label1', 'Project-X'])
    await session.close()
    // After which MOVE of a round, and how many ms later, the processes are killed.
    const kills = [
      [1, 0],
      [1, 2],
      [1, 5],
      [2, 8],
      [1, 12],
      [2, 3],
      [1, 20],
      [1, 1],
      [2, 15],
      [1, 30],
    ] as const
    let nth = 0
    let ms = 0
    proxy.onSent((piece) => {
      if (!piece.includes('UID MOVE') || nth === 0 || --nth > 0) return
      void pause(ms).then(() => {
        for (const pid of dovecot.pidsOfImap()) process.kill(pid, 'SIGKILL')
      })
    })
    const cuts = await takeAll(
      () => provider.open({ login }),
      items,
      hold,
      (round) => {
        const kill = kills[round]
        nth = kill?.[0] ?? 0
        ms = kill?.[1] ?? 0
      },
    )
    expect(cuts.length).toBeGreaterThan(3)
    const after = await provider.open({ login })
    expectSame(items, await contents(after, hold), cuts)
    expect(await contents(after, 'INBOX')).toEqual([])
    await after.close()
    await provider.close()
    await proxy.stop()
  })

  test('mailbox #34 #78: the connection is cut right after the command: the old session finishes it, we wait for that', async () => {
    const login = 'cut@example.org'
    seed(dovecot, login, 3000)
    const proxy = await startProxy(dovecot.imapPort)
    const provider = dovecotProvider(dovecot, { port: proxy.port })
    const session = await provider.open({ login })
    const items = await contents(session, 'INBOX')
    const hold = await session.hold('quarantine', [])
    await session.close()
    let armed = 0
    proxy.onSent((piece) => {
      if (armed > 0 && piece.includes('UID MOVE') && --armed === 0) proxy.cut()
    })
    const cuts = await takeAll(
      () => provider.open({ login }),
      items,
      hold,
      (round) => {
        armed = round < 4 ? round + 1 : 0
      },
    )
    expect(cuts.length).toBeGreaterThanOrEqual(2)
    const after = await provider.open({ login })
    expectSame(items, await contents(after, hold), cuts)
    expect(await contents(after, 'INBOX')).toEqual([])
    await after.close()
    await provider.close()
    await proxy.stop()
  })

  test('mailbox #38: an APPEND that nobody answered is unknown, and is found again', async () => {
    const proxy = await startProxy(dovecot.imapPort)
    const provider = dovecotProvider(dovecot, {
      port: proxy.port,
      timeouts: { connectSeconds: 20, commandSeconds: 5, settleQuietSeconds: 1 },
    })
    const session = await provider.open({ login: 'append@example.org' })
    const bytes = mail('once', { 'X-Recourse-Message-Id': 'append-1' })
    await session.state('INBOX', [1])
    // Only the `+` may come through: the answer to the whole is swallowed.
    proxy.onSent((piece) => {
      if (piece.includes('Subject: once')) proxy.mute(true)
    })
    const copy = { bytes, flags: [], keywords: [], internalDate: new Date() }
    await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'unknown' })
    proxy.mute(false)
    const found = await session.find({ networkMessageIds: ['append-1'] })
    expect(found.length).toBe(1)
    await session.close()
    await provider.close()
    await proxy.stop()
  })

  test('mailbox #42 #43: the careful take confirms only what did not change, and takes the new flags', async () => {
    const login = 'careful@example.org'
    seed(dovecot, login, 120)
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const items = await contents(session, 'INBOX')
    const hold = await session.hold('quarantine', ['Busy'])
    const owner = await dovecotOwner(dovecot, login)
    let busy = true
    const user = (async () => {
      await owner.client.ok('SELECT INBOX')
      for (let n = 0; busy; n++) {
        const uid = 1 + ((n * 7) % 120)
        if (n === 40) await owner.client.command('UID MOVE 100 Trash')
        await owner.client.command(`UID STORE ${uid} ${n % 2 ? '+' : '-'}FLAGS.SILENT (Busy \\Flagged)`)
        await pause(1)
      }
    })()
    const result = await session.move('INBOX', uids(items), hold, { careful: true }).finally(() => {
      busy = false
      return user
    })
    const held = await contents(session, hold)
    const trash = await contents(session, 'Trash')
    expect(held.length + trash.length).toBe(120)
    expect(result.moved.size).toBe(held.length)
    expect(await contents(session, 'INBOX')).toEqual([])
    owner.client.close()
    await session.close()
    await provider.close()
  })

  test('mailbox #28: a long set of UIDs is split, and everything is moved', async () => {
    const login = 'odd@example.org'
    seed(dovecot, login, 3000)
    const proxy = await startProxy(dovecot.imapPort)
    const provider = dovecotProvider(dovecot, { port: proxy.port })
    const session = await provider.open({ login })
    const odd = range(1, 3000).filter((n) => n % 2)
    const hold = await session.hold('soft-deleted', [])
    const { moved, missing } = await session.move('INBOX', odd, hold)
    expect([moved.size, missing]).toEqual([1500, []])
    const sets = [...proxy.sent().matchAll(/UID MOVE (\S+) /g)].map(([, set]) => set ?? '')
    expect(sets.length).toBeGreaterThanOrEqual(3)
    expect(Math.max(...sets.map((set) => set.length))).toBeLessThanOrEqual(8000)
    await session.close()
    await provider.close()
    await proxy.stop()
  })
})

describe('IMAP: hostile mail that is put back', () => {
  test('mailbox #13 #14 #6: it is never executed: literals wait for the server, refused or not', async () => {
    const dovecot = await startDovecot()
    const login = 'victim@example.org'
    const owner = await dovecotOwner(dovecot, login)
    await owner.createFolder('Victim')
    const proxy = await startProxy(dovecot.imapPort)
    const provider = dovecotProvider(dovecot, { port: proxy.port })
    const session = await provider.open({ login })
    const attack = (size: number) =>
      Buffer.from(`z1 DELETE Victim\r\nz2 CREATE Injected\r\n${'z3 NOOP\r\n'.repeat(size)}`, 'latin1')
    for (const size of [5, 900]) {
      const odd: unknown = ['\\Custom', '\\Recent', '\\Seen']
      const copy = {
        bytes: attack(size),
        flags: odd as [],
        keywords: ['\\Custom', 'a) {3+}', 'k'],
        internalDate: new Date(),
      }
      const { state, lost } = await session.append('INBOX', copy)
      expect([state.flags, state.keywords]).toEqual([['\\Seen'], ['k']])
      expect(lost.length).toBeGreaterThanOrEqual(3)
      await expect(session.append('No such folder', copy)).rejects.toMatchObject({ code: 'no-folder' })
    }
    expect(proxy.sent()).not.toMatch(/\{\d+\+\}/)
    expect(proxy.sent()).not.toMatch(/APPEND[^\r\n]*\\Recent/)
    const folders = (await session.folders()).map((folder) => folder.path)
    expect(folders).toContain('Victim')
    expect(folders).not.toContain('Injected')
    owner.client.close()
    await session.close()
    await provider.close()
    await proxy.stop()
    await dovecot.stop()
  })
})

describe('IMAP: the server fails, and says why', () => {
  const open = async (dovecot: Dovecot, more: Partial<ImapOptions>, login = 'anna@example.org') => {
    const provider = dovecotProvider(dovecot, more)
    try {
      const session = await provider.open({ login })
      await session.close()
      return 'opened'
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      return `${error.code}: ${error.message}`
    } finally {
      await provider.close()
    }
  }

  test('wrong password, unknown mailbox, wrong port, TLS that nobody signed, TLS where there is none', async () => {
    const dovecot = await startDovecot({ tls: true, users: ['anna@example.org'] })
    const master = { type: 'master', user: 'recourse', separator: '*' } as const
    // A server that offers STARTTLS is taken at its word, so its certificate counts there too.
    expect(await open(dovecot, {})).toMatch(/^unavailable: the TLS certificate/)
    const trial = { tls: { verify: false } }
    expect(await open(dovecot, trial)).toBe('opened')
    const wrong = await open(dovecot, { ...trial, auth: { ...master, password: 'secret-but-wrong' } })
    expect(wrong).toMatch(/^denied: 127\.0\.0\.1:\d+ refused the login to anna@example\.org .*mailboxes\.auth/)
    expect(wrong).not.toContain('secret-but-wrong')
    expect(await open(dovecot, trial, 'nobody@example.org')).toMatch(/^(denied|unavailable): .*nobody@example\.org/)
    expect(await open(dovecot, { port: 1 })).toMatch(
      /^unavailable: cannot reach the mail server 127\.0\.0\.1:1 .*mailboxes\.host/,
    )
    const tls = { port: dovecot.imapsPort, secure: true }
    expect(await open(dovecot, tls)).toMatch(
      /^unavailable: the TLS certificate of 127\.0\.0\.1:\d+ .*mailboxes\.tls\.ca/,
    )
    const named = { ca: dovecot.certificate, servername: 'mail.example.org', verify: true }
    expect(await open(dovecot, { ...tls, tls: named })).toBe('opened')
    const other = await open(dovecot, { ...tls, tls: { ...named, servername: 'other.example.org' } })
    expect(other).toMatch(/^unavailable: .*servername/)
    expect(await open(dovecot, { ...tls, tls: { verify: false } })).toBe('opened')
    expect(await open(dovecot, { secure: true })).toMatch(/^unavailable: .*mailboxes\.secure/)
    await dovecot.stop()
  })

  test('stopped: unavailable; started again: the same session goes on', async () => {
    const dovecot = await startDovecot()
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login: 'anna@example.org' })
    await session.append('INBOX', { bytes: mail('here'), flags: [], keywords: [], internalDate: new Date() })
    await dovecot.halt()
    await expect(session.folders()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(provider.open({ login: 'anna@example.org' })).rejects.toMatchObject({ code: 'unavailable' })
    await dovecot.start()
    expect((await session.state('INBOX', [1])).length).toBe(1)
    await dovecot.restart()
    expect((await all(session.read('INBOX', [1]))).length).toBe(1)
    await session.close()
    await provider.close()
    await dovecot.stop()
  })

  test('mailbox #45 #46: a full mailbox: moving works both ways, putting back bytes says quota', async () => {
    const dovecot = await startDovecot({ quota: { messages: 20 } })
    const login = 'full@example.org'
    const provider = dovecotProvider(dovecot)
    const session = await provider.open({ login })
    const copy = { bytes: mail('full'), flags: [], keywords: ['Kept'], internalDate: new Date() }
    for (let i = 0; i < 20; i++) await session.append('INBOX', copy)
    await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'quota' })
    const hold = await session.hold('quarantine', ['Kept'])
    const { moved } = await session.move('INBOX', range(1, 20), hold)
    expect(moved.size).toBe(20)
    const back = await session.move(
      hold,
      [...moved.values()].map((ref) => ref.uid),
      'INBOX',
    )
    expect(back.moved.size).toBe(20)
    expect(
      (
        await session.state(
          'INBOX',
          [...back.moved.values()].map((ref) => ref.uid),
        )
      ).every((one) => one.keywords[0] === 'Kept'),
    ).toBe(true)
    expect(await provider.proveWayBack({ login })).toMatchObject({ ok: false, failure: 'quota' })
    await session.close()
    await provider.close()
    await dovecot.stop()
  })
})
