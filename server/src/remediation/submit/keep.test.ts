import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Office } from '../../../test/rig/memory-office.ts'
import { offices } from '../../../test/rig/offices.ts'
import { UnreadableCopies } from '../../mailboxes/index.ts'
import type { Requester } from '../types.ts'

// Two copies of one message, between which nobody could decide: an analyst says which one stays.

const t = offices()
const { office } = t
const HELD = 'Recourse-Hold/soft-deleted'
const where = (o: Office) => ['INBOX', 'Junk', HELD].map((folder) => o.uids('ann', folder).length)

/** A move to Junk that was cut in half: the message is in INBOX and in Junk. */
async function doubt(o: Office) {
  const { copies, mail } = await o.deliver(['ann'])
  o.fails('ann', 'move', { partial: { done: 0, both: 1 } })
  const id = await o.run({ kind: 'move', target: 'junk' }, copies)
  const [item] = await o.items(id)
  if (!item) throw new Error('no item')
  expect(item).toMatchObject({ state: 'ambiguous', both: { decided: null } })
  expect(where(o)).toEqual([1, 1, 0])
  return { action: id, item: item.id, copies, mail }
}
type Doubt = Awaited<ReturnType<typeof doubt>>
async function keep(o: Office, { action, item }: Doubt, folder: string, by: Requester = o.analyst()) {
  const made = await o.service.keep(by, { action, item, folder })
  await o.service.drain(o.tenant)
  return made.id
}
const deliveryOf = async (o: Office, { copies }: Doubt) => {
  const rows = await t.storage.tenant(o.tenant, (tx) =>
    sql<{ latest_location: string; ref: { folder: string; uid: number } }>`select latest_location, ref from delivery
      where tenant_id = ${o.tenant} and id = ${copies[0]?.id}`.execute(tx),
  )
  return rows.rows[0]
}

