import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { all, inFolder, mail, uids } from '../conformance/index.ts'
import type { CopyState, MailboxSession } from '../provider.ts'
import { sameState } from '../state.ts'
import { createMaildirProvider, type MaildirProvider } from './provider.ts'

let root: string
let provider: MaildirProvider
let session: MailboxSession
const login = 'anna@example.org'
const inbox = (...parts: string[]) => join(root, login, ...parts)
const NOBODY = 65534

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'recourse-maildir-'))
  // The superuser may read everything: these tests run as somebody else.
  if (process.getuid?.() === 0) {
    chownSync(root, NOBODY, NOBODY)
    process.seteuid?.(NOBODY)
  }
  provider = createMaildirProvider({ root })
  session = await provider.open({ login })
})
afterEach(async () => {
  await provider.close()
  if (process.getuid?.() === 0) process.seteuid?.(0)
  rmSync(root, { recursive: true, force: true })
})

const subjects = (copies: readonly { readonly bytes: Buffer }[]) =>
  copies.map(({ bytes }) => /Subject: (.*)\r/.exec(bytes.toString())?.[1])
const deliver = async (...names: string[]) => {
  for (const name of names) await provider.deliver({ login }, 'inbox', mail(name))
}
const unlessGone = (change: () => void) => {
  try {
    change()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
const everything = async (): Promise<readonly CopyState[]> => {
  const [mark] = await session.survey()
  return await session.between({ folder: 'INBOX', uidValidity: mark?.uidValidity ?? '' }, 1, 1000)
}

describe('Maildir: what is no message in cur and new', () => {
  test('folders, pipes, sockets and links are passed over and left where they are; no UID is spent on them', async () => {
    await deliver('one', 'two')
    for (const sub of ['cur', 'new']) {
      mkdirSync(inbox(sub, 'folder:2,S'))
      execFileSync('mkfifo', [inbox(sub, 'pipe:2,S')])
      symlinkSync('nowhere', inbox(sub, 'dangling:2,S'))
      symlinkSync('loop:2,S', inbox(sub, 'loop:2,S'))
      symlinkSync('../recourse-folder', inbox(sub, 'linked:2,S'))
    }
    const server = createServer()
    await new Promise<void>((done) => server.listen(inbox('cur', 'socket:2,S'), done))
    const before = readdirSync(inbox('cur')).sort()
    expect(subjects(await inFolder(session, 'INBOX'))).toEqual(['one', 'two'])
    const marks = await session.survey()
    expect(marks).toMatchObject([{ path: 'INBOX', messages: 2, uidNext: 3 }])
    expect(await session.survey()).toEqual(marks)
    expect(uids(await session.find({ folders: ['INBOX'], networkMessageIds: ['x'] }))).toEqual([])
    const hold = await session.hold('quarantine', [])
    const taken = await session.move('INBOX', [1, 2], hold)
    expect([taken.moved.size, taken.missing]).toEqual([2, []])
    expect(readdirSync(inbox('cur')).sort()).toEqual(before)
    expect(readdirSync(inbox('new')).sort()).toEqual([
      'dangling:2,S',
      'folder:2,S',
      'linked:2,S',
      'loop:2,S',
      'pipe:2,S',
    ])
    await new Promise((done) => server.close(done))
  })

  test('names that a move could not keep, or that are not UTF-8: taken up under names of ours, nothing is lost', async () => {
    await deliver('ours')
    for (const length of [129, 200, 232, 250, 255]) {
      const name = `${length}.${'x'.repeat(length - 8)}:2,S`
      writeFileSync(inbox('cur', name), mail(`long ${name.length}`))
    }
    const raw = Buffer.concat([Buffer.from(`${inbox('cur')}/Entw`), Buffer.from([0xfc]), Buffer.from('rf:2,FS')])
    writeFileSync(raw, mail('not UTF-8'))
    // The same with the mark that stands for such bytes, written as itself.
    writeFileSync(inbox('cur', 'Entw\ufffdrf:2,FS'), mail('UTF-8'))
    writeFileSync(inbox('new', 'y'.repeat(250)), mail('long new'))
    writeFileSync(inbox('cur', `a:2,${Array.from({ length: 50 }, (_, i) => `[${i + 30}]`).join('')}`), mail('keywords'))
    writeFileSync(inbox('cur', `b:2,${'S'.repeat(245)}`), mail('letters'))
    writeFileSync(inbox('cur', ',U=5.6.hidden:2,'), mail('hidden'))
    writeFileSync(inbox('cur', 'x,U=1.2,U=3.4:2,'), mail('twice'))
    const copies = await inFolder(session, 'INBOX')
    const expected = [
      'UTF-8',
      'hidden',
      'keywords',
      'letters',
      'long 129',
      'long 200',
      'long 232',
      'long 250',
      'long 255',
      'long new',
    ]
    expect(subjects(copies).sort()).toEqual([...expected, 'not UTF-8', 'ours', 'twice'])
    expect(copies.find((copy) => copy.bytes.includes('not UTF-8'))?.flags).toEqual(['\\Flagged', '\\Seen'])
    expect(await inFolder(session, 'INBOX')).toEqual(copies)
    // There is room for what an action or its user may want.
    const hold = await session.hold('quarantine', [])
    const keywords = Array.from({ length: 20 }, (_, i) => `Keyword${i}`)
    for (const copy of copies) await session.setFlags(copy.ref, { flags: ['\\Seen'], keywords })
    const tagged = await everything()
    const { moved } = await session.move('INBOX', uids(copies), hold)
    const back = await session.move(
      hold,
      [...moved.values()].map((ref) => ref.uid),
      'INBOX',
    )
    expect(back.moved.size).toBe(13)
    const again = await everything()
    for (const [at, copy] of again.entries()) {
      const was = tagged[at]
      expect(was && sameState(copy, was) && copy.ref.serverId === was.ref.serverId).toBe(true)
    }
  })

  test('a UID that was never given away is nobody’s: the next message is not taken for it', async () => {
    await deliver('one', 'two')
    const [name = ''] = readdirSync(inbox('new')).filter((one) => one.includes('.2'))
    for (const [at, uid] of ['3', '0', '99999999999999999999'].entries())
      writeFileSync(inbox('cur', `${at}.forged,U=${/U=(\d+)/.exec(name)?.[1]}.${uid}:2,`), mail(`forged ${uid}`))
    const three = await provider.deliver({ login }, 'inbox', mail('three'))
    for (const copy of await inFolder(session, 'INBOX')) {
      expect(Number.isSafeInteger(copy.ref.uid) && copy.ref.uid > 0).toBe(true)
      if (copy.ref.uid === three.uid) expect(subjects([copy])).toEqual(['three'])
    }
    expect(await inFolder(session, 'INBOX')).toHaveLength(6)
  })
})

describe('Maildir: one message that cannot be handled', () => {
  test('a file that may not be read is listed by what is known of it, and can be taken and given back', async () => {
    await deliver('one', 'secret', 'three')
    for (const name of readdirSync(inbox('new'))) if (name.endsWith('.2')) chmodSync(inbox('new', name), 0)
    const states = await everything()
    expect(uids(states)).toEqual([1, 2, 3])
    expect(states[1]).toMatchObject({ internetMessageId: null, size: mail('secret').length })
    const { internetMessageId } = states[2] ?? {}
    expect(uids(await session.find({ internetMessageIds: [internetMessageId ?? ''] }))).toEqual([3])
    const hold = await session.hold('quarantine', [])
    const target = await session.position(hold)
    if (!target) throw new Error('no hold')
    const { moved } = await session.move('INBOX', [1, 2, 3], hold)
    const settled = await session.settle({ source: 'INBOX', items: states, target, shared: false })
    expect([...settled.values()].map((one) => one.at)).toEqual(['target', 'target', 'target'])
    await session.move(
      hold,
      [...moved.values()].map((ref) => ref.uid),
      'INBOX',
    )
    const back = await everything()
    expect(back.map((copy, at) => states[at] && sameState(copy, states[at]))).toEqual([true, true, true])
    // What may be read again is known again.
    for (const name of readdirSync(inbox('cur'))) chmodSync(inbox('cur', name), 0o600)
    expect((await everything())[1]?.internetMessageId).toMatch(/@sender.example>$/)
  })

  test('the others are read first; then it is named, with what to do', async () => {
    await deliver('one', 'secret', 'three', 'huge', 'five')
    for (const name of readdirSync(inbox('new'))) {
      if (name.endsWith('.2')) chmodSync(inbox('new', name), 0)
      if (name.endsWith('.4')) truncateSync(inbox('new', name), 3 * 1024 ** 3)
    }
    const read: string[] = []
    const reading = async () => {
      for await (const copy of session.read('INBOX', [1, 2, 3, 4, 5])) read.push(...subjects([copy]).map(String))
    }
    await expect(reading()).rejects.toMatchObject({
      name: 'UnreadableCopies',
      code: 'refused',
      copies: [{ ref: { uid: 2 } }, { ref: { uid: 4 } }],
      message: expect.stringMatching(/new\/.*\.2: .*EACCES.*rights/),
    })
    expect(read).toEqual(['one', 'three', 'five'])
    expect(await all(session.read('INBOX', [1, 99]))).toHaveLength(1)
  })

  test('a move or removal that fails for one goes on with the others, and says which it was', async () => {
    const keywords = Array.from({ length: 40 }, (_, i) => `Keyword${i}`)
    for (const n of [1, 2, 3])
      await session.append('INBOX', {
        bytes: mail(`m${n}`),
        flags: [],
        keywords: n === 2 ? keywords : [],
        internalDate: new Date(1e12),
      })
    const states = await everything()
    await session.createFolder('Other', { subscribe: true })
    // A folder that knows so many other keywords that the names of 40 more do not fit.
    writeFileSync(
      inbox('.Other', 'recourse-keywords'),
      Array.from({ length: 1000 }, (_, i) => `${i} word${i}\n`).join(''),
    )
    const target = await session.position('Other')
    if (!target) throw new Error('no folder')
    await expect(session.move('INBOX', [1, 2, 3], 'Other')).rejects.toMatchObject({
      code: 'unknown',
      message: expect.stringMatching(/only 2 of .*more keywords than a file name can hold/),
    })
    const settled = await session.settle({ source: 'INBOX', items: states, target, shared: true })
    expect([...settled].map(([uid, { at }]) => [uid, at])).toEqual([
      [1, 'target'],
      [2, 'source'],
      [3, 'target'],
    ])
    await expect(session.move('INBOX', [2], 'Other')).rejects.toMatchObject({ code: 'refused' })
    expect((await everything()).map((copy) => copy.keywords.length)).toEqual([40])
    expect(subjects(await inFolder(session, 'Other'))).toEqual(['m1', 'm3'])
    const tmp = readdirSync(inbox('.Other', 'tmp'))
    const copy = { bytes: mail('x'), flags: [], keywords, internalDate: new Date() }
    await expect(session.append('Other', copy)).rejects.toMatchObject({ code: 'refused' })
    expect(readdirSync(inbox('.Other', 'tmp'))).toEqual(tmp)
  })
})

describe('Maildir: folders', () => {
  test('directories that no folder of ours can be called after are passed over, those of others stay apart', async () => {
    await deliver('one')
    await session.createFolder('Work', { subscribe: true })
    const hold = await session.hold('quarantine', [])
    const odd = ['.a..b', '..c', '...', '.INBOX', '.Recourse-Hold.quarantine', `.${'z'.repeat(230)}`, '.d.']
    for (const dir of odd) for (const sub of ['cur', 'new', 'tmp']) mkdirSync(inbox(dir, sub), { recursive: true })
    expect((await session.folders()).map((folder) => folder.path)).toEqual(['INBOX', 'Work'])
    expect((await session.survey()).map((mark) => mark.path)).toEqual(['INBOX', 'Work'])
    const [one] = await everything()
    expect(await session.find({ serverIds: [one?.ref.serverId ?? ''] })).toHaveLength(1)
    expect((await session.move('INBOX', [1], hold)).moved.size).toBe(1)
    expect(await session.find({ serverIds: [one?.ref.serverId ?? ''] })).toEqual([])
  })

  test.each([
    ['itself', ''],
    ['its messages', 'cur'],
    ['its marks', 'recourse-folder'],
  ])('one that cannot be read (%s) is listed and not surveyed; the others go on', async (_, part) => {
    await deliver('one')
    for (const path of ['Shut', 'Work']) await session.createFolder(path, { subscribe: true })
    writeFileSync(inbox('.Shut', 'cur', 'a:2,S'), mail('shut in'))
    const before = await session.survey()
    await provider.close()
    provider = createMaildirProvider({ root })
    session = await provider.open({ login })
    chmodSync(inbox('.Shut', part), 0)
    const [listed, surveyed] = [await session.folders(), await session.survey()]
    const junk = await session.special('junk')
    const looked = session.find({ networkMessageIds: ['x'] })
    await expect(looked).rejects.toMatchObject({ code: 'denied', message: expect.stringContaining('.Shut') })
    chmodSync(inbox('.Shut', part), 0o700)
    expect([listed.map(({ path }) => path), surveyed.map(({ path }) => path), junk]).toEqual([
      ['INBOX', 'Shut', 'Work'],
      ['INBOX', 'Work'],
      'Junk',
    ])
    const known = (marks: typeof before) => marks.map(({ path, id, uidValidity }) => [path, id, uidValidity])
    expect(known(await session.survey())).toEqual(expect.arrayContaining(known(before)))
    expect(subjects(await inFolder(session, 'Shut'))).toEqual(['shut in'])
  })

  test.each(['renamed', 'removed'] as const)(
    'one that is %s while mail is taken from it is not made anew',
    async (how) => {
      await session.createFolder('Work', { subscribe: true })
      const copy = { bytes: mail('x'), flags: [], keywords: [], internalDate: new Date(1e12) }
      for (let n = 0; n < 60; n++) await session.append('Work', copy)
      const items = await session.state(
        'Work',
        Array.from({ length: 60 }, (_, i) => i + 1),
      )
      const hold = await session.hold('quarantine', [])
      const target = await session.position(hold)
      if (!target) throw new Error('no hold')
      const taking = session.move('Work', uids(items), hold).then(
        () => 'done',
        (error: unknown) => error,
      )
      while (readdirSync(inbox('.Work', 'cur')).length === 60) await new Promise((done) => setImmediate(done))
      renameSync(inbox('.Work'), how === 'renamed' ? inbox('.Elsewhere') : join(root, 'gone'))
      await taking
      expect((await session.folders()).map(({ path }) => path)).toEqual(
        how === 'renamed' ? ['INBOX', 'Elsewhere'] : ['INBOX'],
      )
      const settled = await session.settle({ source: 'Work', items, target, shared: false })
      const places = [...settled.values()].map(({ at }) => at)
      expect(places).toHaveLength(60)
      expect(places.filter((at) => at === 'target')).toHaveLength((await inFolder(session, hold)).length)
      expect(new Set(places)).toEqual(new Set(['target', how === 'renamed' ? 'source' : 'neither']))
    },
  )

  test('put back from a backup without its empty directories, a mailbox works as before', async () => {
    await session.createFolder('Work', { subscribe: true })
    const copy = { bytes: mail('kept'), flags: [], keywords: [], internalDate: new Date(1e12) }
    await session.append('Work', copy)
    const before = await session.survey()
    await provider.close()
    for (const dir of ['', '.Work']) for (const sub of ['new', 'tmp']) rmSync(inbox(dir, sub), { recursive: true })
    rmSync(inbox('cur'), { recursive: true })
    provider = createMaildirProvider({ root })
    session = await provider.open({ login })
    expect((await session.survey()).map(({ path, id, messages }) => [path, id, messages])).toEqual(
      before.map(({ path, id, messages }) => [path, id, messages]),
    )
    await session.append('Work', copy)
    await deliver('new')
    expect(await inFolder(session, 'Work')).toHaveLength(2)
    expect(existsSync(inbox('tmp'))).toBe(true)
  })

  test('files that vanish, change their names and come while a folder is read do not stop it', async () => {
    await deliver(...Array.from({ length: 200 }, (_, i) => `m${i}`))
    let going = true
    const user = (async () => {
      for (let n = 0; going && n < 500; n++) {
        for (const [at, name] of readdirSync(inbox('new')).entries()) {
          // The session moves files from new to cur, too: whoever is second finds nothing.
          if (at % 7 === 0) unlessGone(() => renameSync(inbox('new', name), inbox('cur', `${name}:2,S`)))
          else if (at % 11 === 0) unlessGone(() => rmSync(inbox('new', name)))
        }
        writeFileSync(inbox('new', `${n}.other`), mail(`other ${n}`))
        await new Promise((done) => setTimeout(done, 1))
      }
    })()
    for (let round = 0; round < 10; round++) {
      await session.survey()
      for await (const copy of session.read('INBOX', uids(await everything())))
        expect(readFileSync(inbox('recourse-folder')).length > 0 && copy.bytes.length > 0).toBe(true)
    }
    going = false
    await user
  })
})

test.each(['', '{"id":', '{"id":"x","uidValidity":"1"}'])(
  'Maildir: damaged marks of a folder (%j) stop nothing: it gets new UIDs, and they are kept beside the new ones',
  async (damaged) => {
    await deliver('one')
    await session.createFolder('Work', { subscribe: false })
    writeFileSync(inbox('.Work', 'cur', 'a:2,S'), mail('work'))
    const before = await session.survey()
    writeFileSync(inbox('.Work', 'recourse-folder'), damaged)
    const after = await session.survey()
    expect(after[0]).toEqual(before[0])
    const [old, now] = [before, after].map((marks) => marks.find(({ path }) => path === 'Work'))
    expect(now).toMatchObject({ messages: 1, uidNext: 2 })
    expect(Number(now?.uidValidity)).toBeGreaterThan(Number(old?.uidValidity))
    expect(subjects(await inFolder(session, 'Work'))).toEqual(['work'])
    expect(readFileSync(inbox('.Work', 'recourse-folder.damaged'), 'utf8')).toBe(damaged)
    expect(await session.survey()).toEqual(after)
  },
)
