import { expect, test } from 'vitest'
import type { FolderMark, MailboxSession } from '../provider.ts'
import { within } from '../ranges.ts'
import { type Kit, mail, must, OLD, seed } from './kit.ts'

const markOf = async (session: MailboxSession, path: string): Promise<FolderMark> =>
  must((await session.survey()).find((folder) => folder.path === path))

/** What a watcher asks: counters, what arrived, whose flags changed, what is still there. */
export function watching(kit: Kit): void {
  test('a survey shows counters that change with every arrival, flag and removal, and no hold', () =>
    kit.pair(async (session, owner) => {
      await session.hold('quarantine', [])
      const before = await markOf(session, 'INBOX')
      await owner.append('INBOX', mail('news'), [], OLD)
      const arrived = await markOf(session, 'INBOX')
      expect([arrived.uidValidity, arrived.messages]).toEqual([before.uidValidity, before.messages + 1])
      expect(arrived.uidNext).toBeGreaterThan(before.uidNext)
      const [copy] = await session.between(
        { folder: 'INBOX', uidValidity: arrived.uidValidity },
        before.uidNext,
        2 ** 32 - 1,
      )
      const { uid } = must(copy).ref
      await owner.flag('INBOX', uid, ['$Junk'])
      const flagged = await markOf(session, 'INBOX')
      if (arrived.modseq !== null) expect(flagged.modseq).not.toBe(arrived.modseq)
      await owner.expunge('INBOX', uid)
      const gone = await markOf(session, 'INBOX')
      expect(gone.messages).toBe(before.messages)
      if (flagged.modseq !== null) expect(gone.modseq).not.toBe(flagged.modseq)
      const paths = (await session.survey()).map((folder) => folder.path)
      expect(paths.filter((path) => /hold|quarantine/i.test(path))).toEqual([])
    }))

  test('between: only what lies there, in order, with its ids', () =>
    kit.pair(async (session, owner) => {
      const copies = await seed(session, owner, 6)
      const watched = { folder: 'INBOX', uidValidity: must(copies[0]).ref.uidValidity }
      const [from, to] = [must(copies[1]).ref.uid, must(copies[4]).ref.uid]
      await owner.expunge('INBOX', must(copies[2]).ref.uid)
      const found = await session.between(watched, from, to)
      expect(found.map((copy) => copy.ref)).toEqual([copies[1], copies[3], copies[4]].map((copy) => must(copy).ref))
      expect(found[0]?.internetMessageId).toBe(must(copies[1]).internetMessageId)
      expect(await session.between(watched, to + 100, to + 200)).toEqual([])
      await expect(session.between({ ...watched, uidValidity: '7' }, 1, 2)).rejects.toMatchObject({ code: 'changed' })
    }))

  test('mailbox #48 #49, by CHANGEDSINCE: flags that changed since a survey are told, with an old counter more than these; new UIDs are noticed; what vanished is not among the present', () =>
    kit.pair(async (session, owner) => {
      const copies = await seed(session, owner, 5)
      const { modseq, uidValidity } = await markOf(session, 'INBOX')
      const watched = { folder: 'INBOX', uidValidity }
      const [first, second] = [must(copies[0]).ref.uid, must(copies[1]).ref.uid]
      await owner.flag('INBOX', first, ['\\Seen', '$NotJunk'])
      await owner.expunge('INBOX', second)
      const changed = await session.flagged(watched, modseq)
      const now = must(changed.find((one) => one.uid === first))
      expect([now.flags, now.keywords.map((k) => k.toLowerCase())]).toEqual([['\\Seen'], ['$notjunk']])
      // A counter from before the log's beginning: more than what changed, and right.
      const superset = await session.flagged(watched, modseq === null ? null : '1')
      expect(superset.find((one) => one.uid === first)).toEqual(now)
      expect(superset.map((one) => one.uid)).toEqual(
        expect.arrayContaining(copies.map((copy) => copy.ref.uid).filter((uid) => uid !== second)),
      )
      const other = { ...watched, uidValidity: String(BigInt(uidValidity) + 1n) }
      for (const asked of [session.flagged(other, modseq), session.present(other), session.between(other, 1, 9)])
        await expect(asked).rejects.toMatchObject({ code: 'changed' })
      const present = await session.present(watched)
      expect(copies.map((copy) => within(present, copy.ref.uid))).toEqual([true, false, true, true, true])
      expect(
        await session.present({
          folder: await session.special('trash'),
          uidValidity: (await markOf(session, await session.special('trash'))).uidValidity,
        }),
      ).toEqual([])
    }))
}
