import { expect, test } from 'vitest'
import { offices } from '../../../test/rig/offices.ts'
import type { MemoryUser } from '../../mailboxes/index.ts'
import { canDo } from '../views/history.ts'

const t = offices()
const { office } = t
const SOFT = 'Recourse-Hold/soft-deleted'

test('taken, but read back with another date: in doubt, and an undo gives it back all the same', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann', 'bob'])
  const before = o.user('bob').snapshot()
  const ann = o.user('ann')
  o.fails('ann', 'move', { after: () => ann.redate(SOFT, 1, new Date('2001-01-01T00:00:00Z')) })
  const id = await o.run({ kind: 'soft-delete' }, copies)
  expect((await o.items(id)).map((i) => i.state).sort()).toEqual(['ambiguous', 'done'])
  expect((await o.view(id)).state).toBe('partially-completed')

  const preview = await o.service.undoPreview(o.analyst(), id)
  expect(preview).toMatchObject({ copies: 2, exact: 1, impossible: [] })
  expect(preview.notExact).toEqual([{ reason: expect.stringContaining('in doubt'), count: 1 }])
  const undo = await o.undo(id)
  expect((await o.items(undo)).map((i) => i.state)).toEqual(['done', 'done'])
  expect(o.held().flat()).toEqual([])
  expect(o.user('bob').snapshot()).toEqual(before)
  expect(ann.snapshot()).toHaveLength(1)
  expect(await o.view(id)).toMatchObject({ state: 'undone', counts: { reverted: 2, doubtful: 1 } })
})

test('what ended in doubt only can be undone, and is offered; afterwards there is nothing left to offer', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann'])
  const before = o.snapshots()
  const ann = o.user('ann')
  o.fails('ann', 'move', { after: () => ann.redate(SOFT, 1, new Date('2001-01-01T00:00:00Z')) })
  const id = await o.run({ kind: 'soft-delete' }, copies)
  const offered = async () =>
    canDo(await o.view(id), o.analyst(), { ownProposals: true, purges: false, now: new Date() }).undo
  expect(await o.view(id)).toMatchObject({ counts: { done: 0, doubtful: 1 } })
  expect(await offered()).toBe(true)
  await o.undo(id)
  expect(o.snapshots().map((c) => c.length)).toEqual(before.map((c) => c.length))
  expect(await offered()).toBe(false)
})

test('only copied and marked, on a server that cannot remove single messages: the undo takes the mark off again, nothing is doubled', async () => {
  const o = office({ memory: { uidPlus: false } })
  const { copies } = await o.deliver(['ann'])
  const before = o.snapshots()
  const id = await o.run({ kind: 'soft-delete' }, copies)
  expect((await o.items(id))[0]).toMatchObject({ state: 'failed', reason: expect.stringContaining('marked') })
  expect(o.snapshots()).not.toEqual(before)
  const undo = await o.undo(id)
  expect((await o.items(undo))[0]?.state).toBe('already-there')
  expect(o.snapshots()).toEqual(before)
  expect(await o.view(id)).toMatchObject({ state: 'undone' })
})

test('only copied and marked, and the user’s program has expunged since: it comes back from the hold', async () => {
  const o = office({ memory: { uidPlus: false } })
  const { copies } = await o.deliver(['ann'])
  const [before] = o.user('ann').snapshot()
  const id = await o.run({ kind: 'soft-delete' }, copies)
  const [marked] = o.user('ann').list('INBOX')
  o.user('ann').expunge('INBOX', marked?.ref.uid ?? 0)
  const undo = await o.undo(id)
  // The same server can only copy and mark, now in the hold: the user has it back.
  expect((await o.items(undo))[0]?.state).toBe('failed')
  expect(o.user('ann').snapshot()).toEqual([before])
})

test('left untouched because several looked alike: there is nothing to take back', async () => {
  const o = office({ memory: { serverIds: false } })
  const { mail, copies } = await o.deliver(['ann'])
  const [only] = o.user('ann').list('INBOX')
  o.user('ann').expunge('INBOX', only?.ref.uid ?? 0)
  o.user('ann').append('INBOX', Buffer.concat([mail.sent.bytes, Buffer.from('more\r\n')]))
  const id = await o.run({ kind: 'soft-delete' }, copies)
  expect((await o.items(id))[0]?.state).toBe('ambiguous')
  expect(canDo(await o.view(id), o.analyst(), { ownProposals: true, purges: false, now: new Date() }).undo).toBe(false)
  await expect(o.service.submitUndo(o.analyst(), id)).rejects.toMatchObject({ code: 'nothing-to-undo' })
})

test('lesson #46: the mailbox is locked while it is given back: it waits and says why, the others go on, nothing is doubled', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann', 'bob'])
  const before = o.snapshots()
  const id = await o.run({ kind: 'soft-delete' }, copies)
  o.fails('ann', 'move', { error: 'refused' })
  const undo = await o.undo(id)
  expect((await o.items(undo)).map((i) => [i.recipient.split('@')[0], i.state])).toEqual(
    expect.arrayContaining([
      ['ann', 'failed'],
      ['bob', 'done'],
    ]),
  )
  expect((await o.items(undo)).find((i) => i.state === 'failed')).toMatchObject({
    reason: expect.stringContaining('refused'),
  })
  expect(await o.view(id)).toMatchObject({ state: 'partially-undone' })
  // Locked longer than a command may take: nobody knows whether it happened.
  o.later(2000)
  o.fails('ann', 'move', { error: 'timeout' })
  await o.service.drain(t.a)
  o.later(10_000)
  await o.service.drain(t.a)
  expect(o.snapshots()).toEqual(before)
  expect(o.held().flat()).toEqual([])
  expect(await o.view(id)).toMatchObject({ state: 'undone' })
})

test.each([
  ['renamed', 'is called', (user: MemoryUser) => user.renameFolder('Mine', 'Yours'), 'Yours', true],
  ['gone', 'is gone: it was put into the Inbox', (user: MemoryUser) => user.deleteFolder('Mine'), 'INBOX', false],
] as const)(
  'the folder is %s, and the answer is lost when it is given back: that is said as without the doubt',
  async (_, said, change, place, exact) => {
    const o = office()
    const { copies } = await o.deliver(['ann'], { folder: 'Mine' })
    const id = await o.run({ kind: 'soft-delete' }, copies)
    change(o.user('ann'))
    o.provider.failOnce('move', { lostReply: true })
    const [item] = await o.items(await o.undo(id, { folderGone: 'inbox' }))
    expect(o.user('ann').snapshot()).toMatchObject([{ folder: place }])
    expect(item).toMatchObject({ state: 'done', reason: expect.stringContaining(said) })
    expect(item?.lost.length === 0).toBe(exact)
  },
)
