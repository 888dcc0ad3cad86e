import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from '../../../test/rig/dovecot.ts'
import { startProxy, type Proxy as TestProxy } from '../../../test/rig/proxy.ts'
import { seedMaildir } from '../../../test/rig/seed.ts'
import { dovecotOwner, dovecotProvider } from '../conformance/dovecot.ts'
import { inFolder, mail, uids } from '../conformance/index.ts'
import type { CopyRef, MailboxProvider, MailboxSession } from '../provider.ts'
import type { ImapOptions } from './options.ts'

/** What other servers do, or ours at a bad moment: a real Dovecot, and on the wire what it does not do by itself. */
let dovecot: Dovecot
let proxy: TestProxy
let provider: MailboxProvider
let session: MailboxSession
let login: string
let answered: string
let nth = 0
beforeAll(async () => {
  dovecot = await startDovecot()
})
afterAll(async () => dovecot?.stop())
beforeEach(async () => {
  login = `odd${++nth}@example.org`
  proxy = await startProxy(dovecot.imapPort)
  answered = ''
})
afterEach(async () => {
  await session.close()
  await provider.close()
  await proxy.stop()
})

const open = async (more: Partial<ImapOptions> = {}) => {
  provider = dovecotProvider(dovecot, { port: proxy.port, ...more })
  session = await provider.open({ login })
}
const listen = (piece: Buffer): Buffer => {
  answered += piece.toString('latin1')
  return piece
}
const seed = (count: number) => {
  const messages = Array.from({ length: count }, (_, n) => ({
    bytes: mail(`m${n + 1}`, { 'X-Recourse-Message-Id': `net-${n + 1}` }),
    letters: n % 2 ? 'S' : 'FS',
    date: new Date(Date.UTC(2020, 0, 1 + n)),
  }))
  seedMaildir(dovecot.mailDir(login), 'INBOX', messages)
}
const mine = async (folder: string) =>
  (await inFolder(session, folder)).filter((copy) => copy.networkMessageId !== null)
/** The reference of each copy leads to the copy that had the UID before. */
const expectPaired = async (folder: string, moved: ReadonlyMap<number, CopyRef>) => {
  for (const [old, ref] of moved) {
    const [copy] = await session.state(folder, [ref.uid])
    expect([copy?.networkMessageId, copy?.ref]).toEqual([`net-${old}`, ref])
  }
}

