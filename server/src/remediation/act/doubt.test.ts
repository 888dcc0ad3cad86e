import { describe, expect, test } from 'vitest'
import type { Office } from '../../../test/rig/memory-office.ts'
import { offices } from '../../../test/rig/offices.ts'

// What a lost answer leaves open: whose a copy is, where it went, and what of it comes late.

const { office } = offices()
const HELD = 'Recourse-Hold/quarantine'

describe('a move between folders that the user reaches, its answer lost', () => {
  test('had not happened, and the user copies the message there meanwhile: both copies are left and listed', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const ann = o.user('ann')
    const [uid = 0] = o.uids('ann', 'INBOX')
    o.fails('ann', 'move', { before: () => void ann.copy('INBOX', uid, 'Junk'), error: 'timeout' })
    const id = await o.run({ kind: 'move', target: 'junk' }, copies)
    expect([o.uids('ann', 'INBOX'), o.uids('ann', 'Junk').length]).toEqual([[uid], 1])
    const reason = expect.stringMatching(/in INBOX.*Junk.*nobody can tell.*Both were left/)
    expect(await o.items(id)).toMatchObject([{ state: 'ambiguous', reason, verifiedAt: null }])
    expect((await o.view(id)).state).toBe('failed')
    await expect(o.undo(id)).rejects.toMatchObject({ code: 'nothing-to-undo' })
  })

  test('had happened in half: not told from a copy of the user’s, so both are left and listed; a new action finds both', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    o.fails('ann', 'move', { partial: { done: 0, both: 1 } })
    const id = await o.run({ kind: 'move', target: 'junk' }, copies)
    expect([o.uids('ann', 'INBOX').length, o.uids('ann', 'Junk').length]).toEqual([1, 1])
    expect(await o.items(id)).toMatchObject([{ state: 'ambiguous' }])
    const both = await o.run({ kind: 'quarantine' }, copies)
    expect((await o.items(both)).map((i) => i.state)).toEqual(['done', 'done'])
    expect([o.uids('ann', 'INBOX').length, o.uids('ann', 'Junk').length, o.uids('ann', HELD).length]).toEqual([0, 0, 2])
  })

  test('had not happened, and nobody was faster: done again', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    o.fails('ann', 'move', { error: 'timeout' })
    const id = await o.run({ kind: 'move', target: 'junk' }, copies)
    expect(await o.items(id)).toMatchObject([{ state: 'done' }])
    expect([o.uids('ann', 'INBOX').length, o.uids('ann', 'Junk').length]).toEqual([0, 1])
  })
})

describe('a redo is a take', () => {
  test('it takes the copies that the user has made since the undo, and its own undo gives each back to its place', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const ann = o.user('ann')
    const undo = await o.undo(await o.run({ kind: 'quarantine' }, copies))
    for (const folder of ['Mine', 'Archive']) ann.createFolder(folder)
    const [uid = 0] = o.uids('ann', 'INBOX')
    ann.copy('INBOX', uid, 'Mine')
    ann.copy('INBOX', uid, 'Archive')
    const before = ann.snapshot()
    const redo = await o.undo(undo)
    expect(ann.snapshot()).toEqual([])
    expect((await o.items(redo)).map((i) => [i.state, i.before?.folder]).sort()).toEqual([
      ['done', 'Archive'],
      ['done', 'INBOX'],
      ['done', 'Mine'],
    ])
    const last = await o.undo(redo)
    expect(ann.snapshot()).toEqual(before)
    expect(ann.held()).toEqual([])
    // And so on: what was taken once more is given back once more.
    await o.undo(await o.undo(last))
    expect(ann.snapshot()).toEqual(before)
  })

  test('it takes what the user has moved since from there, as a take does', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const ann = o.user('ann')
    const undo = await o.undo(await o.run({ kind: 'move', target: 'junk' }, copies))
    const [uid = 0] = o.uids('ann', 'INBOX')
    ann.createFolder('Archive')
    ann.move('INBOX', uid, 'Archive')
    const before = ann.snapshot()
    const redo = await o.undo(undo)
    expect(await o.items(redo)).toMatchObject([{ state: 'done', before: { folder: 'Archive' } }])
    expect(o.uids('ann', 'Junk')).toHaveLength(1)
    await o.undo(redo)
    expect(ann.snapshot()).toEqual(before)
  })

  test('the undo of a release takes the copies, too, that the user has made of what came', async () => {
    const o = office()
    const { copies } = await o.hold(['ann'])
    const id = await o.run({ kind: 'release' }, copies)
    const [uid = 0] = o.uids('ann', 'INBOX')
    o.user('ann').createFolder('Archive')
    o.user('ann').copy('INBOX', uid, 'Archive')
    const undo = await o.undo(id)
    expect((await o.items(undo)).map((i) => i.state)).toEqual(['done', 'done'])
    expect(o.user('ann').snapshot()).toEqual([])
  })
})