describe('keep this one', () => {
  test.each([
    ['INBOX', [1, 0, 1], 'inbox'],
    ['Junk', [0, 1, 1], 'junk'],
  ] as const)(
    '%s: the other copy goes to the hold, verified, its bytes in the vault; undone, both are as before',
    async (folder, after, location) => {
      for (const tenant of [t.a, t.b]) {
        const o = office({ tenant })
        const d = await doubt(o)
        const before = o.snapshots()
        const kept = o.user('ann').list(folder)
        const id = await keep(o, d, folder)
        expect(where(o)).toEqual(after)
        expect(o.user('ann').list(folder)).toEqual(kept)
        const [item] = await o.items(id)
        expect(item).toMatchObject({ state: 'done', reason: null, lost: [], after: { location: 'soft-deleted' } })
        expect(item?.verifiedAt).not.toBeNull()
        expect((await o.view(id)).state).toBe('completed')
        const stored = await t.storage.tenant(tenant, (tx) =>
          sql`select 1 from action_item i join vault v on v.tenant_id = i.tenant_id and v.id = i.vault_id
          where i.tenant_id = ${tenant} and i.id = ${item?.id}`.execute(tx),
        )
        expect(stored.rows).toHaveLength(1)
        expect(await deliveryOf(o, d)).toMatchObject({ latest_location: location, ref: { folder } })
        const decided = { actionId: id, by: 'Anna Lyst', keeps: folder, state: 'done' }
        expect((await o.items(d.action))[0]).toMatchObject({ state: 'ambiguous', both: { decided } })
        const undo = await o.undo(id)
        expect(await o.items(undo)).toMatchObject([{ state: 'done', lost: [] }])
        expect(where(o)).toEqual([1, 1, 0])
        expect(o.snapshots()).toEqual(before)
        expect((await o.items(d.action))[0]?.both?.decided).toBeNull()
      }
    },
  )

  test('a copy that cannot be read at the moment is not called gone, and can be decided on later', async () => {
    const o = office()
    const d = await doubt(o)
    const copies = o.user('ann').list('Junk')
    const cannot = () => {
      throw new UnreadableCopies(copies, 'the right to read is missing')
    }
    // At its place, and when it is looked for.
    for (const _ of [1, 2]) o.fails('ann', 'read', { before: cannot })
    const [item] = await o.items(await keep(o, d, 'Junk'))
    expect(item).toMatchObject({
      state: 'ambiguous',
      reason: 'The copy in Junk cannot be read: the right to read is missing. Nothing was removed.',
    })
    expect(where(o)).toEqual([1, 1, 0])
    const again = await o.items(await keep(o, d, 'Junk'))
    expect(again).toMatchObject([{ state: 'done' }])
    expect(where(o)).toEqual([0, 1, 1])
  })

  test('of two analysts who decide at once the second is told who was first; so is who comes later', async () => {
    const o = office()
    const d = await doubt(o)
    const [anna, bert] = [o.analyst(), { ...o.analyst(), user: '00000000-0000-7000-8000-000000000002', name: 'Bert' }]
    const ends = await Promise.allSettled([
      o.service.keep(anna, { action: d.action, item: d.item, folder: 'INBOX' }),
      o.service.keep(bert, { action: d.action, item: d.item, folder: 'Junk' }),
    ])
    await o.service.drain(o.tenant)
    const won = ends.findIndex((e) => e.status === 'fulfilled')
    const first = [
      ['Anna Lyst', 'INBOX'],
      ['Bert', 'Junk'],
    ][won]?.join(' was first: the copy in ')
    expect(ends[1 - won]).toMatchObject({
      reason: { code: 'kept-already', message: expect.stringContaining(`${first} stays`) },
    })
    expect(where(o)).toEqual(won === 0 ? [1, 0, 1] : [0, 1, 1])
    for (const folder of ['INBOX', 'Junk'])
      await expect(keep(o, d, folder)).rejects.toMatchObject({
        message: expect.stringMatching(/was first.*it is done/),
      })
    const preview = await o.service.keepPreview(anna, { action: d.action, item: d.item, folder: 'INBOX' })
    expect(preview.decided?.by).toBe(won === 0 ? 'Anna Lyst' : 'Bert')
  })

  test('who may only propose proposes; while that waits nobody decides otherwise, and a rejection makes it free again', async () => {
    const o = office()
    const d = await doubt(o)
    const proposer = o.analyst(['remediation.propose'])
    const request = { action: d.action, item: d.item, folder: 'Junk' }
    const preview = await o.service.keepPreview(proposer, request)
    expect(preview).toMatchObject({
      keeps: { location: 'junk' },
      removes: { location: 'inbox' },
      approval: { needed: 1 },
    })
    const { id, state } = await o.service.keep(proposer, request)
    expect(state).toBe('pending-approval')
    await o.service.drain(o.tenant)
    expect(where(o)).toEqual([1, 1, 0])
    await expect(keep(o, d, 'INBOX')).rejects.toMatchObject({
      message: expect.stringContaining('it waits for approval'),
    })
    await o.service.reject(o.analyst(), id)
    const second = await o.service.keep(proposer, request)
    await o.service.approve(o.analyst(), second.id)
    await o.service.drain(o.tenant)
    expect(where(o)).toEqual([0, 1, 1])
  })

  test('without the permission, in another organisation, or where there are no two copies it is refused', async () => {
    const o = office()
    const d = await doubt(o)
    const request = { action: d.action, item: d.item, folder: 'Junk' }
    const both = (by: Requester, folder: string) => [
      () => o.service.keep(by, { ...request, folder }),
      async () => o.service.keepPreview(by, { ...request, folder }),
    ]
    const stranger = office({ tenant: t.b }).analyst()
    const wrong = { code: 'no-copy', cure: 'Choose INBOX or Junk.' }
    for (const call of both(o.analyst(['mail.read']), 'Junk'))
      await expect(call()).rejects.toMatchObject({ code: 'forbidden' })
    for (const call of both(stranger, 'Junk'))
      await expect(call()).rejects.toMatchObject({ code: 'no-item', status: 404 })
    for (const call of both(o.analyst(), 'Trash')) await expect(call()).rejects.toMatchObject(wrong)
    const { copies } = await o.deliver(['ann'])
    const plain = await o.run({ kind: 'move', target: 'junk' }, copies)
    const [item] = await o.items(plain)
    expect(item).toMatchObject({ state: 'done', both: null })
    const nothing = o.service.keep(o.analyst(), { action: plain, item: item?.id ?? d.item, folder: 'Junk' })
    await expect(nothing).rejects.toMatchObject({ code: 'not-two-copies' })
    expect(where(o)).toEqual([1, 2, 0])
  })
})

