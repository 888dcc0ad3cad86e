import { beforeEach, describe, expect, test } from 'vitest'
import type { Office } from '../../../test/rig/memory-office.ts'
import { offices } from '../../../test/rig/offices.ts'
import type { ActionId } from '../../base/index.ts'
import type { ActionRequest, Requester } from '../types.ts'

// An action, its undo, and a redo that has put it in force again: what of it is taken, whoever has taken it, comes back by its undo.

const t = offices()
let o: Office
beforeEach(() => {
  o = t.office()
})

const QUARANTINE = { kind: 'quarantine' } as const
const JUNK = { kind: 'move', target: 'junk' } as const
const uid = (folder = 'INBOX') => o.user('ann').list(folder)[0]?.ref.uid ?? 0
const copied = (...folders: readonly string[]) => {
  for (const folder of folders) {
    o.user('ann').createFolder(folder)
    o.user('ann').copy('INBOX', uid(), folder)
  }
}
const states = async (...ids: readonly ActionId[]) => Promise.all(ids.map(async (id) => (await o.view(id)).state))

/** Taken, given back, copied by its user twice, and taken again. */
async function redone(request: Omit<ActionRequest, 'select'> = QUARANTINE) {
  const { mail, copies } = await o.deliver(['ann', 'bob'])
  const taken = await o.run(request, copies)
  const undone = await o.undo(taken)
  copied('Mine', 'Archive')
  const before = o.snapshots()
  const redo = await o.undo(undone)
  expect(o.snapshots()).not.toEqual(before)
  return { mail, copies, taken, undone, redo, before }
}

