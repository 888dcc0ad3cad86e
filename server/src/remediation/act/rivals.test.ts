import { describe, expect, test } from 'vitest'
import { offices } from '../../../test/rig/offices.ts'
import type { ActionId } from '../../base/index.ts'

// Two actions on one message, both under way: what was decided later stands.

const { office } = offices()
const HELD = 'Recourse-Hold/soft-deleted'
const STANDS = expect.stringMatching(/decided later and has been done: its place stands/)
type Office = ReturnType<typeof office>

const placesOf = (o: Office) => {
  const all = ['INBOX', 'Junk', 'Trash', HELD]
  return Object.fromEntries(all.map((f) => [f, o.uids('ann', f).length]).filter(([, n]) => n !== 0))
}
const statesOf = async (o: Office, id: ActionId) => (await o.items(id)).map((i) => [i.state, i.reason])

test('their user has a second copy: the later one has both, each is moved a few times only, and both actions end', {
  timeout: 20_000,
}, async () => {
  const o = office()
  const { copies } = await o.deliver(['ann'])
  const ann = o.user('ann')
  const [uid = 0] = o.uids('ann', 'INBOX')
  ann.createFolder('Archive')
  ann.copy('INBOX', uid, 'Archive')
  const select = { deliveryIds: copies.map((c) => c.id) }
  const junk = await o.service.submit(o.analyst(), { kind: 'move', target: 'junk', select })
  const trash = await o.service.submit(o.analyst(), { kind: 'move', target: 'deleted-items', select })
  await o.service.drain(o.tenant)
  expect(placesOf(o)).toEqual({ Trash: 2 })
  const ended = [(await o.view(junk.id)).state, (await o.view(trash.id)).state]
  expect(ended).toEqual(['partially-completed', 'completed'])
  expect(await statesOf(o, junk.id)).toEqual([
    ['done', null],
    ['skipped', STANDS],
  ])
  expect((await o.items(trash.id)).map((i) => i.state)).toEqual(['done', 'done'])
})

describe('the next attempt of the older one comes when the later one is done', () => {
  /** A move to Junk that has failed and waits for its next attempt. */
  async function waiting(o: Office) {
    const { copies } = await o.deliver(['ann'])
    o.fails('ann', 'move', { error: 'quota' })
    const junk = await o.run({ kind: 'move', target: 'junk' }, copies)
    expect(await o.items(junk)).toMatchObject([{ state: 'failed', nextAttemptAt: expect.any(String) }])
    o.later(100)
    return { junk, copies }
  }
  async function itsTime(o: Office) {
    o.later(3_600_000)
    await o.service.drain(o.tenant)
  }

  test('what was deleted stays deleted', async () => {
    const o = office()
    const { junk, copies } = await waiting(o)
    const deleted = await o.run({ kind: 'soft-delete' }, copies)
    const waits = /“Move to Junk: 1 message” has still to act on it: cancel that, or wait/
    await expect(o.undo(deleted)).rejects.toMatchObject({ message: expect.stringMatching(waits) })
    await itsTime(o)
    expect(placesOf(o)).toEqual({ [HELD]: 1 })
    expect(await statesOf(o, junk)).toEqual([['skipped', STANDS]])
    await o.undo(deleted)
    expect(placesOf(o)).toEqual({ INBOX: 1 })
  })

  test('an undo that waited does not bring back what was deleted since', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const junk = await o.run({ kind: 'move', target: 'junk' }, copies)
    o.fails('ann', 'move', { error: 'quota' })
    o.later(100)
    const undo = await o.undo(junk)
    o.later(100)
    await o.run({ kind: 'soft-delete' }, copies)
    await itsTime(o)
    expect(placesOf(o)).toEqual({ [HELD]: 1 })
    expect(await statesOf(o, undo)).toEqual([['skipped', STANDS]])
  })
})

test('what the gate kept is not released by an attempt that waited while it was deleted', async () => {
  const reply = { code: 451, enhanced: '4.3.0', text: 'try later' }
  let handed = 0
  const handOver = async () => {
    handed++
    return [{ kind: 'temporary', reply } as const]
  }
  const o = office({ nextHop: { kind: 'lmtp', handOver, close: async () => {} } })
  const { copies } = await o.hold(['ann'])
  const release = await o.run({ kind: 'release' }, copies)
  expect(await o.items(release)).toMatchObject([{ state: 'failed', nextAttemptAt: expect.any(String) }])
  o.later(100)
  await o.run({ kind: 'hard-delete' }, copies)
  o.later(3_600_000)
  await o.service.drain(o.tenant)
  expect(handed).toBe(1)
  expect(await statesOf(o, release)).toEqual([['skipped', STANDS]])
})

test('what counts is when it was decided, not when it was proposed', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann'])
  const select = { deliveryIds: copies.map((c) => c.id) }
  const proposed = await o.service.submit(
    { ...o.analyst(), user: null, name: 'automation' },
    { kind: 'soft-delete', propose: true, select },
  )
  o.later(1000)
  const junk = await o.run({ kind: 'move', target: 'junk' }, copies)
  o.later(1000)
  await o.service.approve(o.analyst(), proposed.id)
  await o.service.drain(o.tenant)
  expect(placesOf(o)).toEqual({ [HELD]: 1 })
  expect((await o.items(junk)).map((i) => i.state)).toEqual(['done'])
})

test('approved later than the other one was asked for, and cancelled in the end: what it has done stands', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann', 'bob'])
  const select = { deliveryIds: copies.map((c) => c.id) }
  const proposed = await o.service.submit(o.analyst(), { kind: 'soft-delete', propose: true, select })
  o.later(100)
  o.fails('ann', 'move', { error: 'quota' })
  const junk = await o.run({ kind: 'move', target: 'junk' }, copies.slice(0, 1))
  o.later(100)
  o.fails('bob', 'move', { error: 'quota' })
  await o.service.approve(o.analyst(), proposed.id)
  await o.service.drain(o.tenant)
  await o.service.cancel(o.analyst(), proposed.id)
  o.later(3_600_000)
  await o.service.drain(o.tenant)
  expect(placesOf(o)).toEqual({ [HELD]: 1 })
  expect(await statesOf(o, junk)).toEqual([['skipped', STANDS]])
})

test('to cancel what an older one has left makes nothing newer of what it has done', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann', 'bob'])
  o.fails('bob', 'move', { error: 'quota' })
  const junk = await o.run({ kind: 'move', target: 'junk' }, copies)
  o.later(100)
  o.fails('ann', 'move', { error: 'quota' })
  const deleted = await o.run({ kind: 'soft-delete' }, copies.slice(0, 1))
  o.later(100)
  await o.service.cancel(o.analyst(), junk)
  // Something else that is newer has begun, so that it is asked at all.
  await o.run({ kind: 'move', target: 'junk' }, (await o.deliver(['cem'])).copies)
  o.later(3_600_000)
  await o.service.drain(o.tenant)
  expect(placesOf(o)).toEqual({ [HELD]: 1 })
  expect(await statesOf(o, deleted)).toEqual([['done', null]])
})