describe('what has changed meanwhile', () => {
  test('the copy that was to be removed is gone: only the other one is left, and the delivery is there', async () => {
    const o = office()
    const d = await doubt(o)
    o.user('ann').expunge('INBOX', o.uids('ann', 'INBOX')[0] ?? 0)
    const id = await keep(o, d, 'Junk')
    expect(await o.items(id)).toMatchObject([
      { state: 'already-there', reason: expect.stringContaining('only the one in Junk is left') },
    ])
    expect((await o.view(id)).state).toBe('completed')
    expect(await deliveryOf(o, d)).toMatchObject({ latest_location: 'junk' })
    expect((await o.items(d.action))[0]?.both?.decided).toMatchObject({ actionId: id, state: 'already-there' })
  })

  test.each([
    [
      'the copy that was to stay is gone',
      ['Junk'],
      'not-found',
      /in Junk, which was to stay, is gone: the one in INBOX was not touched/,
    ],
    ['both are gone', ['INBOX', 'Junk'], 'not-found', /Neither the copy in INBOX nor the one in Junk/],
  ] as const)('%s: said so, nothing removed, and it can be decided anew', async (_, gone, state, reason) => {
    const o = office()
    const d = await doubt(o)
    for (const folder of gone) o.user('ann').expunge(folder, o.uids('ann', folder)[0] ?? 0)
    const before = o.snapshots()
    const id = await keep(o, d, 'Junk')
    expect(await o.items(id)).toMatchObject([{ state, reason: expect.stringMatching(reason) }])
    expect([o.snapshots(), where(o)[2]]).toEqual([before, 0])
    expect((await o.items(d.action))[0]?.both?.decided).toBeNull()
  })

  test('the user has moved the copy that was to be removed: left there', async () => {
    const o = office()
    const d = await doubt(o)
    o.user('ann').createFolder('Mine')
    o.user('ann').move('INBOX', o.uids('ann', 'INBOX')[0] ?? 0, 'Mine')
    const id = await keep(o, d, 'Junk')
    expect(await o.items(id)).toMatchObject([
      { state: 'skipped', reason: expect.stringContaining('to Mine since. Nothing was removed.') },
    ])
    expect([o.uids('ann', 'Mine').length, ...where(o)]).toEqual([1, 0, 1, 0])
  })

  test('the copies are not the same any more: refused, and said what differs', async () => {
    const o = office()
    const d = await doubt(o)
    const [uid = 0] = o.uids('ann', 'Junk')
    const bytes = o.user('ann').bytes('Junk', uid).toString('latin1')
    const other = bytes.replace(/^Subject: .*$/m, 'Subject: Another').replace(/\r\n$/, '!\r\n')
    o.user('ann').rewrite('Junk', uid, Buffer.from(other, 'latin1'))
    for (const folder of ['INBOX', 'Junk']) {
      const id = await keep(o, d, folder)
      const reason = expect.stringMatching(
        /is not the same as the one in .*the header \(Subject\) and the body from byte \d+ on; \d+ and \d+ bytes/,
      )
      expect(await o.items(id)).toMatchObject([{ state: 'skipped', reason }])
      expect((await o.view(id)).state).toBe('failed')
    }
    expect(where(o)).toEqual([1, 1, 0])
  })

  test('the copy that was to stay is marked as deleted: the other one is not removed', async () => {
    const o = office()
    const d = await doubt(o)
    o.user('ann').flag('Junk', o.uids('ann', 'Junk')[0] ?? 0, ['\\Deleted'])
    const id = await keep(o, d, 'Junk')
    expect(await o.items(id)).toMatchObject([
      { state: 'skipped', reason: expect.stringContaining('marked as deleted') },
    ])
    expect(where(o)).toEqual([1, 1, 0])
  })

  test('folders with new numbers: the copies are found again', async () => {
    const o = office()
    const d = await doubt(o)
    for (const folder of ['INBOX', 'Junk']) o.user('ann').renumber(folder)
    expect(await o.items(await keep(o, d, 'INBOX'))).toMatchObject([{ state: 'done', reason: null }])
    expect(where(o)).toEqual([1, 0, 1])
  })
})

