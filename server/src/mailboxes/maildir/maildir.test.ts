import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { all, FIVE, inFolder, mail, sha, uids } from '../conformance/index.ts'
import { CRASH_POINTS, MAILDIR_CRASH_POINTS } from '../crash-points.ts'
import type { CopyState, Doubt } from '../provider.ts'
import { sameState } from '../state.ts'
import { fileError } from './files.ts'
import { accountDir, folderDir, folderPath, formatName, parseName } from './names.ts'
import { createMaildirProvider } from './provider.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'recourse-maildir-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const login = 'anna@example.org'
const withProvider = async <T>(run: (provider: ReturnType<typeof createMaildirProvider>) => Promise<T>): Promise<T> => {
  const provider = createMaildirProvider({ root })
  try {
    return await run(provider)
  } finally {
    await provider.close()
  }
}

describe('Maildir: names', () => {
  test('every folder name comes back, and none leads elsewhere', () => {
    // Longer ones are refused (below): a NUL between two characters outside Unicode's first plane takes 19 bytes.
    const part = fc.string({ minLength: 1, maxLength: 5, unit: 'binary' }).filter((text) => !text.includes('/'))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
        const path = parts.join('/')
        if (path === 'INBOX') return
        const dir = folderDir(path)
        expect(dir).not.toContain('/')
        expect(dir).not.toContain('..')
        expect(dir.startsWith('.')).toBe(true)
        expect(folderPath(dir)).toBe(path)
      }),
    )
    expect(() => folderDir('ü'.repeat(100))).toThrow(/“?ü+….*\(100 characters\): .* 270 bytes, and can have 200$/)
    expect(folderDir(`a/${'b'.repeat(197)}`)).toHaveLength(200)
    expect(() => folderDir(`a/${'b'.repeat(198)}`)).toThrow('201 bytes')
  })

  test('a login cannot lead out of the root', () => {
    for (const bad of ['../../etc', '.', '..', 'a/b', '.recourse', 'a\0b', '%2e%2e']) {
      expect(accountDir(bad)).not.toMatch(/^\.|\/|\0/)
    }
    expect(accountDir('anna@example.org')).toBe('anna@example.org')
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 30 }), fc.string({ minLength: 1, maxLength: 30 }), (a, b) => {
        if (a !== b) expect(accountDir(a)).not.toBe(accountDir(b))
      }),
    )
  })

  test('flags and keywords come back from the name', () => {
    fc.assert(
      fc.property(fc.subarray([...FIVE]), fc.uniqueArray(fc.nat(60), { maxLength: 12 }), (flags, keywords) => {
        const parsed = parseName(formatName('123.M4P5Q6.host', '1795534247123', 42, flags, keywords))
        expect(parsed).toEqual({
          unique: '123.M4P5Q6.host',
          uidValidity: '1795534247123',
          uid: 42,
          flags: [...flags].sort(),
          keywords: [...keywords].sort((a, b) => a - b),
        })
      }),
    )
  })
})

describe('Maildir: who serves it', () => {
  test('a second process is refused while the first lives, and takes over when it was killed', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('crash-worker.ts', import.meta.url)), root, 'hold'])
    await new Promise((resolve) => child.stdout.once('data', resolve))
    await withProvider(async (provider) => {
      await expect(provider.open({ login })).rejects.toMatchObject({
        code: 'mailboxes.maildir-in-use',
        message: expect.stringContaining(`process ${child.pid}`),
      })
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      const session = await provider.open({ login })
      await session.close()
    })
    expect(existsSync(join(root, '.recourse', 'served-by'))).toBe(false)
  })

  test('mailbox #74: a directory that Dovecot serves is refused, with the cure, and nothing in it is touched', async () => {
    const dir = join(root, login)
    for (const sub of ['cur', 'new', 'tmp']) mkdirSync(join(dir, sub), { recursive: true })
    writeFileSync(join(dir, 'dovecot-uidlist'), '3 V1 N2 G0\n1 :x\n')
    await withProvider(async (provider) => {
      await expect(provider.open({ login })).rejects.toMatchObject({
        code: 'mailboxes.maildir-foreign',
        message: expect.stringContaining('dovecot-uidlist'),
        cure: expect.stringContaining('mailboxes.kind = imap'),
      })
      await expect(provider.deliver({ login }, 'inbox', mail('x'))).rejects.toMatchObject({
        code: 'mailboxes.maildir-foreign',
      })
    })
    expect(readdirSync(join(dir, 'new'))).toEqual([])
    expect(readFileSync(join(dir, 'dovecot-uidlist'), 'utf8')).toBe('3 V1 N2 G0\n1 :x\n')
  })

  test('a root that cannot be used says so', async () => {
    const file = join(root, 'file')
    writeFileSync(file, '')
    const provider = createMaildirProvider({ root: join(file, 'mail') })
    await expect(provider.open({ login })).rejects.toMatchObject({ code: 'mailboxes.maildir-root' })
  })
})

