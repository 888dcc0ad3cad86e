import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { all, inFolder, type Kit, mail, must, OLD, SEVEN, seed, sha, shown, uids } from './kit.ts'

/** Moving and finding. */
export function moving(kit: Kit): void {
  test('mailbox #1 #2 #66: a move to the hold and back keeps bytes, five flags, seven keywords, date and id', () =>
    kit.pair(async (session, owner) => {
      const items = await seed(session, owner, 4)
      const bytes = await inFolder(session, 'INBOX')
      const hold = await session.hold('quarantine', SEVEN)
      const taken = await session.move('INBOX', uids(items), hold)
      expect(taken.missing).toEqual([])
      expect([...taken.moved.keys()]).toEqual(uids(items))
      const held = await inFolder(session, hold)
      const takenUids = [...taken.moved.values()].map((ref) => ref.uid)
      const mine = held.filter((copy) => takenUids.includes(copy.ref.uid))
      if (kit.differs.marksOnly) expect(taken.marked).toEqual(uids(items))
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
    kit.pair(async (session, owner) => {
      const [item] = await seed(session, owner, 1)
      expect(must(item).internalDate.toISOString()).toBe('2019-01-31T21:34:05.000Z')
    }))

  test('mailbox #25 #26: UIDs that are gone are told, the others are paired whatever the order', () =>
    kit.pair(async (session, owner) => {
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
    kit.pair(async (session) => {
      const hold = await session.hold('soft-deleted', [])
      const none = await session.move('INBOX', [999_999], hold)
      expect([none.moved.size, none.missing]).toEqual([0, [999_999]])
      expect((await session.move('INBOX', [], hold)).moved.size).toBe(0)
    }))

  test('mailbox #29: a missing target or source is no-folder, and nothing was moved', () =>
    kit.pair(async (session, owner) => {
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
    kit.pair(async (session, owner) => {
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
    kit.pair(async (session, owner) => {
      const [item] = await seed(session, owner, 1)
      await owner.copy('INBOX', must(item).ref.uid, 'INBOX')
      const found = await session.find({ internetMessageIds: [must(must(item).internetMessageId)] })
      expect(found.length).toBe(2)
      expect(new Set(found.map((copy) => copy.ref.uid)).size).toBe(2)
      expect(new Set(found.map((copy) => copy.ref.serverId)).size).toBe(1)
    }))

  test('mailbox #52: the same Message-ID is a candidate only; the bytes tell them apart', () =>
    kit.pair(async (session, owner) => {
      const id = `<flood-${randomUUID()}@sender.example>`
      for (const body of ['one', 'two']) await owner.append('INBOX', mail(body, { 'Message-ID': id }), [], OLD)
      const found = await session.find({ internetMessageIds: [id] })
      const bytes = await all(session.read('INBOX', uids(found)))
      expect(new Set(bytes.map((copy) => sha(copy.bytes))).size).toBe(2)
    }))

  test('find: by our header, the message’s id, the server’s id and by place; Inbox first; the hold only when named', () =>
    kit.pair(async (session, owner) => {
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
      expect(outside.map((copy) => copy.ref.folder)).toEqual(kit.differs.marksOnly ? ['INBOX', 'Mine'] : ['Mine'])
      const named = await session.find({ networkMessageIds: [network], folders: [hold] })
      expect(named.map((copy) => copy.ref.folder)).toEqual([hold])
    }))

  test('find: many at once, over several folders', () =>
    kit.pair(async (session, owner) => {
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
}