describe('the undo of an action that a redo has put in force again', () => {
  test.each([QUARANTINE, JUNK])('gives back the further copies, too, that the redo has taken: %o', async (request) => {
    const { taken, undone, redo, before } = await redone(request)
    expect(await o.service.undoPreview(o.analyst(), taken)).toMatchObject({
      copies: 4,
      exact: 4,
      messages: 1,
      mailboxes: 2,
      actions: [
        { id: taken, copies: 2 },
        { id: redo, copies: 4 },
      ],
    })
    const last = await o.undo(taken)
    expect((await o.items(last)).map((i) => i.state)).toEqual(['done', 'done', 'done', 'done'])
    expect(o.snapshots()).toEqual(before)
    expect(o.held().flat()).toEqual([])
    expect(await states(taken, undone, redo)).toEqual(['undone', 'completed', 'undone'])
    expect(await o.view(taken)).toMatchObject({ undoneBy: last })
    for (const id of [taken, redo]) await expect(o.undo(id)).rejects.toMatchObject({ code: 'nothing-to-undo' })
    // …and on: taken once more, and given back once more.
    const again = await o.undo(last)
    expect(await states(taken, redo, last, again)).toEqual(['completed', 'completed', 'undone', 'completed'])
    expect(o.user('ann').list('Mine')).toEqual([])
    // What waits in this very action is not found a second time.
    expect([(await o.items(redo)).length, (await o.items(again)).length]).toEqual([4, 4])
    await o.undo(taken)
    expect(o.snapshots()).toEqual(before)
    expect(o.held().flat()).toEqual([])
  })

  test('by its message, one copy at a time, and by its item', async () => {
    const { mail, copies, taken, before } = await redone()
    const bob = copies.filter((c) => c.mailbox.id === o.mailbox('bob').id).map((c) => c.id)
    const { id } = await o.service.undoAll(o.analyst(), { select: { messageIds: [mail.id], deliveryIds: bob } })
    await o.service.drain(t.a)
    expect(await o.items(id)).toHaveLength(1)
    expect(o.user('ann').snapshot()).toEqual([])
    expect(o.user('bob').snapshot()).toEqual(before[1])
    const left = (await o.items(taken)).filter((i) => i.revertedBy === null)
    await o.undo(taken, { items: left.map((i) => i.id) })
    expect(o.snapshots()).toEqual(before)
  })

  test('puts it where the redo has found it, not where the action had', async () => {
    const { copies } = await o.deliver(['ann'])
    const taken = await o.run(QUARANTINE, copies)
    const undone = await o.undo(taken)
    o.user('ann').createFolder('Archive')
    o.user('ann').move('INBOX', uid(), 'Archive')
    const before = o.snapshots()
    await o.undo(undone)
    expect((await o.service.undoPreview(o.analyst(), taken)).byFolder).toEqual([{ folder: 'Archive', count: 1 }])
    await o.undo(taken)
    expect(o.snapshots()).toEqual(before)
  })

  test('after the redo’s own undo there is nothing left to give back; of what that has left out, the rest comes', async () => {
    const { taken, redo, before } = await redone()
    const own = (await o.items(redo)).filter((i) => i.sameAs === null)
    await o.undo(redo, { items: own.map((i) => i.id) })
    expect(o.user('ann').held()).toHaveLength(2)
    await o.undo(taken)
    expect(o.snapshots()).toEqual(before)
    expect(await states(taken, redo)).toEqual(['undone', 'undone'])
    await expect(o.undo(taken)).rejects.toMatchObject({ code: 'nothing-to-undo' })
  })

  test('copies that a redo of a redo has taken come back, too', async () => {
    const { taken, redo } = await redone()
    const back = await o.undo(redo)
    copied('Third')
    const before = o.snapshots()
    await o.undo(back)
    expect(o.user('ann').snapshot()).toEqual([])
    await o.undo(taken)
    expect(o.snapshots()).toEqual(before)
    expect(o.held().flat()).toEqual([])
  })

  test('what was taken by two actions and is taken back of one of them goes to the other one’s place', async () => {
    const { copies } = await o.deliver(['ann'])
    const junk = await o.run(JUNK, copies)
    o.later(1000)
    const soft = await o.run({ kind: 'soft-delete' }, copies)
    const both = { select: { actions: [junk, soft] } }
    const undone = await o.service.undoAll(o.analyst(), both)
    await o.service.drain(t.a)
    const before = o.snapshots()
    await o.undo(undone.id)
    await o.undo(soft)
    expect(o.user('ann').list('Junk')).toHaveLength(1)
    await o.undo(junk)
    expect(o.snapshots()).toEqual(before)
  })

  test('a copy that is taken on since waits; the others come', async () => {
    const { copies, taken } = await redone(JUNK)
    o.later(1000)
    const bob = copies.filter((c) => c.mailbox.id === o.mailbox('bob').id)
    await o.run({ kind: 'soft-delete' }, bob)
    expect(await o.service.undoPreview(o.analyst(), taken)).toMatchObject({
      copies: 3,
      impossible: [{ count: 1, reason: expect.stringContaining('undo that first') }],
    })
  })

  test('while the redo runs it waits for it', async () => {
    const { copies } = await o.deliver(['ann'])
    const taken = await o.run(QUARANTINE, copies)
    const undone = await o.undo(taken)
    const redo = await o.service.submitUndo(o.analyst(), undone)
    await expect(o.undo(taken)).rejects.toMatchObject({
      code: 'still-running',
      message: expect.stringContaining(redo.name),
    })
    await o.service.drain(t.a)
    await o.undo(taken)
    expect(o.user('ann').snapshot()).toHaveLength(1)
  })
})

test('what was copied of a released message and taken by the undo of the release comes back with the quarantine’s undo', async () => {
  const { copies } = await o.deliver(['ann'])
  const taken = await o.run(QUARANTINE, copies)
  o.later(1000)
  const released = await o.run({ kind: 'release' }, copies)
  copied('Mine')
  const before = o.snapshots()
  await o.undo(released)
  expect(o.snapshots()).not.toEqual(before)
  await o.undo(taken)
  expect(o.snapshots()).toEqual(before)
  expect(o.held().flat()).toEqual([])
})

describe('the undo of a redo binds as the first undo did', () => {
  const cause = { kind: 'signal', id: 'test-redo', version: 2 } as const
  const automation = (): Requester => ({ ...o.analyst(), user: null, name: 'ZAP' })

  test.each(['redo', 'taken'] as const)('automation does not take it again: undo of %s', async (which) => {
    const found = await redone({ ...QUARANTINE, cause })
    await o.undo(found[which])
    const again = await o.run({ ...QUARANTINE, cause }, found.copies, automation())
    expect((await o.items(again)).map((i) => i.state)).toEqual(['skipped', 'skipped'])
    expect(o.snapshots()).toEqual(found.before)
  })
})