describe('Maildir: files', () => {
  test('mailbox #11 #69: 30 keywords survive a move to a folder with other keywords, and back', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      await session.createFolder('Other', { subscribe: true })
      const early = ['Zeta', 'Alpha'].map((keyword) => ({ keyword }))
      for (const { keyword } of early) {
        await session.append('Other', {
          bytes: mail(keyword),
          flags: [],
          keywords: [keyword],
          internalDate: new Date(),
        })
      }
      const keywords = Array.from({ length: 30 }, (_, i) => `Key${i}`)
      const copy = { bytes: mail('many'), flags: [...FIVE], keywords, internalDate: new Date(1e12) }
      const { state } = await session.append('INBOX', copy)
      const there = [...(await session.move('INBOX', [state.ref.uid], 'Other')).moved.values()]
      const [moved] = await session.state(
        'Other',
        there.map((ref) => ref.uid),
      )
      expect(moved?.keywords).toEqual([...keywords].sort())
      const back = [
        ...(
          await session.move(
            'Other',
            there.map((ref) => ref.uid),
            'INBOX',
          )
        ).moved.values(),
      ]
      const [again] = await session.state(
        'INBOX',
        back.map((ref) => ref.uid),
      )
      expect(again && sameState(again, state)).toBe(true)
      expect(again?.ref.serverId).toBe(state.ref.serverId)
    }))

  test('mailbox #73: the date of a message put back is its file’s time', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      const date = new Date('2019-02-01T03:04:05Z')
      const { state } = await session.append('INBOX', {
        bytes: mail('old'),
        flags: [],
        keywords: [],
        internalDate: date,
      })
      expect(state.internalDate).toEqual(date)
    }))

  test('UIDs are never given again: not after a restart, not after everything was removed', async () => {
    const used = new Set<number>()
    for (let i = 0; i < 3; i++) {
      await withProvider(async (provider) => {
        const session = await provider.open({ login })
        const position = await session.position('INBOX')
        for (const uid of used) expect(uid).toBeLessThan(position?.uidNext ?? 0)
        for (let n = 0; n < 3; n++) used.add((await provider.deliver({ login }, 'inbox', mail(`${i} ${n}`))).uid)
        await session.destroy('INBOX', [...used])
      })
    }
    expect(used.size).toBe(9)
  })

  test('junk goes into the folder for it, also when that is made by hand, called otherwise or gone', async () => {
    await withProvider(async (provider) => {
      const deliver = async (n: number) => (await provider.deliver({ login }, 'junk', mail(`junk ${n}`))).folder
      expect([await deliver(1), await deliver(2), await deliver(3)]).toEqual(['Junk', 'Junk', 'Junk'])
      const home = join(root, accountDir(login))
      renameSync(join(home, folderDir('Junk')), join(home, folderDir('Spam')))
      expect([await deliver(4), await deliver(5)]).toEqual(['Spam', 'Spam'])
      rmSync(join(home, folderDir('Spam')), { recursive: true })
      expect([await deliver(6), await deliver(7)]).toEqual(['Junk', 'Junk'])
      const session = await provider.open({ login })
      expect(await inFolder(session, 'Junk')).toHaveLength(2)
    })
  })

  test('a message that another program delivered is taken up, once, in the order of the names', async () => {
    await withProvider(async (provider) => {
      await provider.open({ login })
    })
    for (const n of [2, 1, 3]) writeFileSync(join(root, login, 'new', `100${n}.M1P1.other`), mail(`other ${n}`))
    await withProvider(async (provider) => {
      const session = await provider.open({ login })
      const copies = await inFolder(session, 'INBOX')
      expect(copies.map((copy) => /other \d/.exec(copy.bytes.toString())?.[0])).toEqual([
        'other 1',
        'other 2',
        'other 3',
      ])
      expect(await inFolder(session, 'INBOX')).toEqual(copies)
    })
  })

  test('mailbox #70: a message that the user flags while it is taken (ENOENT) is found by its base name, with the newer flag', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      for (let n = 0; n < 60; n++)
        await session.append('INBOX', {
          bytes: mail(`m${n}`),
          flags: [],
          keywords: ['K'],
          internalDate: new Date(1e12),
        })
      const hold = await session.hold('quarantine', [])
      const cur = join(root, login, 'cur')
      const all60 = Array.from({ length: 60 }, (_, i) => i + 1)
      const taking = session.move('INBOX', all60, hold)
      // The list was read: the first is away. All that are left change their names now.
      while (readdirSync(cur).length === 60) await new Promise((resolve) => setImmediate(resolve))
      const left = readdirSync(cur)
      for (const name of left) renameSync(join(cur, name), join(cur, name.replace(':2,', ':2,F')))
      const { moved, missing } = await taking
      expect([moved.size, missing]).toEqual([60, []])
      expect(left.length).toBeGreaterThan(0)
      const held = await inFolder(session, hold)
      expect(held.filter((copy) => copy.flags.includes('\\Flagged')).length).toBe(left.length)
      expect(held.every((copy) => copy.keywords.join() === 'K')).toBe(true)
    }))

  test('mailbox #68: given back after it was seen gone: a new UID, the others’ are as before', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      for (let n = 1; n <= 4; n++)
        await session.append('INBOX', { bytes: mail(`m${n}`), flags: [], keywords: [], internalDate: new Date(1e12) })
      const before = await inFolder(session, 'INBOX')
      const hold = await session.hold('quarantine', [])
      const { moved } = await session.move('INBOX', [2], hold)
      expect((await inFolder(session, 'INBOX')).map((copy) => copy.ref.uid)).toEqual([1, 3, 4])
      await session.move(
        hold,
        [...moved.values()].map((ref) => ref.uid),
        'INBOX',
      )
      const after = await inFolder(session, 'INBOX')
      expect(after.map((copy) => copy.ref.uid)).toEqual([1, 3, 4, 5])
      expect(after.slice(0, 3)).toEqual(before.filter((copy) => copy.ref.uid !== 2))
      expect(after[3]?.bytes).toEqual(before[1]?.bytes)
    }))

  test('mailbox #72: the base name is in the target already: nothing is overwritten, with the same content or another', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      await session.createFolder('Other', { subscribe: true })
      for (const n of [1, 2])
        await session.append('INBOX', {
          bytes: mail(`m${n}`),
          flags: ['\\Seen'],
          keywords: [],
          internalDate: new Date(1e12),
        })
      const [first, second] = await inFolder(session, 'INBOX')
      if (!first || !second) throw new Error('not there')
      // As they would lie there after the very same move, and as they were named before it.
      const names = readdirSync(join(root, login, 'cur')).sort()
      const other = join(root, login, '.Other')
      for (const [n, name] of names.entries()) {
        writeFileSync(join(other, 'cur', name), n === 0 ? first.bytes : mail('something else'))
        writeFileSync(join(other, 'new', parseName(name).unique), mail('and else'))
      }
      const { moved } = await session.move('INBOX', [1, 2], 'Other')
      expect(moved.size).toBe(2)
      const there = await inFolder(session, 'Other')
      expect(there.length).toBe(6)
      const subjects = there.map((copy) => /Subject: (.*)\r/.exec(copy.bytes.toString())?.[1]).sort()
      expect(subjects).toEqual(['and else', 'and else', 'm1', 'm1', 'm2', 'something else'])
      for (const [uid, ref] of moved) {
        const copy = there.find((one) => one.ref.uid === ref.uid)
        expect(copy?.bytes).toEqual((uid === 1 ? first : second).bytes)
      }
    }))

  test('a folder in another language is known by its name', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      await session.createFolder('Gelöschte Elemente', { subscribe: true })
      await session.createFolder('Спам', { subscribe: true })
      expect(await session.special('trash')).toBe('Gelöschte Elemente')
      expect(await session.special('junk')).toBe('Спам')
      expect(await session.special('archive')).toBe('Archive')
    }))

  test.skipIf(process.getuid?.() === 0)('no right to write: denied, with the place and the cure', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      chmodSync(join(root, login, 'cur'), 0o500)
      const copy = { bytes: mail('x'), flags: [], keywords: [], internalDate: new Date() }
      await expect(session.append('INBOX', copy)).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining('rights'),
      })
      chmodSync(join(root, login, 'cur'), 0o700)
    }),
  )

  test.skipIf(process.getuid?.() === 0)(
    'put there, but the directory cannot be made durable: in doubt, for another attempt would double it',
    () =>
      withProvider(async (provider) => {
        const session = await provider.open({ login })
        const copy = { bytes: mail('x'), flags: [], keywords: [], internalDate: new Date() }
        const { state } = await session.append('INBOX', copy)
        const target = await session.special('archive')
        // May be written, not opened: a rename passes, the fsync does not.
        const sealed = ['cur', 'new'].map((dir) => join(root, login, dir))
        for (const dir of sealed) chmodSync(dir, 0o300)
        await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'unknown' })
        await expect(provider.deliver?.({ login }, 'inbox', mail('y'))).rejects.toMatchObject({ code: 'unknown' })
        for (const dir of sealed) chmodSync(dir, 0o700)
        expect(await inFolder(session, 'INBOX')).toHaveLength(3)
        const cur = join(root, login, folderDir(target), 'cur')
        chmodSync(cur, 0o300)
        await expect(session.move('INBOX', [state.ref.uid], target)).rejects.toMatchObject({ code: 'unknown' })
        chmodSync(cur, 0o700)
      }),
  )

  test('what the file system says is told as what it means', () => {
    const error = (code: string) => Object.assign(new Error(code), { code })
    expect(fileError(error('ENOSPC'), 'writing')).toMatchObject({
      code: 'quota',
      message: expect.stringContaining('disk of the mailboxes is full'),
    })
    expect(fileError(error('EROFS'), 'writing')).toMatchObject({ code: 'read-only' })
    expect(fileError(error('EMFILE'), 'writing')).toMatchObject({ code: 'unavailable' })
    expect(fileError(error('EIO'), 'writing')).toMatchObject({ code: 'refused' })
  })

  test('a directory that is broken: refused, and the message is nowhere half', () =>
    withProvider(async (provider) => {
      const session = await provider.open({ login })
      rmSync(join(root, login, 'tmp'), { recursive: true })
      symlinkSync(join(root, 'no-such-folder'), join(root, login, 'tmp'))
      const copy = { bytes: mail('x'), flags: [], keywords: [], internalDate: new Date() }
      await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'refused' })
      expect(await inFolder(session, 'INBOX')).toEqual([])
    }))
})