describe('a hold that is lost before the doubt about a move into it is settled', () => {
  const lose = (o: Office) => {
    for (const uid of o.uids('ann', HELD)) o.user('ann').expunge(HELD, uid)
  }

  test('it may have been taken: said so, and an undo puts it back from the vault', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const before = o.user('ann').snapshot()
    o.fails('ann', 'move', { after: () => lose(o), lostReply: true })
    const id = await o.run({ kind: 'quarantine' }, copies)
    const reason = expect.stringMatching(/its copy in the hold was lost, or the user may have deleted it.*in the vault/)
    expect(await o.items(id)).toMatchObject([{ state: 'ambiguous', reason, verifiedAt: null }])
    expect((await o.service.undoPreview(o.analyst(), id)).copies).toBe(1)
    const undo = await o.undo(id)
    expect(await o.items(undo)).toMatchObject([{ state: 'done', reason: expect.stringContaining('from the vault') }])
    expect(o.user('ann').snapshot()).toEqual(before)
  })

  test('the answer had come: it was taken', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const before = o.user('ann').snapshot()
    o.fails('ann', 'move', { after: () => lose(o) })
    const id = await o.run({ kind: 'quarantine' }, copies)
    const reason = expect.stringMatching(/it was taken, and its copy in the hold was lost.*in the vault/)
    expect(await o.items(id)).toMatchObject([{ state: 'ambiguous', reason }])
    await o.undo(id)
    expect(o.user('ann').snapshot()).toEqual(before)
  })

  test('nothing has come to the hold since: the user has deleted it, and it stays deleted', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const [uid = 0] = o.uids('ann', 'INBOX')
    o.fails('ann', 'move', { before: () => o.user('ann').expunge('INBOX', uid), error: 'timeout' })
    const id = await o.run({ kind: 'quarantine' }, copies)
    const reason = expect.stringContaining('the user has deleted it')
    expect(await o.items(id)).toMatchObject([{ state: 'not-found', reason }])
    await expect(o.undo(id)).rejects.toMatchObject({ code: 'nothing-to-undo' })
  })
})