describe('doubts of its own, and the ways back', () => {
  test.each([
    ['its answer lost', { lostReply: true }],
    ['nothing happened', { error: 'timeout' }],
    ['cut off in half', { partial: { done: 0, both: 1 } }],
  ] as const)('the move to the hold, %s: settled, and the copy that stays is not touched', async (_, fault) => {
    const o = office()
    const d = await doubt(o)
    const kept = o.user('ann').list('Junk')
    o.fails('ann', 'move', fault)
    const id = await keep(o, d, 'Junk')
    expect(await o.items(id)).toMatchObject([{ state: 'done', lost: [] }])
    expect(where(o)).toEqual([0, 1, 1])
    expect(o.user('ann').list('Junk')).toEqual(kept)
    await o.undo(id)
    expect(where(o)).toEqual([1, 1, 0])
  })

  test('the user removes the copy that was to stay while the other one is taken: said, and an undo brings one back', async () => {
    const o = office()
    const d = await doubt(o)
    const [uid = 0] = o.uids('ann', 'Junk')
    o.fails('ann', 'move', { before: () => o.user('ann').expunge('Junk', uid) })
    const id = await keep(o, d, 'Junk')
    expect(await o.items(id)).toMatchObject([
      { state: 'done', reason: expect.stringContaining('has gone meanwhile: undo this') },
    ])
    await o.undo(id)
    expect(where(o)).toEqual([1, 0, 0])
  })

  test('undone, redone, undone, decided the other way: only ever the copy that was meant', async () => {
    const o = office()
    const d = await doubt(o)
    const before = o.snapshots()
    const kept = o.user('ann').list('Junk')
    const id = await keep(o, d, 'Junk')
    const undo = await o.undo(id)
    const redo = await o.undo(undo)
    expect(await o.items(redo)).toMatchObject([{ state: 'done' }])
    expect([where(o), o.user('ann').list('Junk')]).toEqual([[0, 1, 1], kept])
    await expect(keep(o, d, 'INBOX')).rejects.toMatchObject({ code: 'kept-already' })
    await o.undo(redo)
    expect(o.snapshots()).toEqual(before)
    expect(await o.items(await keep(o, d, 'INBOX'))).toMatchObject([{ state: 'done' }])
    expect(where(o)).toEqual([1, 0, 1])
  })

  test('redone when the copy is gone that had been put back: the one that stays is not taken for it', async () => {
    const o = office()
    const d = await doubt(o)
    const undo = await o.undo(await keep(o, d, 'Junk'))
    o.user('ann').expunge('INBOX', o.uids('ann', 'INBOX')[0] ?? 0)
    const redo = await o.undo(undo)
    expect(await o.items(redo)).toMatchObject([{ state: 'already-there' }])
    expect(where(o)).toEqual([0, 1, 0])
  })

  test('the user has moved the copy that stayed: not taken for the one that the undo puts back', async () => {
    const o = office()
    const d = await doubt(o)
    const id = await keep(o, d, 'Junk')
    const [uid = 0] = o.uids('ann', 'Junk')
    o.user('ann').move('Junk', uid, 'Trash')
    const undo = await o.undo(id)
    expect(await o.items(undo)).toMatchObject([{ state: 'done' }])
    expect([o.uids('ann', 'Trash').length, ...where(o)]).toEqual([1, 1, 0, 0])
  })

  test('an action on the message afterwards takes what stayed, and its undo gives back just that', async () => {
    const o = office()
    const d = await doubt(o)
    await keep(o, d, 'Junk')
    const before = o.snapshots()
    const later = await o.run({ kind: 'quarantine' }, d.copies)
    expect(where(o)).toEqual([0, 0, 1])
    await o.undo(later)
    expect([o.snapshots(), where(o)]).toEqual([before, [0, 1, 1]])
  })

  test('a move back, cut off in half, is decided in the same way', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const moved = await o.run({ kind: 'move', target: 'junk' }, copies)
    o.fails('ann', 'move', { partial: { done: 0, both: 1 } })
    const undo = await o.undo(moved)
    const [item] = await o.items(undo)
    if (!item) throw new Error('no item')
    expect(item).toMatchObject({
      state: 'ambiguous',
      both: { source: { folder: 'Junk' }, target: { folder: 'INBOX' } },
    })
    const { id } = await o.service.keep(o.analyst(), { action: undo, item: item.id, folder: 'INBOX' })
    await o.service.drain(o.tenant)
    expect(where(o)).toEqual([1, 0, 1])
    await o.undo(id)
    expect(where(o)).toEqual([1, 1, 0])
  })
})