describe('Maildir: kill -9 at every named point', () => {
  const points = [...CRASH_POINTS, ...MAILDIR_CRASH_POINTS]
  test.each(points)('%s: each message is in exactly one place, as it was, and the doubt is settled', async (point) => {
    const before = await withProvider(async (provider) => {
      const session = await provider.open({ login })
      for (let n = 0; n < 12; n++) {
        await session.append('INBOX', {
          bytes: mail(`m${n}`, { 'X-Recourse-Message-Id': `net-${n}` }),
          flags: n % 2 ? [...FIVE] : [],
          keywords: n % 3 ? ['Invoice', `K${n}`] : [],
          internalDate: new Date(1e12 + n * 1000),
        })
      }
      const hold = await session.hold('quarantine', [])
      const target = await session.position(hold)
      const items = await session.state(
        'INBOX',
        Array.from({ length: 12 }, (_, i) => i + 1),
      )
      if (!target) throw new Error('no hold')
      return { items, target, hold }
    })
    const log = join(root, 'hits')
    const worker = fileURLToPath(new URL('crash-worker.ts', import.meta.url))
    const nth = point === 'mailboxes.maildir.after-rename' ? ':5' : ''
    const env = { ...process.env, RECOURSE_CRASH_AT: point + nth, RECOURSE_CRASH_LOG: log }
    const run = spawnSync(process.execPath, [worker, root, 'work'], { env, encoding: 'utf8' })
    expect(run.signal).toBe('SIGKILL')
    expect(readFileSync(log, 'utf8')).toBe(`${point}\n`)
    await withProvider((provider) => expectSettled(provider, before))
  })
})