describe('a move that was given up and comes late', () => {
  /** Stuck in the server; when the doubt has been settled, the server cannot be read for a moment, and somebody cancels. */
  async function cancelled(o: Office, ...request: Parameters<Office['run']>) {
    o.fails('ann', 'move', { late: 1000, stuck: true, after: () => o.fails('ann', 'read', { error: 'unavailable' }) })
    const id = await o.run(...request)
    expect(await o.items(id)).toMatchObject([{ state: 'failed', reason: expect.stringContaining('unavailable') }])
    await o.service.cancel(o.analyst(), id)
    expect(await o.items(id)).toMatchObject([{ state: 'skipped' }])
    return id
  }
  const lookAgain = async (o: Office, ms: number) => {
    o.later(ms)
    await o.service.drain(o.tenant)
  }

  test('of a cancelled take: found in the hold at the next look, done as it has happened, and undone exactly', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const before = o.user('ann').snapshot()
    const id = await cancelled(o, { kind: 'quarantine' }, copies)
    o.user('ann').finishPending()
    expect([o.uids('ann', 'INBOX').length, o.uids('ann', HELD).length]).toEqual([0, 1])
    await lookAgain(o, 60_000)
    expect(await o.items(id)).toMatchObject([
      { state: 'done', reason: expect.stringContaining('carried out, late'), after: { folder: HELD } },
    ])
    expect((await o.view(id)).counts).toMatchObject({ done: 1, verified: 1, skipped: 0, retrying: 0 })
    await o.undo(id)
    expect(o.user('ann').snapshot()).toEqual(before)
    expect((await o.view(id)).state).toBe('undone')
  })

  test('it comes after the first look: found by the second, or by the third; and once it was not to be found three times it is forgotten', async () => {
    for (const looks of [1, 2, 3]) {
      const o = office()
      const { copies } = await o.deliver(['ann'])
      const id = await cancelled(o, { kind: 'quarantine' }, copies)
      const pauses = [60_000, 600_000, 3_600_000]
      for (const ms of pauses.slice(0, looks)) await lookAgain(o, ms)
      o.user('ann').finishPending()
      for (const ms of pauses.slice(looks)) await lookAgain(o, ms)
      expect((await o.items(id)).map((i) => i.state)).toEqual([looks < 3 ? 'done' : 'skipped'])
      await o.close()
    }
  })

  test('of a cancelled undo: it has come back after all', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const before = o.user('ann').snapshot()
    const taken = await o.run({ kind: 'quarantine' }, copies)
    o.fails('ann', 'move', { late: 1000, stuck: true, after: () => o.fails('ann', 'open', { error: 'unavailable' }) })
    const undo = await o.service.submitUndo(o.analyst(), taken)
    await o.service.drain(o.tenant)
    // In doubt while the server does not answer; settled once it does, and then it cannot be read.
    o.fails('ann', 'state', { error: 'unavailable' })
    await lookAgain(o, 10_000)
    await o.service.cancel(o.analyst(), undo.id).catch((error) => expect(error).toMatchObject({ status: 409 }))
    o.user('ann').finishPending()
    for (const ms of [60_000, 600_000]) await lookAgain(o, ms)
    expect(await o.items(undo.id)).toMatchObject([{ state: 'done' }])
    expect([o.user('ann').snapshot(), o.user('ann').held()]).toEqual([before, []])
    expect((await o.view(taken)).state).toBe('undone')
  })

  test('of a cancelled undo, and its user has moved it on before anybody looked: it is not said to lie in the hold', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const ann = o.user('ann')
    const taken = await o.run({ kind: 'quarantine' }, copies)
    o.fails('ann', 'move', { late: 1000, stuck: true, after: () => o.fails('ann', 'open', { error: 'unavailable' }) })
    const undo = await o.service.submitUndo(o.analyst(), taken)
    await o.service.drain(o.tenant)
    o.fails('ann', 'state', { error: 'unavailable' })
    await lookAgain(o, 10_000)
    await o.service.cancel(o.analyst(), undo.id)
    expect(await o.items(undo.id)).toMatchObject([{ state: 'skipped' }])
    ann.finishPending()
    const [uid = 0] = o.uids('ann', 'INBOX')
    ann.move('INBOX', uid, 'Junk')
    await lookAgain(o, 60_000)
    expect(await o.items(undo.id)).toMatchObject([
      { state: 'ambiguous', reason: expect.stringContaining('no longer in the hold') },
    ])
    expect([o.uids('ann', 'Junk').length, ann.held()]).toEqual([1, []])
  })

  test('to a folder of the user’s: he may have moved it there himself, so it is listed as a doubt and left', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const id = await cancelled(o, { kind: 'move', target: 'junk' }, copies)
    o.user('ann').finishPending()
    await lookAgain(o, 60_000)
    expect(await o.items(id)).toMatchObject([
      { state: 'ambiguous', reason: expect.stringContaining('nobody can tell') },
    ])
    expect(o.uids('ann', 'Junk')).toHaveLength(1)
  })

  test('it comes before the next attempt: that finds it in the hold', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    o.fails('ann', 'move', { late: 1000, stuck: true, after: () => o.fails('ann', 'read', { error: 'unavailable' }) })
    const id = await o.run({ kind: 'quarantine' }, copies)
    o.user('ann').finishPending()
    await lookAgain(o, 2000)
    expect(await o.items(id)).toMatchObject([{ state: 'done' }])
    expect(o.uids('ann', HELD)).toHaveLength(1)
  })

  test('an action that is cancelled while its move is in doubt is not begun anew', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    o.fails('ann', 'move', { error: 'timeout', before: () => o.fails('ann', 'open', { error: 'unavailable' }) })
    const id = await o.run({ kind: 'quarantine' }, copies)
    expect(await o.items(id)).toMatchObject([{ state: 'executing' }])
    await o.service.cancel(o.analyst(), id)
    await lookAgain(o, 10_000)
    expect(await o.items(id)).toMatchObject([{ state: 'skipped', reason: expect.stringContaining('cancelled') }])
    expect(o.uids('ann', 'INBOX')).toHaveLength(1)
  })
})