test('mailbox #27: COPYUID is read from the untagged answer to MOVE and from the tagged one to COPY', async () => {
  seed(6)
  proxy.alter({ answered: listen })
  await open()
  const hold = await session.hold('quarantine', [])
  await session.state('INBOX', [1, 2, 3, 4, 5, 6])
  const byMove = await session.move('INBOX', [6, 2, 4], hold)
  expect(answered).toMatch(/^\* OK \[COPYUID \d+ 2,4,6 /m)
  answered = ''
  const byCopy = await session.move('INBOX', [5, 1, 3], hold, { careful: true })
  expect(answered).toMatch(/^\w+ OK \[COPYUID \d+ 1,3,5 /m)
  expect([[...byMove.moved.keys()], [...byCopy.moved.keys()]]).toEqual([
    [2, 4, 6],
    [1, 3, 5],
  ])
  await expectPaired(hold, byMove.moved)
  await expectPaired(hold, byCopy.moved)
})

test('mailbox #41: messages that go while they are copied or moved ([EXPUNGEISSUED]) are missing, the others taken (lesson #49)', async () => {
  seed(20)
  await open()
  const owner = await dovecotOwner(dovecot, login)
  const hold = await session.hold('quarantine', [])
  const expungeAt = (command: string, uid: number) => {
    let armed = true
    return proxy.alter({
      answered: listen,
      sent: async (piece) => {
        if (armed && piece.includes(command)) {
          armed = false
          await owner.expunge('INBOX', uid)
        }
        return piece
      },
    })
  }
  expungeAt('UID COPY', 3)
  const careful = await session.move('INBOX', [1, 2, 3, 4, 5], hold, { careful: true })
  expect(answered).toContain('[EXPUNGEISSUED]')
  expect([[...careful.moved.keys()].sort(), careful.missing]).toEqual([[1, 2, 4, 5], [3]])
  await expectPaired(hold, careful.moved)

  const items = await session.state('INBOX', [11, 12, 13, 14])
  const target = await session.position(hold)
  if (!target) throw new Error('no hold')
  expungeAt('UID MOVE', 13)
  // The server may say that it was in part: then it is settled, item by item.
  const outcome = await session.move('INBOX', uids(items), hold).then(
    ({ missing }) => missing,
    async (error: { code: string }) => {
      expect(error.code).toBe('unknown')
      const settled = await session.settle({ source: 'INBOX', items, target, shared: false })
      const at = (place: string) => [...settled].filter(([, one]) => one.at === place).map(([uid]) => uid)
      const left = at('source')
      if (left.length > 0) await session.move('INBOX', left, hold)
      return at('neither')
    },
  )
  expect(outcome).toEqual([13])
  const held = (await mine(hold)).map((copy) => copy.networkMessageId)
  expect(held.sort()).toEqual([1, 2, 4, 5, 11, 12, 14].map((n) => `net-${n}`).sort())
  expect((await mine('INBOX')).length).toBe(11)
  owner.client.close()
})

test('lesson #49, #50: the copy fails or is another one: the original stays, nothing is expunged that was not taken', async () => {
  seed(4)
  await open()
  const owner = await dovecotOwner(dovecot, login)
  await owner.flag('INBOX', 4, ['\\Deleted', '\\Seen'])
  const before = await mine('INBOX')
  const hold = await session.hold('quarantine', [])
  // A server without room or rights, and one that copies something else.
  proxy.alter({
    sent: (piece) => Buffer.from(piece.toString('latin1').replace(/UID COPY (\S+) .*/, 'UID COPY $1 Nowhere')),
  })
  await expect(session.move('INBOX', [1, 2], hold, { careful: true })).rejects.toMatchObject({ code: 'no-folder' })
  expect(await mine('INBOX')).toEqual(before)
  proxy.alter({ sent: (piece) => Buffer.from(piece.toString('latin1').replace('UID COPY 1:2', 'UID COPY 3')) })
  await expect(session.move('INBOX', [1, 2], hold, { careful: true })).rejects.toMatchObject({ code: 'unknown' })
  proxy.alter(null)
  expect(await mine('INBOX')).toEqual(before)
  expect(await mine(hold)).toEqual([])
  const { moved } = await session.move('INBOX', [1, 2], hold, { careful: true })
  expect(moved.size).toBe(2)
  // What the user has only marked is his.
  expect((await owner.list('INBOX')).map((copy) => copy.uid)).toEqual([3, 4])
  expect(proxy.sent()).not.toMatch(/^\w+ EXPUNGE/m)
  owner.client.close()
})

test('mailbox #39: an APPEND that is cut before its last bytes has stored nothing; once more, it is there once', async () => {
  await open()
  await session.state('INBOX', [1])
  const bytes = mail('cut', { 'X-Recourse-Message-Id': 'cut-1' }, `${'x'.repeat(5000)} the end\r\n`)
  let cuts = 0
  proxy.alter({
    sent: (piece) => {
      const at = piece.indexOf('the end')
      if (at < 0) return piece
      cuts++
      setTimeout(() => proxy.cut(), 50)
      return piece.subarray(0, at)
    },
  })
  const copy = { bytes, flags: [], keywords: [], internalDate: new Date(1e12) }
  await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'unknown' })
  expect(cuts).toBe(1)
  proxy.alter(null)
  expect(await session.find({ networkMessageIds: ['cut-1'] })).toEqual([])
  const { lost } = await session.append('INBOX', copy)
  expect(lost).toEqual([])
  expect((await mine('INBOX')).map((one) => one.bytes.equals(bytes))).toEqual([true])
})

test('mailbox #19: a server that stores other bytes than it was given is found out by reading back', async () => {
  const swap = (piece: Buffer) => Buffer.from(piece.map((byte) => (byte === 0xe9 ? 0x58 : byte)))
  const copy = { bytes: mail('caf\xe9'), flags: [], keywords: [], internalDate: new Date(1e12) }
  await open()
  expect((await session.append('INBOX', copy)).lost).toEqual([])
  proxy.alter({ answered: swap })
  const { lost } = await session.append('INBOX', copy)
  expect(lost).toMatchObject([expect.stringContaining('bytes: the server stored something else')])
})

test('mailbox #50: X-GUID is asked of a server that knows it; of another one once, and its BAD harms nothing', async () => {
  seed(3)
  await open()
  expect((await session.state('INBOX', [1]))[0]?.ref.serverId).toMatch(/./)
  await session.close()
  await provider.close()
  proxy.alter({
    answered: (piece) => listen(Buffer.from(piece.toString('latin1').replaceAll('Dovecot', 'Another'), 'latin1')),
    sent: (piece) => Buffer.from(piece.toString('latin1').replaceAll('X-GUID', 'X-NONE'), 'latin1'),
  })
  await open()
  const hold = await session.hold('quarantine', [])
  const [item] = await session.state('INBOX', [1])
  expect([item?.networkMessageId, item?.ref.serverId]).toEqual(['net-1', null])
  const { moved } = await session.move('INBOX', [1, 2, 3], hold)
  await expectPaired(hold, moved)
  expect((await session.find({ networkMessageIds: ['net-2'], folders: [hold] })).length).toBe(1)
  expect(answered.match(/^\w+ BAD/gm)).toHaveLength(1)
  expect(proxy.sent().match(/X-NONE/g)).toHaveLength(1)
})