async function expectSettled(
  provider: ReturnType<typeof createMaildirProvider>,
  before: { items: readonly CopyState[]; target: Doubt['target']; hold: string },
): Promise<void> {
  const { items, target, hold } = before
  const session = await provider.open({ login })
  const settled = await session.settle({ source: 'INBOX', items, target, shared: false })
  const left = items.filter((item) => settled.get(item.ref.uid)?.at === 'source')
  const taken = items.filter((item) => settled.get(item.ref.uid)?.at === 'target')
  expect(left.length + taken.length).toBe(items.length)
  await session.move('INBOX', uids(left), hold)
  const held = (await inFolder(session, hold)).filter((copy) => copy.networkMessageId?.startsWith('net-'))
  expect(held.length).toBe(items.length)
  for (const item of items) {
    const copy = held.find((one) => one.networkMessageId === item.networkMessageId)
    expect(copy && sameState(copy, item) && copy.ref.serverId === item.ref.serverId).toBe(true)
  }
  expect((await inFolder(session, 'INBOX')).filter((copy) => copy.networkMessageId?.startsWith('net-'))).toEqual([])
  // What the worker appended or delivered is there whole or not at all.
  for (const copy of await inFolder(session, 'INBOX')) expect(copy.bytes.toString()).toMatch(/whole\r\n$/)
  const [one] = held
  if (one) expect(sha((await all(session.read(hold, [one.ref.uid])))[0]?.bytes ?? Buffer.alloc(0))).toBe(sha(one.bytes))
  await session.close()
}
