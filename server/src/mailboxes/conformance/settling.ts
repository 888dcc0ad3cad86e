import { expect, test } from 'vitest'
import type { Doubt } from '../provider.ts'
import { all, here, inFolder, type Kit, mail, must, SEVEN, seed, shown, testIf, uids } from './kit.ts'

/** Settling interrupted moves, the way back, deliveries and sessions. */
export function settling(kit: Kit): void {
  test('settle: nothing happened → all in the source; all happened → all in the target', () =>
    kit.pair(async (session, owner) => {
      const items = await seed(session, owner, 6)
      const hold = await session.hold('quarantine', SEVEN)
      const doubt: Doubt = { source: 'INBOX', items, target: await here(session, hold), shared: false }
      const before = await session.settle(doubt)
      expect([...before.values()].map((one) => one.at)).toEqual(items.map(() => 'source'))
      if (kit.differs.marksOnly) return
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

  testIf(!kit.differs.marksOnly)(
    'settle: a message in both places ends in one: equal → target, different → source',
    () =>
      kit.pair(async (session, owner) => {
        const items = await seed(session, owner, 4)
        const target = 'Mine'
        await session.createFolder(target, { subscribe: false })
        const doubt: Doubt = { source: 'INBOX', items, target: await here(session, target), shared: false }
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

  testIf(!kit.differs.marksOnly)(
    'settle: of two copies whose origin nobody can tell, because the user reaches both folders, none is removed',
    () =>
      kit.pair(async (session, owner) => {
        const items = await seed(session, owner, 3)
        const target = await session.special('junk')
        const doubt: Doubt = { source: 'INBOX', items, target: await here(session, target), shared: true }
        const [copied, moved] = uids(items)
        await owner.copy('INBOX', must(copied), target)
        await session.move('INBOX', [must(moved)], target)
        const settled = await session.settle(doubt)
        expect(items.map((item) => settled.get(item.ref.uid)?.at)).toEqual(['both', 'target', 'source'])
        expect((await session.state('INBOX', uids(items))).length).toBe(2)
        expect((await inFolder(session, target)).length).toBe(2)
      }),
  )

  testIf(!kit.differs.marksOnly)('settle: copies that share one id are paired by count, and by state', () =>
    kit.pair(async (session, owner) => {
      const [first] = await seed(session, owner, 1)
      await owner.copy('INBOX', must(first).ref.uid, 'INBOX')
      await owner.copy('INBOX', must(first).ref.uid, 'INBOX')
      const items = await session.find({ internetMessageIds: [must(must(first).internetMessageId)] })
      expect(items.length).toBe(3)
      await owner.flag('INBOX', must(items[1]).ref.uid, ['\\Seen'])
      const now = await session.state('INBOX', uids(items))
      const hold = await session.hold('quarantine', SEVEN)
      const doubt: Doubt = { source: 'INBOX', items: now, target: await here(session, hold), shared: false }
      await session.move('INBOX', uids(now).slice(1, 2), hold)
      const settled = await session.settle(doubt)
      expect(now.map((item) => settled.get(item.ref.uid)?.at)).toEqual(['source', 'target', 'source'])
      expect((await inFolder(session, hold)).length).toBe(1)
    }),
  )

  testIf(!kit.differs.marksOnly)('the way back is proved with a message of our own, and nothing is left of it', () =>
    kit.pair(async (session, _owner, login) => {
      const inbox = (await inFolder(session, 'INBOX')).length
      const proof = await kit.provider.proveWayBack({ login })
      expect(proof.steps.join('\n')).not.toContain('failed')
      expect(proof).toMatchObject({ ok: true, holdHidden: !kit.differs.holdVisible })
      expect((await inFolder(session, 'INBOX')).length).toBe(inbox)
      for (const hold of ['quarantine', 'hard-deleted'] as const) {
        const left = await inFolder(session, await session.hold(hold, []))
        expect(left.filter((copy) => copy.bytes.includes('X-Recourse-Probe'))).toEqual([])
      }
    }),
  )

  testIf(kit.differs.marksOnly)('mailbox #91: the way back is not proved where messages can only be marked', () =>
    kit.pair(async (_session, _owner, login) => {
      const proof = await kit.provider.proveWayBack({ login })
      expect(proof.ok).toBe(false)
      expect(proof.steps.at(-1)).toContain('UIDPLUS')
    }),
  )

  test('deliver puts a new message where it belongs', () =>
    kit.pair(async (session, _owner, login) => {
      if (!kit.provider.deliver) return
      const bytes = mail('delivered', { 'X-Recourse-Message-Id': 'delivered-1' })
      for (const use of ['inbox', 'junk'] as const) {
        const ref = await kit.provider.deliver({ login }, use, bytes)
        const folder = await session.special(use)
        expect(ref.folder).toBe(folder)
        const [copy] = await all(session.read(folder, [ref.uid]))
        expect(copy?.ref).toEqual(ref)
        expect(copy?.bytes.equals(bytes)).toBe(true)
        expect([copy?.flags, copy?.keywords, copy?.networkMessageId]).toEqual([[], [], 'delivered-1'])
      }
    }))

  test('a session that was closed says so; the provider goes on', () =>
    kit.pair(async (_session, _owner, login) => {
      const session = await kit.provider.open({ login })
      await session.close()
      await expect(session.folders()).rejects.toMatchObject({ code: 'unavailable' })
      const next = await kit.provider.open({ login })
      expect((await next.folders()).length).toBeGreaterThan(0)
      await next.close()
    }))
}
