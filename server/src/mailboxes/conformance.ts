import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  CopyState,
  CopyWithBytes,
  Doubt,
  MailboxProvider,
  MailboxSession,
  Position,
  Restorable,
  SystemFlag,
} from './provider.ts'
import { sameFlags, sameInstant } from './state.ts'

/** The owner of a mailbox, by another way than ours: IMAP as the user, files, or the model itself. */
export interface Owner {
  append(folder: string, bytes: Buffer, flags: readonly string[], date: Date): Promise<void>
  /** Everything in a folder, in UID order. */
  list(folder: string): Promise<{ uid: number; flags: readonly string[] }[]>
  move(folder: string, uid: number, target: string): Promise<void>
  copy(folder: string, uid: number, target: string): Promise<void>
  /** Replaces flags and keywords. */
  flag(folder: string, uid: number, flags: readonly string[]): Promise<void>
  expunge(folder: string, uid: number): Promise<void>
  createFolder(path: string): Promise<void>
  renameFolder(path: string, to: string): Promise<void>
  deleteFolder(path: string): Promise<void>
  /** Whether the user can list or open this path. */
  reaches(path: string): Promise<boolean>
}

export interface Subject {
  readonly name: string
  start(): Promise<{ provider: MailboxProvider; owner(login: string): Promise<Owner>; stop(): Promise<void> }>
  /** Where this server differs, on purpose and listed. */
  readonly differs?: {
    /** Originals are only marked (no UIDPLUS): what then cannot be shown is left out. */
    readonly marksOnly?: boolean
    readonly holdVisible?: boolean
    /** Line ends and NUL are kept exactly even by append (files); else they are normalised and this is said. */
    readonly exactBytes?: boolean
    /** Any date can be stored. */
    readonly anyDate?: boolean
    readonly noFolderIds?: boolean
    /** NUL is refused (IMAP without BINARY). */
    readonly noNul?: boolean
  }
}

export const mail = (subject: string, more: Record<string, string> = {}, body = 'Hello,\r\n\r\nthere.\r\n'): Buffer =>
  Buffer.from(
    [
      'From: Bo <bo@sender.example>',
      `Subject: ${subject}`,
      ...Object.entries({ 'Message-ID': `<${randomUUID()}@sender.example>`, ...more }).map(([k, v]) => `${k}: ${v}`),
      '',
      body,
    ].join('\r\n'),
    'latin1',
  )

export const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

export const FIVE: readonly SystemFlag[] = ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen']
export const SEVEN = ['$Forwarded', '$Label1', '$MDNSent', 'Invoice', 'NonJunk', 'Project-X', 'ToDo']
const OLD = new Date('2019-02-01T03:04:05+05:30')

/** All copies in a folder, but for what a provider keeps there for itself (the anchor of a hold). */
export async function inFolder(session: MailboxSession, folder: string): Promise<CopyWithBytes[]> {
  const position = await session.position(folder)
  if (!position) return []
  const uids = Array.from({ length: position.uidNext - 1 }, (_, i) => i + 1)
  const copies = await all(session.read(folder, uids))
  return copies.filter((copy) => !copy.bytes.includes('X-Recourse-Anchor'))
}

const must = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error('expected something')
  return value
}

