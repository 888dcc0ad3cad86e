import { beforeEach, expect, test } from 'vitest'
import type { Office } from '../../../test/rig/memory-office.ts'
import { offices } from '../../../test/rig/offices.ts'
import type { Fault } from '../../mailboxes/index.ts'

const t = offices()
let o: Office
beforeEach(() => {
  o = t.office()
})

const HELD = 'Recourse-Hold/hard-deleted'
const ann = () => o.user('ann')
const uid = () => ann().list('INBOX')[0]?.ref.uid ?? 0
/** What the user does when our command has run and we have not yet read back. */
const meanwhile = (call: 'move' | 'append', after: NonNullable<Fault['after']>) => o.fails('ann', call, { after })

async function taken(): Promise<Awaited<ReturnType<Office['run']>>> {
  const { copies } = await o.deliver(['ann'])
  return o.run({ kind: 'hard-delete' }, copies)
}

test('given back, and deleted by the user before it was read back: it does not come again from the vault, and the doubt is listed', async () => {
  const id = await taken()
  meanwhile('move', () => ann().expunge('INBOX', uid()))
  const undo = await o.undo(id)
  expect(ann().snapshot()).toEqual([])
  expect(ann().held()).toEqual([])
  expect((await o.items(undo))[0]).toMatchObject({
    state: 'ambiguous',
    verifiedAt: null,
    reason: expect.stringContaining('the user may have deleted it'),
  })
  expect((await o.view(undo)).state).toBe('failed')
})

test('given back, and moved on by the user before it was read back: left there, once', async () => {
  const id = await taken()
  ann().createFolder('Mine')
  meanwhile('move', () => void ann().move('INBOX', uid(), 'Mine'))
  const undo = await o.undo(id)
  expect(ann().snapshot()).toMatchObject([{ folder: 'Mine' }])
  expect(ann().held()).toEqual([])
  expect((await o.items(undo))[0]).toMatchObject({ state: 'skipped', reason: expect.stringContaining('Mine') })
})

test('given back, and moved by the user to where the action had put it before it was read back: left there', async () => {
  const { copies } = await o.deliver(['ann'], { folder: 'Mine' })
  const id = await o.run({ kind: 'move', target: 'junk' }, copies)
  meanwhile('move', () => void ann().move('Mine', ann().list('Mine')[0]?.ref.uid ?? 0, 'Junk'))
  const undo = await o.undo(id)
  expect(ann().snapshot()).toMatchObject([{ folder: 'Junk' }])
  const reason = 'The user has moved it to Junk since; it was left there.'
  expect(await o.items(undo)).toMatchObject([{ state: 'skipped', reason }])
})

test('put back from the vault, and deleted by the user before it was read back: once is enough', async () => {
  const id = await taken()
  ann().expunge(HELD, ann().list(HELD)[0]?.ref.uid ?? 0)
  meanwhile('append', () => ann().expunge('INBOX', uid()))
  const undo = await o.undo(id)
  expect(ann().snapshot()).toEqual([])
  expect((await o.items(undo))[0]?.state).toBe('ambiguous')
})

test('moved on from quarantine by another action and deleted by the user: a release that was to be tried again does not bring it back', async () => {
  const { copies } = await o.deliver(['ann'])
  await o.run({ kind: 'quarantine' }, copies)
  const login = o.mailbox('ann').login
  o.provider.failOnce('state', { error: 'unavailable' }, login)
  const release = await o.run({ kind: 'release' }, copies)
  expect((await o.view(release)).counts.retrying).toBe(1)
  meanwhile('move', () => ann().expunge('Junk', ann().list('Junk')[0]?.ref.uid ?? 0))
  const junk = await o.run({ kind: 'move', target: 'junk' }, copies)
  expect((await o.items(junk))[0]).toMatchObject({ state: 'not-found', verifiedAt: null })
  o.later(3_600_000)
  await o.service.drain(t.a)
  expect(ann().snapshot()).toEqual([])
  expect((await o.items(release))[0]).toMatchObject({ state: 'not-found', reason: expect.stringContaining('vault') })
})

test('given back, copied by the user, taken again and given back again: both copies are there', async () => {
  const { copies } = await o.deliver(['ann'], { folder: 'Mine' })
  const id = await o.run({ kind: 'quarantine' }, copies)
  const undo = await o.undo(id)
  ann().copy('Mine', ann().list('Mine')[0]?.ref.uid ?? 0, 'INBOX')
  const before = ann().snapshot()
  const redo = await o.undo(undo)
  const last = await o.undo(redo)
  expect(ann().snapshot()).toEqual(before)
  expect(ann().held()).toEqual([])
  expect((await o.items(last))[0]).toMatchObject({ state: 'done' })
})