test('mailbox #59: the name of a new folder is read back: what became another one in silence is refused', async () => {
  await open()
  for (const [asked, made] of [
    ['/abs', 'abs'],
    ['a//b', 'a/b'],
  ] as const) {
    // Dovecot refuses them by itself.
    await expect(session.createFolder(asked, { subscribe: true })).rejects.toMatchObject({ code: 'refused' })
    // As Cyrus does: another name is made, and goes by both.
    proxy.alter({
      sent: (piece) => Buffer.from(piece.toString('latin1').replaceAll(`"${asked}"`, `"${made}"`), 'latin1'),
    })
    await expect(session.createFolder(asked, { subscribe: true })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(`made another folder than ${asked}`),
    })
    proxy.alter(null)
  }
  // And this one it changes in silence itself.
  await expect(session.createFolder('x/y/', { subscribe: true })).rejects.toThrow('made another folder than x/y/')
  expect((await session.folders()).filter((folder) => folder.subscribed).map((folder) => folder.path)).not.toContain(
    'abs',
  )
})

test('a name that is too long, or not to the server’s taste, is told apart from a server that fails', async () => {
  await open()
  for (const name of ['x'.repeat(300), Array.from({ length: 30 }, () => 'y'.repeat(9)).join('/'), 'Release.1', '~x'])
    await expect(session.createFolder(name, { subscribe: true }), name).rejects.toMatchObject({ name: 'BadFolderName' })
  await expect(session.createFolder('x'.repeat(300), { subscribe: true })).rejects.toThrow(
    /"x+…" \(300 characters\): it may be too long; .*Mailbox name too long/,
  )
  for (const code of ['[SERVERBUG] broken', '[LIMIT] too many folders', '[OVERQUOTA] full', '[UNAVAILABLE] later']) {
    proxy.alter({
      answered: (piece) =>
        Buffer.from(piece.toString('latin1').replace(/^(\w+) OK Create completed[^\r]*/m, `$1 NO ${code}`), 'latin1'),
    })
    const error = await session.createFolder(`Some ${code}`, { subscribe: true }).catch((e: unknown) => e)
    expect(error, code).toMatchObject({ name: 'ProviderError' })
    proxy.alter(null)
  }
})

test('a server that parts folders by a dot, below the Inbox: paths are its own, and a dot in a name is refused', async () => {
  proxy.alter({
    answered: (piece) =>
      Buffer.from(
        piece.toString('latin1').replace(/^\* NAMESPACE \(\("" "\/"\)/m, '* NAMESPACE (("INBOX." ".")'),
        'latin1',
      ),
  })
  await open()
  expect(await session.userFolder('Work/2026')).toBe('INBOX.Work.2026')
  await expect(session.userFolder('Work/Release.1')).rejects.toThrow(
    'no folder can be called "Work/Release.1": the mail server parts folders by ".", which the name of one cannot hold',
  )
})

test('mailbox #83: a file that is moved into a folder that nobody has open is found by polling, with its identity', async () => {
  seed(2)
  await open()
  await session.createFolder('Work', { subscribe: true })
  const [before] = await session.state('INBOX', [2])
  const mark = async (path: string) => (await session.survey()).find((folder) => folder.path === path)
  const was = await mark('Work')
  const dir = dovecot.mailDir(login)
  const name = readdirSync(join(dir, 'cur')).sort()[1] ?? ''
  mkdirSync(join(dir, '.Work', 'cur'), { recursive: true })
  renameSync(join(dir, 'cur', name), join(dir, '.Work', 'cur', name))
  const [inbox, work] = [await mark('INBOX'), await mark('Work')]
  expect([inbox?.messages, work?.messages, was?.messages]).toEqual([1, 1, 0])
  const watched = { folder: 'Work', uidValidity: work?.uidValidity ?? '' }
  const [found] = await session.between(watched, was?.uidNext ?? 1, 2 ** 32 - 1)
  expect([found?.networkMessageId, found?.ref.serverId]).toEqual(['net-2', before?.ref.serverId])
})

test('mailbox #65: logged in as the user by an authorization identity, `\\Seen` survives the take and the way back', async () => {
  seed(2)
  const { user, password } = dovecot.master
  await open({ auth: { type: 'authzid', user, password } })
  const before = await mine('INBOX')
  const hold = await session.hold('soft-deleted', [])
  const { moved } = await session.move('INBOX', uids(before), hold)
  expect((await mine(hold)).map((copy) => copy.flags)).toEqual([['\\Flagged', '\\Seen'], ['\\Seen']])
  await session.move(
    hold,
    [...moved.values()].map((ref) => ref.uid),
    'INBOX',
  )
  const owner = await dovecotOwner(dovecot, login)
  expect((await owner.list('INBOX')).map((copy) => [...copy.flags].sort())).toEqual([
    ['\\Flagged', '\\Seen'],
    ['\\Seen'],
  ])
  owner.client.close()
})