/** The promises of `provider.ts`, as every provider must keep them. Two accounts hold identical data throughout. */
export function describeConformance(subject: Subject): void {
  const differs = subject.differs ?? {}
  describe(`mailboxes: ${subject.name}`, () => {
    let running: Awaited<ReturnType<Subject['start']>>
    let n = 0
    beforeAll(async () => {
      running = await subject.start()
    })
    afterAll(async () => running?.stop())

    /** A fresh mailbox and its twin at another organisation; the twin must be untouched at the end. */
    async function pair(run: (session: MailboxSession, owner: Owner, login: string) => Promise<void>): Promise<void> {
      const name = `user${++n}`
      const logins = [`${name}@one.example`, `${name}@two.example`] as const
      const seed = mail('twin', { 'X-Recourse-Message-Id': '0197-twin' })
      const owners = await Promise.all(logins.map((login) => running.owner(login)))
      for (const owner of owners) await owner.append('INBOX', seed, ['\\Seen', 'Twin'], OLD)
      const [session, twin] = await Promise.all(logins.map((login) => running.provider.open({ login })))
      try {
        const before = await inFolder(must(twin), 'INBOX')
        await run(must(session), must(owners[0]), logins[0])
        const after = await inFolder(must(twin), 'INBOX')
        expect(after.map(shown)).toEqual(before.map(shown))
        expect((await must(twin).folders()).map((folder) => folder.path).filter((path) => /mine/i.test(path))).toEqual(
          [],
        )
      } finally {
        await session?.close()
        await twin?.close()
      }
    }

    async function seed(session: MailboxSession, owner: Owner, count: number, folder = 'INBOX'): Promise<CopyState[]> {
      const known = new Set((await inFolder(session, folder)).map((copy) => copy.ref.uid))
      for (let i = 0; i < count; i++) {
        const flags = i % 2 ? [...FIVE, ...SEVEN] : ['$Label1']
        await owner.append(folder, mail(`seed ${i}`, {}, `body ${i}\r\n`), flags, new Date(OLD.getTime() + i * 60_000))
      }
      return (await inFolder(session, folder)).filter((copy) => !known.has(copy.ref.uid)).map(withoutBytes)
    }

    async function here(session: MailboxSession, folder: string): Promise<Position> {
      return must(await session.position(folder))
    }

    test('mailbox #1 #2 #66: a move to the hold and back keeps bytes, five flags, seven keywords, date and id', () =>
      pair(async (session, owner) => {
        const items = await seed(session, owner, 4)
        const bytes = await inFolder(session, 'INBOX')
        const hold = await session.hold('quarantine', SEVEN)
        const taken = await session.move('INBOX', uids(items), hold)
        expect(taken.missing).toEqual([])
        expect([...taken.moved.keys()]).toEqual(uids(items))
        const held = await inFolder(session, hold)
        const takenUids = [...taken.moved.values()].map((ref) => ref.uid)
        const mine = held.filter((copy) => takenUids.includes(copy.ref.uid))
        if (differs.marksOnly) expect(taken.marked).toEqual(uids(items))
        else expect(await session.state('INBOX', uids(items))).toEqual([])
        const back = await session.move(hold, uids(mine), 'INBOX')
        expect(back.missing).toEqual([])
        const again = await inFolder(session, 'INBOX')
        for (const ref of back.moved.values()) {
          const copy = must(again.find((one) => one.ref.uid === ref.uid))
          const original = must(bytes.find((one) => one.bytes.equals(copy.bytes)))
          expect(shown(copy)).toEqual(shown(original))
          expect(copy.ref.serverId).toBe(original.ref.serverId)
        }
        expect(back.moved.size).toBe(4)
      }))

    test('mailbox #3: dates are instants', () =>
      pair(async (session, owner) => {
        const [item] = await seed(session, owner, 1)
        expect(must(item).internalDate.toISOString()).toBe('2019-01-31T21:34:05.000Z')
      }))

    test('mailbox #25 #26: UIDs that are gone are told, the others are paired whatever the order', () =>
      pair(async (session, owner) => {
        const items = await seed(session, owner, 6)
        const [a, b, c, d, e, f] = uids(items)
        await owner.expunge('INBOX', must(b))
        const hold = await session.hold('soft-deleted', SEVEN)
        const result = await session.move('INBOX', [f, a, e, b, 999_999, c].map(must), hold)
        expect(result.missing).toEqual([b, 999_999])
        expect([...result.moved.keys()].sort((x, y) => x - y)).toEqual([a, c, e, f])
        for (const [old, ref] of result.moved) {
          const [copy] = await all(session.read(hold, [ref.uid]))
          const item = must(items.find((one) => one.ref.uid === old))
          expect(copy?.internetMessageId).toBe(item.internetMessageId)
        }
        expect((await session.state('INBOX', [must(d)])).length).toBe(1)
      }))

    test('mailbox #25: nothing to move is not an error', () =>
      pair(async (session) => {
        const hold = await session.hold('soft-deleted', [])
        const none = await session.move('INBOX', [999_999], hold)
        expect([none.moved.size, none.missing]).toEqual([0, [999_999]])
        expect((await session.move('INBOX', [], hold)).moved.size).toBe(0)
      }))

    test('mailbox #29: a missing target or source is no-folder, and nothing was moved', () =>
      pair(async (session, owner) => {
        const items = await seed(session, owner, 2)
        await expect(session.move('INBOX', uids(items), 'NoSuch')).rejects.toMatchObject({ code: 'no-folder' })
        await expect(session.move('NoSuch', [1], 'INBOX')).rejects.toMatchObject({ code: 'no-folder' })
        await expect(session.state('NoSuch', [1])).rejects.toMatchObject({ code: 'no-folder' })
        expect(await session.position('NoSuch')).toBeNull()
        expect((await session.state('INBOX', uids(items))).length).toBe(2)
        await session.createFolder('NoSuch', { subscribe: true })
        expect((await session.move('INBOX', uids(items), 'NoSuch')).moved.size).toBe(2)
      }))

    test('mailbox #44: what the user changed before the take comes along and back', () =>
      pair(async (session, owner) => {
        const [item] = await seed(session, owner, 1)
        const { uid } = must(item).ref
        await owner.flag('INBOX', uid, ['\\Flagged', 'Urgent'])
        const hold = await session.hold('hard-deleted', ['Urgent'])
        const taken = must((await session.move('INBOX', [uid], hold)).moved.get(uid))
        const back = must((await session.move(hold, [taken.uid], 'INBOX')).moved.get(taken.uid))
        const [state] = await session.state('INBOX', [back.uid])
        expect([state?.flags, state?.keywords]).toEqual([['\\Flagged'], ['Urgent']])
      }))

    test('mailbox #51: two copies with one id are two items', () =>
      pair(async (session, owner) => {
        const [item] = await seed(session, owner, 1)
        await owner.copy('INBOX', must(item).ref.uid, 'INBOX')
        const found = await session.find({ internetMessageIds: [must(must(item).internetMessageId)] })
        expect(found.length).toBe(2)
        expect(new Set(found.map((copy) => copy.ref.uid)).size).toBe(2)
        expect(new Set(found.map((copy) => copy.ref.serverId)).size).toBe(1)
      }))

    test('mailbox #52: the same Message-ID is a candidate only; the bytes tell them apart', () =>
      pair(async (session, owner) => {
        const id = `<flood-${randomUUID()}@sender.example>`
        for (const body of ['one', 'two']) await owner.append('INBOX', mail(body, { 'Message-ID': id }), [], OLD)
        const found = await session.find({ internetMessageIds: [id] })
        const bytes = await all(session.read('INBOX', uids(found)))
        expect(new Set(bytes.map((copy) => sha(copy.bytes))).size).toBe(2)
      }))

    test('find: by our header, the message’s id, the server’s id and by place; Inbox first; the hold only when named', () =>
      pair(async (session, owner) => {
        const network = randomUUID()
        const folded = mail('folded', { 'X-Recourse-Message-Id': `\r\n ${network}` })
        await owner.createFolder('Mine')
        await owner.append('Mine', folded, ['\\Seen'], OLD)
        await owner.append('INBOX', mail('plain', { 'X-Recourse-Message-Id': network }), [], OLD)
        await owner.append('INBOX', mail('other'), [], OLD)
        const found = await session.find({ networkMessageIds: [network, randomUUID()] })
        expect(found.map((copy) => copy.ref.folder)).toEqual(['INBOX', 'Mine'])
        expect(found.every((copy) => copy.networkMessageId === network)).toBe(true)
        const [first, second] = found.map(must)
        expect((await session.find({ refs: [must(first).ref] })).map((copy) => copy.ref)).toEqual([must(first).ref])
        const id = must(second).ref.serverId
        if (id !== null) {
          expect((await session.find({ serverIds: [id] })).map((copy) => copy.ref.folder)).toEqual(['Mine'])
        }
        const hold = await session.hold('quarantine', [])
        await session.move('INBOX', [must(first).ref.uid], hold)
        const outside = await session.find({ networkMessageIds: [network] })
        expect(outside.map((copy) => copy.ref.folder)).toEqual(differs.marksOnly ? ['INBOX', 'Mine'] : ['Mine'])
        const named = await session.find({ networkMessageIds: [network], folders: [hold] })
        expect(named.map((copy) => copy.ref.folder)).toEqual([hold])
      }))

    test('find: many at once, over several folders', () =>
      pair(async (session, owner) => {
        const ids = Array.from({ length: 60 }, () => randomUUID())
        await owner.createFolder('Mine')
        for (const [i, id] of ids.entries()) {
          await owner.append(i % 3 ? 'INBOX' : 'Mine', mail(`m${i}`, { 'X-Recourse-Message-Id': id }), [], OLD)
        }
        const found = await session.find({ networkMessageIds: ids })
        expect(new Set(found.map((copy) => copy.networkMessageId))).toEqual(new Set(ids))
        const few = await session.find({ networkMessageIds: ids.slice(0, 2), folders: ['INBOX', 'Mine', 'NoSuch'] })
        expect(few.length).toBe(2)
      }))

    test('mailbox #53 #47: a message that the user moved (to Trash) is found there and goes back there', () =>
      pair(async (session, owner) => {
        const [item] = await seed(session, owner, 1)
        const trash = await session.special('trash')
        await owner.move('INBOX', must(item).ref.uid, trash)
        const [found] = await session.find({ internetMessageIds: [must(must(item).internetMessageId)] })
        expect(found?.ref.folder).toBe(trash)
        expect(found?.ref.serverId).toBe(must(item).ref.serverId)
        const hold = await session.hold('soft-deleted', SEVEN)
        const taken = [...(await session.move(trash, [must(found).ref.uid], hold)).moved.values()]
        const back = await session.move(hold, uidsOf(taken), trash)
        expect(back.moved.size).toBe(1)
      }))

    test('mailbox #55: a renamed folder is followed by its id', () =>
      pair(async (session, owner) => {
        await owner.createFolder('Mine')
        const [item] = await seed(session, owner, 1, 'Mine')
        await owner.renameFolder('Mine', 'Mine-2')
        expect(await session.position('Mine')).toBeNull()
        if (differs.noFolderIds) return
        const now = must((await session.folders()).find((folder) => folder.id === must(item).ref.folderId))
        expect(now.path).toBe('Mine-2')
        const [found] = await session.find({ refs: [must(item).ref] })
        expect([found?.ref.folder, found?.ref.uid]).toEqual(['Mine-2', must(item).ref.uid])
      }))

    test('mailbox #57: a folder that was deleted and made again is another folder', () =>
      pair(async (session, owner) => {
        await owner.createFolder('Mine')
        const [item] = await seed(session, owner, 1, 'Mine')
        const before = await here(session, 'Mine')
        await owner.deleteFolder('Mine')
        await owner.createFolder('Mine')
        const [other] = await seed(session, owner, 1, 'Mine')
        const after = await here(session, 'Mine')
        expect([after.uidValidity, after.folderId]).not.toEqual([before.uidValidity, before.folderId])
        expect(await session.find({ refs: [must(item).ref] })).toEqual([])
        expect((await session.find({ refs: [must(other).ref] })).length).toBe(1)
      }))

    test('mailbox #58: a folder that we make is subscribed when asked; it is listed as it is', () =>
      pair(async (session) => {
        await session.createFolder('Mine', { subscribe: true })
        await session.createFolder('Mine unsubscribed', { subscribe: false })
        const folders = await session.folders()
        const by = (path: string) => folders.find((folder) => folder.path === path)
        expect(by('Mine')?.subscribed).toBe(true)
        expect(by('Mine unsubscribed')?.subscribed).toBe(false)
        expect(by('INBOX')?.use).toBe('inbox')
      }))

    test('mailbox #60: names with emoji, umlauts, &, quotes and backslash round-trip', () =>
      pair(async (session, owner) => {
        const names = ['Mine 😀', 'Mine é & ü', 'Mine &AGE-', 'Mine "quoted"', "Mine's", 'Mine back\\slash', 'Mine%20*']
        for (const name of names) {
          await session.createFolder(name, { subscribe: true })
          const [item] = await seed(session, owner, 1, name)
          expect((await session.find({ refs: [must(item).ref] }))[0]?.ref.folder).toBe(name)
        }
        const paths = (await session.folders()).map((folder) => folder.path)
        expect(paths).toEqual(expect.arrayContaining(names))
      }))

    test.runIf(!differs.holdVisible)('mailbox #63: the holds cannot be seen or opened by the user', () =>
      pair(async (session, owner) => {
        expect(await session.holdHidden()).toBe(true)
        for (const hold of ['soft-deleted', 'hard-deleted', 'quarantine'] as const) {
          const path = await session.hold(hold, ['Mine'])
          expect(await owner.reaches(path)).toBe(false)
          expect((await session.folders()).map((folder) => folder.path)).not.toContain(path)
          expect(await here(session, path)).toMatchObject({ folder: path })
        }
      }),
    )

    test.runIf(differs.holdVisible)('a hold that the user can see is said to be so', () =>
      pair(async (session, owner) => {
        const path = await session.hold('quarantine', [])
        expect(await session.holdHidden()).toBe(false)
        expect(await owner.reaches(path)).toBe(true)
      }),
    )

    const restorable = (over: Partial<Restorable> = {}): Restorable => ({
      bytes: mail('restored'),
      flags: ['\\Seen'],
      keywords: ['Invoice'],
      internalDate: OLD,
      ...over,
    })

    test('mailbox #23: append keeps bytes, flags, keywords and date, and reads them back', () =>
      pair(async (session) => {
        const bodies = [
          `${'x'.repeat(200_000)}\r\n`,
          'no final newline',
          'From here\r\n.\r\n..\r\n',
          `${Buffer.from([1, 7, 128, 255, 254]).toString('latin1')}\r\n`,
        ]
        for (const body of bodies) {
          const copy = restorable({ bytes: mail('bytes', {}, body), flags: [...FIVE], keywords: [...SEVEN] })
          const { state, lost } = await session.append('INBOX', copy)
          expect(lost).toEqual([])
          const [read] = await all(session.read('INBOX', [state.ref.uid]))
          expect(sha(must(read).bytes)).toBe(sha(copy.bytes))
          expect(sameFlags(must(read), copy)).toBe(true)
          expect(sameInstant(must(read).internalDate, copy.internalDate)).toBe(true)
        }
      }))

    test('mailbox #6 #7 #8 #80: what cannot be stored is never sent and always said', () =>
      pair(async (session) => {
        const bad = ['kéy', 'a b', 'a(b', 'a"b', 'a\\b', 'a%b', 'a*b', 'a]b', '', '\\Important']
        const odd: unknown = ['\\Seen', '\\Recent', '\\Custom']
        const flags = odd as readonly SystemFlag[]
        const { state, lost } = await session.append('INBOX', restorable({ flags, keywords: [...bad, 'Good'] }))
        expect([state.flags, state.keywords]).toEqual([['\\Seen'], ['Good']])
        expect(lost.length).toBe(bad.length + 1)
        for (const keyword of bad) expect(lost.join('\n')).toContain(JSON.stringify(keyword))
        await expect(session.append('INBOX', restorable({ internalDate: new Date('garbage') }))).rejects.toThrow(/date/)
        const set = await session.setFlags(state.ref, { flags, keywords: bad })
        expect(set.lost.length).toBe(bad.length + 1)
        expect((await session.state('INBOX', [state.ref.uid]))[0]).toMatchObject({ flags: ['\\Seen'], keywords: [] })
      }))

    test('mailbox #9: a keyword of 51 characters is reported', () =>
      pair(async (session) => {
        const { state, lost } = await session.append('INBOX', restorable({ keywords: ['k'.repeat(51)] }))
        expect(state.keywords).toEqual([])
        expect(lost.join()).toContain('50')
      }))

    test('mailbox #10: keywords are compared without case', () =>
      pair(async (session, owner) => {
        await owner.append('INBOX', mail('first'), ['$Junk'], OLD)
        const { state, lost } = await session.append('INBOX', restorable({ keywords: ['$junk'] }))
        expect(lost).toEqual([])
        expect(state.keywords.map((k) => k.toLowerCase())).toEqual(['$junk'])
        await session.setFlags(
          state.ref,
          { flags: [], keywords: ['$JUNK'] },
          { flags: ['\\Seen'], keywords: ['$Junk'] },
        )
      }))

    test('mailbox #4: dates that a server would change are listed, the message is put back', () =>
      pair(async (session) => {
        for (const year of [1902, 2040, 2110]) {
          const copy = restorable({ internalDate: new Date(Date.UTC(year, 5, 1)) })
          const { state, lost } = await session.append('INBOX', copy)
          if (differs.anyDate) expect([lost, state.internalDate]).toEqual([[], copy.internalDate])
          else expect(lost.join()).toContain(String(year))
        }
      }))

    test('mailbox #21: an empty message is refused', () =>
      pair(async (session) => {
        const copy = restorable({ bytes: Buffer.alloc(0) })
        await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'refused' })
      }))

    test('mailbox #17: bytes with bare LF, bare CR and NUL are exact or said to be normalised', () =>
      pair(async (session) => {
        const head = 'Subject: ends\r\n\r\n'
        for (const body of ['a\nb\n', 'a\rb\r\n', 'a\r\r\nb', 'a\r\nb\r', 'nul \0 here\r\n', 'mixed\n\r\n']) {
          const copy = restorable({ bytes: Buffer.from(head + body, 'latin1') })
          if (differs.noNul && body.includes('\0')) {
            await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'refused' })
            continue
          }
          const { state, lost } = await session.append('INBOX', copy)
          const [read] = await all(session.read('INBOX', [state.ref.uid]))
          const exact = must(read).bytes.equals(copy.bytes)
          if (differs.exactBytes) expect(exact).toBe(true)
          expect(lost.length === 0).toBe(exact)
        }
      }))

    test('mailbox #79 #42: flags are set exactly, and not over the user’s change', () =>
      pair(async (session, owner) => {
        const [item] = await seed(session, owner, 1)
        const { ref } = must(item)
        await session.setFlags(ref, { flags: ['\\Seen'], keywords: ['A', 'B'] }, must(item))
        const [set] = await session.state('INBOX', [ref.uid])
        expect([set?.flags, set?.keywords]).toEqual([['\\Seen'], ['A', 'B']])
        await owner.flag('INBOX', ref.uid, ['\\Answered'])
        const late = session.setFlags(ref, { flags: [], keywords: [] }, must(set))
        await expect(late).rejects.toMatchObject({ code: 'changed' })
        expect((await session.state('INBOX', [ref.uid]))[0]?.flags).toEqual(['\\Answered'])
        await owner.expunge('INBOX', ref.uid)
        const gone = session.setFlags(ref, { flags: [], keywords: [] })
        await expect(gone).rejects.toMatchObject({ code: 'changed' })
      }))

    test.runIf(!differs.marksOnly)(
      'mailbox #77: destroy removes exactly these; a message the user marked survives',
      () =>
        pair(async (session, owner) => {
          const items = await seed(session, owner, 4)
          const [a, b, c, d] = uids(items).map(must)
          await owner.flag('INBOX', must(a), ['\\Deleted'])
          await session.destroy('INBOX', [must(b), must(c), 999_999])
          expect(uids(await session.state('INBOX', [a, b, c, d].map(must)))).toEqual([a, d])
        }),
    )

    test.runIf(differs.marksOnly)('mailbox #77: without UIDPLUS nothing is ever expunged', () =>
      pair(async (session, owner) => {
        const items = await seed(session, owner, 6)
        await owner.flag('INBOX', must(uids(items)[5]), ['\\Deleted'])
        const hold = await session.hold('quarantine', SEVEN)
        const two = uids(items).slice(0, 2)
        const result = await session.move('INBOX', two, hold)
        expect(result.marked).toEqual(two)
        const left = await session.state('INBOX', uids(items))
        expect(left.length).toBe(6)
        expect(left.filter((copy) => copy.flags.includes('\\Deleted')).map((copy) => copy.ref.uid)).toEqual(
          expect.arrayContaining([...two, must(uids(items)[5])]),
        )
        const kept = await session.state(hold, uidsOf([...result.moved.values()]))
        for (const copy of kept) {
          const item = must(items.find((one) => one.internetMessageId === copy.internetMessageId))
          expect(sameFlags(copy, item)).toBe(true)
        }
        await expect(session.destroy('INBOX', two)).rejects.toMatchObject({ code: 'refused' })
      }),
    )

    test('settle: nothing happened → all in the source; all happened → all in the target', () =>
      pair(async (session, owner) => {
        const items = await seed(session, owner, 6)
        const hold = await session.hold('quarantine', SEVEN)
        const doubt: Doubt = { source: 'INBOX', items, target: await here(session, hold) }
        const before = await session.settle(doubt)
        expect([...before.values()].map((one) => one.at)).toEqual(items.map(() => 'source'))
        if (differs.marksOnly) return
        const gone = must(items[5])
        await owner.expunge('INBOX', gone.ref.uid)
        await session.move('INBOX', uids(items).slice(0, 4), hold)
        const after = await session.settle(doubt)
        expect(items.map((item) => after.get(item.ref.uid)?.at)).toEqual([
          'target',
          'target',
          'target',
          'target',
          'source',
          'neither',
        ])
        for (const [uid, one] of after) {
          if (one.at === 'neither') continue
          expect(shown(one.state)).toEqual(shown(must(items.find((item) => item.ref.uid === uid))))
        }
      }))

    test.runIf(!differs.marksOnly)(
      'settle: a message in both places ends in one: equal → target, different → source',
      () =>
        pair(async (session, owner) => {
          const items = await seed(session, owner, 4)
          const target = 'Mine'
          await session.createFolder(target, { subscribe: false })
          const doubt: Doubt = { source: 'INBOX', items, target: await here(session, target) }
          for (const uid of uids(items)) await owner.copy('INBOX', uid, target)
          await owner.flag('INBOX', must(uids(items)[1]), ['\\Flagged'])
          const settled = await session.settle(doubt)
          expect(items.map((item) => settled.get(item.ref.uid)?.at)).toEqual(['target', 'source', 'target', 'target'])
          expect(uids(await session.state('INBOX', uids(items)))).toEqual([uids(items)[1]])
          expect((await inFolder(session, target)).length).toBe(3)
          const again = await session.settle(doubt)
          expect(items.map((item) => again.get(item.ref.uid)?.at)).toEqual(['target', 'source', 'target', 'target'])
        }),
    )

    test.runIf(!differs.marksOnly)('settle: copies that share one id are paired by count, and by state', () =>
      pair(async (session, owner) => {
        const [first] = await seed(session, owner, 1)
        await owner.copy('INBOX', must(first).ref.uid, 'INBOX')
        await owner.copy('INBOX', must(first).ref.uid, 'INBOX')
        const items = await session.find({ internetMessageIds: [must(must(first).internetMessageId)] })
        expect(items.length).toBe(3)
        await owner.flag('INBOX', must(items[1]).ref.uid, ['\\Seen'])
        const now = await session.state('INBOX', uids(items))
        const hold = await session.hold('quarantine', SEVEN)
        const doubt: Doubt = { source: 'INBOX', items: now, target: await here(session, hold) }
        await session.move('INBOX', uids(now).slice(1, 2), hold)
        const settled = await session.settle(doubt)
        expect(now.map((item) => settled.get(item.ref.uid)?.at)).toEqual(['source', 'target', 'source'])
        expect((await inFolder(session, hold)).length).toBe(1)
      }),
    )

    test.runIf(!differs.marksOnly)('the way back is proved with a message of our own, and nothing is left of it', () =>
      pair(async (session, _owner, login) => {
        const inbox = (await inFolder(session, 'INBOX')).length
        const proof = await running.provider.proveWayBack({ login })
        expect(proof.steps.join('\n')).not.toContain('failed')
        expect(proof).toMatchObject({ ok: true, holdHidden: !differs.holdVisible })
        expect((await inFolder(session, 'INBOX')).length).toBe(inbox)
        for (const hold of ['quarantine', 'hard-deleted'] as const) {
          const left = await inFolder(session, await session.hold(hold, []))
          expect(left.filter((copy) => copy.bytes.includes('X-Recourse-Probe'))).toEqual([])
        }
      }),
    )

    test.runIf(differs.marksOnly)('mailbox #91: the way back is not proved where messages can only be marked', () =>
      pair(async (_session, _owner, login) => {
        const proof = await running.provider.proveWayBack({ login })
        expect(proof.ok).toBe(false)
        expect(proof.steps.at(-1)).toContain('UIDPLUS')
      }),
    )

    test('deliver puts a new message where it belongs', () =>
      pair(async (session, _owner, login) => {
        if (!running.provider.deliver) return
        const bytes = mail('delivered', { 'X-Recourse-Message-Id': 'delivered-1' })
        for (const use of ['inbox', 'junk'] as const) {
          const ref = await running.provider.deliver({ login }, use, bytes)
          const folder = await session.special(use)
          expect(ref.folder).toBe(folder)
          const [copy] = await all(session.read(folder, [ref.uid]))
          expect(copy?.ref).toEqual(ref)
          expect(copy?.bytes.equals(bytes)).toBe(true)
          expect([copy?.flags, copy?.keywords, copy?.networkMessageId]).toEqual([[], [], 'delivered-1'])
        }
      }))

    test('a session that was closed says so; the provider goes on', () =>
      pair(async (_session, _owner, login) => {
        const session = await running.provider.open({ login })
        await session.close()
        await expect(session.folders()).rejects.toMatchObject({ code: 'unavailable' })
        const next = await running.provider.open({ login })
        expect((await next.folders()).length).toBeGreaterThan(0)
        await next.close()
      }))
  })
}

export const uids = (copies: readonly CopyState[]): number[] => copies.map((copy) => copy.ref.uid)
const uidsOf = (refs: readonly { uid: number }[]): number[] => refs.map((ref) => ref.uid)

const withoutBytes = ({ bytes: _, ...state }: CopyWithBytes): CopyState => state

/** What must be equal when a copy came back: everything but its place. */
const shown = (copy: CopyState | CopyWithBytes) => ({
  flags: copy.flags,
  keywords: copy.keywords.map((keyword) => keyword.toLowerCase()),
  date: copy.internalDate.toISOString(),
  size: copy.size,
  hash: 'bytes' in copy ? sha(copy.bytes) : null,
  messageId: copy.internetMessageId,
  networkMessageId: copy.networkMessageId,
})
