import { expect, test } from 'vitest'
import { here, type Kit, must, SEVEN, seed, testIf, uidsOf } from './kit.ts'

/** Folders and holds. */
export function folders(kit: Kit): void {
  test('mailbox #53 #47: a message that the user moved (to Trash) is found there and goes back there', () =>
    kit.pair(async (session, owner) => {
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
    kit.pair(async (session, owner) => {
      await owner.createFolder('Mine')
      const [item] = await seed(session, owner, 1, 'Mine')
      await owner.renameFolder('Mine', 'Mine-2')
      expect(await session.position('Mine')).toBeNull()
      if (kit.differs.noFolderIds) return
      const now = must((await session.folders()).find((folder) => folder.id === must(item).ref.folderId))
      expect(now.path).toBe('Mine-2')
      const [found] = await session.find({ refs: [must(item).ref] })
      expect([found?.ref.folder, found?.ref.uid]).toEqual(['Mine-2', must(item).ref.uid])
    }))

  test('mailbox #57: a folder that was deleted and made again is another folder', () =>
    kit.pair(async (session, owner) => {
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

  test('a folder of the user cannot be made where our holds are', () =>
    kit.pair(async (session) => {
      const hold = await session.hold('quarantine', SEVEN)
      await expect(session.createFolder(hold, { subscribe: true })).rejects.toMatchObject({ code: 'refused' })
      await expect(session.createFolder(`${hold}/mine`, { subscribe: true })).rejects.toMatchObject({ code: 'refused' })
    }))

  test('mailbox #58: a folder that we make is subscribed when asked; it is listed as it is', () =>
    kit.pair(async (session) => {
      await session.createFolder('Mine', { subscribe: true })
      await session.createFolder('Mine unsubscribed', { subscribe: false })
      const folders = await session.folders()
      const by = (path: string) => folders.find((folder) => folder.path === path)
      expect(by('Mine')?.subscribed).toBe(true)
      expect(by('Mine unsubscribed')?.subscribed).toBe(false)
      expect(by('INBOX')?.use).toBe('inbox')
    }))

  test('mailbox #60: names with emoji, umlauts, &, quotes and backslash round-trip', () =>
    kit.pair(async (session, owner) => {
      const names = ['Mine 😀', 'Mine é & ü', 'Mine &AGE-', 'Mine "quoted"', "Mine's", 'Mine back\\slash', 'Mine%20*']
      for (const name of names) {
        await session.createFolder(name, { subscribe: true })
        const [item] = await seed(session, owner, 1, name)
        expect((await session.find({ refs: [must(item).ref] }))[0]?.ref.folder).toBe(name)
      }
      const paths = (await session.folders()).map((folder) => folder.path)
      expect(paths).toEqual(expect.arrayContaining(names))
    }))

  test('the user’s folder by the name that it had elsewhere; a name that no folder can have is refused with the reason', () =>
    kit.pair(async (session) => {
      const path = await session.userFolder('Mine/2026/Größe & more')
      await session.createFolder(path, { subscribe: true })
      expect((await session.folders()).map((folder) => folder.path)).toContain(path)
      for (const [name, why] of [
        ['Mine\nyours', 'no folder can be called "Mine\\nyours": it holds a control character'],
        ['Mine\0', 'it holds a control character'],
        ['Mine\u0085', 'it holds a control character'],
        ['a//b', 'a part of its path is empty'],
        ['/a', 'a part of its path is empty'],
      ] as const) {
        await expect(session.userFolder(name), name).rejects.toThrow(why)
        await expect(session.createFolder(name, { subscribe: true }), name).rejects.toMatchObject({
          name: 'BadFolderName',
          code: 'refused',
        })
      }
      expect((await session.folders()).filter((folder) => /[^ -~ößÜü]/.test(folder.path))).toEqual([])
    }))

  testIf(!kit.differs.holdVisible)('mailbox #63: the holds cannot be seen or opened by the user', () =>
    kit.pair(async (session, owner) => {
      expect(await session.holdHidden()).toBe(true)
      for (const hold of ['soft-deleted', 'hard-deleted', 'quarantine'] as const) {
        const path = await session.hold(hold, ['Mine'])
        expect(await owner.reaches(path)).toBe(false)
        expect((await session.folders()).map((folder) => folder.path)).not.toContain(path)
        expect(await here(session, path)).toMatchObject({ folder: path })
      }
    }),
  )

  testIf(kit.differs.holdVisible)('a hold that the user can see is said to be so', () =>
    kit.pair(async (session, owner) => {
      const path = await session.hold('quarantine', [])
      expect(await session.holdHidden()).toBe(false)
      expect(await owner.reaches(path)).toBe(true)
    }),
  )
}
