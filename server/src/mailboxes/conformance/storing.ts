import { expect, test } from 'vitest'
import type { Restorable, SystemFlag } from '../provider.ts'
import { sameFlags, sameInstant } from '../state.ts'
import { all, FIVE, type Kit, mail, must, OLD, SEVEN, seed, sha, testIf, uids, uidsOf } from './kit.ts'

/** Putting back, flags and removing. */
export function storing(kit: Kit): void {
  const restorable = (over: Partial<Restorable> = {}): Restorable => ({
    bytes: mail('restored'),
    flags: ['\\Seen'],
    keywords: ['Invoice'],
    internalDate: OLD,
    ...over,
  })

  test('mailbox #23: append keeps bytes, flags, keywords and date, and reads them back', () =>
    kit.pair(async (session) => {
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
    kit.pair(async (session) => {
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
    kit.pair(async (session) => {
      const { state, lost } = await session.append('INBOX', restorable({ keywords: ['k'.repeat(51)] }))
      expect(state.keywords).toEqual([])
      expect(lost.join()).toContain('50')
    }))

  test('mailbox #10: keywords are compared without case', () =>
    kit.pair(async (session, owner) => {
      await owner.append('INBOX', mail('first'), ['$Junk'], OLD)
      const { state, lost } = await session.append('INBOX', restorable({ keywords: ['$junk'] }))
      expect(lost).toEqual([])
      expect(state.keywords.map((k) => k.toLowerCase())).toEqual(['$junk'])
      await session.setFlags(state.ref, { flags: [], keywords: ['$JUNK'] }, { flags: ['\\Seen'], keywords: ['$Junk'] })
    }))

  test('mailbox #4: dates that a server would change are listed, the message is put back', () =>
    kit.pair(async (session) => {
      for (const year of [1902, 2040, 2110]) {
        const copy = restorable({ internalDate: new Date(Date.UTC(year, 5, 1)) })
        const { state, lost } = await session.append('INBOX', copy)
        if (kit.differs.anyDate) expect([lost, state.internalDate]).toEqual([[], copy.internalDate])
        else expect(lost.join()).toContain(String(year))
      }
    }))

  test('mailbox #21: an empty message is refused', () =>
    kit.pair(async (session) => {
      const copy = restorable({ bytes: Buffer.alloc(0) })
      await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'refused' })
    }))

  test('mailbox #17: bytes with bare LF, bare CR and NUL are exact or said to be normalised', () =>
    kit.pair(async (session) => {
      const head = 'Subject: ends\r\n\r\n'
      for (const body of ['a\nb\n', 'a\rb\r\n', 'a\r\r\nb', 'a\r\nb\r', 'nul \0 here\r\n', 'mixed\n\r\n']) {
        const copy = restorable({ bytes: Buffer.from(head + body, 'latin1') })
        if (kit.differs.noNul && body.includes('\0')) {
          await expect(session.append('INBOX', copy)).rejects.toMatchObject({ code: 'refused' })
          continue
        }
        const { state, lost } = await session.append('INBOX', copy)
        const [read] = await all(session.read('INBOX', [state.ref.uid]))
        const exact = must(read).bytes.equals(copy.bytes)
        if (kit.differs.exactBytes) expect(exact).toBe(true)
        expect(lost.length === 0).toBe(exact)
      }
    }))

  test('mailbox #79 #42: flags are set exactly, and not over the user’s change', () =>
    kit.pair(async (session, owner) => {
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

  testIf(!kit.differs.marksOnly)('mailbox #77: destroy removes exactly these; a message the user marked survives', () =>
    kit.pair(async (session, owner) => {
      const items = await seed(session, owner, 4)
      const [a, b, c, d] = uids(items).map(must)
      await owner.flag('INBOX', must(a), ['\\Deleted'])
      await session.destroy('INBOX', [must(b), must(c), 999_999])
      expect(uids(await session.state('INBOX', [a, b, c, d].map(must)))).toEqual([a, d])
    }),
  )

  testIf(kit.differs.marksOnly)('mailbox #77: without UIDPLUS nothing is ever expunged', () =>
    kit.pair(async (session, owner) => {
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
}
