import { describe, expect, test } from 'vitest'
import type { Office } from '../../../test/rig/memory-office.ts'
import { letter } from '../../../test/rig/office.ts'
import { offices } from '../../../test/rig/offices.ts'
import { UnreadableCopies } from '../../mailboxes/index.ts'

// Two commands for one move, and the one that had been given up comes while the other one is settled: the message is in the hold twice.

const { office } = offices()
const HELD = 'Recourse-Hold/quarantine'
const LOOKS = [60_000, 600_000, 3_600_000] as const

/** The first command for what lies in INBOX is stuck; the second one is cut off in half, and then the first one comes. */
function twice(o: Office): void {
  o.fails('ann', 'move', { late: 1000, stuck: true })
  o.fails('ann', 'move', { partial: { done: 0, both: 1 }, after: () => o.user('ann').finishPending() })
}

async function heldTwice() {
  const o = office()
  const { copies } = await o.deliver(['ann'])
  const before = o.user('ann').snapshot()
  twice(o)
  const id = await o.run({ kind: 'quarantine' }, copies)
  await look(o, 1000)
  expect(await o.items(id)).toMatchObject([{ state: 'done', reason: null }])
  const [, surplus = 0] = held(o)
  expect(held(o)).toHaveLength(2)
  return { o, id, copies, before, surplus }
}
const held = (o: Office) => o.uids('ann', HELD)

async function look(o: Office, ms: number): Promise<void> {
  o.later(ms)
  await o.service.drain(o.tenant)
}

describe('a second copy in the hold', () => {
  test('is removed at the next look, and the undo gives back the other one exactly', async () => {
    const { o, id, before } = await heldTwice()
    await look(o, LOOKS[0])
    expect(held(o)).toHaveLength(1)
    expect(await o.items(id)).toMatchObject([{ state: 'done', reason: expect.stringContaining('second copy') }])
    await o.undo(id)
    expect([o.user('ann').snapshot(), o.user('ann').held()]).toEqual([before, []])
  })

  test('is removed, too, on a server that gives every copy an ID of its own', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const before = o.user('ann').snapshot()
    o.fails('ann', 'move', { late: 1000, stuck: true })
    o.fails('ann', 'move', {
      partial: { done: 0, both: 1, strangers: true },
      after: () => o.user('ann').finishPending(),
    })
    const id = await o.run({ kind: 'quarantine' }, copies)
    expect(held(o)).toHaveLength(2)
    for (const ms of LOOKS) await look(o, ms)
    expect(held(o)).toHaveLength(1)
    await o.undo(id)
    expect([o.user('ann').snapshot(), o.user('ann').held()]).toEqual([before, []])
  })

  test('of what came to two addresses of one mailbox: both copies stay', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann', 'ann'], { mail: letter('To both') })
    const before = o.user('ann').snapshot()
    o.fails('ann', 'move', { late: 1000, stuck: true })
    const [one, other] = [
      await o.run({ kind: 'quarantine' }, copies.slice(0, 1)),
      await o.run({ kind: 'quarantine' }, copies.slice(1)),
    ]
    for (const ms of LOOKS) await look(o, ms)
    expect(held(o)).toHaveLength(2)
    for (const id of [one, other]) {
      expect((await o.items(id)).map((i) => i.state)).toEqual(['done'])
      await o.undo(id)
    }
    expect([o.user('ann').snapshot(), o.user('ann').held()]).toEqual([before, []])
  })

  test('with other bytes is not that command’s: it is kept', async () => {
    const { o, id, surplus } = await heldTwice()
    const other = Buffer.from(o.user('ann').bytes(HELD, surplus))
    other.write('X', other.length - 3)
    o.user('ann').rewrite(HELD, surplus, other)
    for (const ms of LOOKS) await look(o, ms)
    expect(held(o)).toContain(surplus)
    expect(held(o)).toHaveLength(2)
    expect(await o.items(id)).toMatchObject([{ state: 'done', reason: null }])
  })

  test('is kept while something else of the same message is unsettled in the mailbox, and removed once it is settled', async () => {
    const { o, copies } = await heldTwice()
    o.fails('ann', 'read', { error: 'unavailable' })
    const other = await o.run({ kind: 'move', target: 'junk' }, copies)
    o.fails('ann', 'read', { error: 'unavailable' })
    await look(o, LOOKS[0])
    expect(await o.items(other)).toMatchObject([{ state: 'failed', attempts: 2 }])
    expect(held(o)).toHaveLength(2)
    await o.service.cancel(o.analyst(), other)
    await look(o, LOOKS[1])
    expect(held(o)).toHaveLength(1)
  })

  test.each([
    ['read', 'read'],
    ['removed', 'destroy'],
  ] as const)(
    'that cannot be %s at the moment is passed over, keeps no other work waiting, and is looked at again',
    async (_, call) => {
      const { o, id } = await heldTwice()
      const [, there] = o.user('ann').list(HELD)
      const next = await o.deliver(['ann'])
      o.later(LOOKS[0])
      o.fails('ann', call, {
        before: () => {
          throw new UnreadableCopies(there ? [there] : [], 'the right to is missing')
        },
      })
      const other = await o.run({ kind: 'quarantine' }, next.copies)
      expect(await o.items(other)).toMatchObject([{ state: 'done' }])
      expect(held(o)).toHaveLength(3)
      await look(o, LOOKS[1])
      expect(held(o)).toHaveLength(2)
      expect(await o.items(id)).toMatchObject([{ state: 'done', reason: expect.stringContaining('second copy') }])
    },
  )

  test.each([
    ['the same hold', 'quarantine', undefined],
    ['another hold', 'soft-delete', undefined],
    ['the user’s own folder', 'move', 'junk'],
  ] as const)('is removed, too, where the next command was that of a later action to %s', async (_, kind, target) => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    const before = o.user('ann').snapshot()
    o.fails('ann', 'move', { late: 1000, stuck: true })
    o.fails('ann', 'move', { error: 'quota' })
    const first = await o.run({ kind: 'quarantine' }, copies)
    expect(await o.items(first)).toMatchObject([{ state: 'failed', nextAttemptAt: expect.any(String) }])
    o.later(100)
    o.fails('ann', 'move', { partial: { done: 0, both: 1 }, after: () => o.user('ann').finishPending() })
    const second = await o.run({ kind, ...(target ? { target } : {}) }, copies)
    expect(o.user('ann').held().length + o.uids('ann', 'Junk').length).toBe(2)
    for (const ms of LOOKS) await look(o, ms)
    expect((await o.items(first)).map((i) => i.state)).toEqual(['skipped'])
    expect(o.user('ann').held().length + o.uids('ann', 'Junk').length).toBe(1)
    await o.undo(second)
    expect([o.user('ann').snapshot(), o.user('ann').held()]).toEqual([before, []])
  })
})

test('a second copy beside what was given back may be its user’s: it is left, and told', async () => {
  const o = office()
  const { copies } = await o.deliver(['ann'])
  const taken = await o.run({ kind: 'quarantine' }, copies)
  twice(o)
  const undo = await o.undo(taken)
  await look(o, 1000)
  expect(await o.items(undo)).toMatchObject([{ state: 'done', reason: null }])
  expect([o.uids('ann', 'INBOX').length, held(o).length]).toEqual([2, 0])
  await look(o, LOOKS[0])
  expect(o.uids('ann', 'INBOX')).toHaveLength(2)
  const reason = expect.stringMatching(/second copy.*INBOX.*nobody can tell.*both were left/)
  expect(await o.items(undo)).toMatchObject([{ state: 'done', reason }])
})

describe('a move to a folder of the user’s that came late, beside a later action', () => {
  /** The late move brings the original to Junk in the moment in which the quarantine is cut off with its copy in the hold. */
  async function takenTwice(what: Parameters<Office['run']>[0]) {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    o.fails('ann', 'move', { late: 1000, stuck: true })
    o.fails('ann', 'move', { error: 'quota' })
    const first = await o.run({ kind: 'move', target: 'junk' }, copies)
    o.later(100)
    o.fails('ann', 'move', { partial: { done: 0, both: 1 }, after: () => o.user('ann').finishPending() })
    const second = await o.run(what, copies)
    return { o, first, second }
  }
  const reason = expect.stringMatching(/Taken from Junk.*nobody can tell.*both were taken/)

  test('what it brought there is taken, and it is told that an undo gives two copies back', async () => {
    const { o, first, second } = await takenTwice({ kind: 'quarantine' })
    expect([o.user('ann').snapshot(), held(o).length]).toEqual([[], 2])
    for (const ms of [...LOOKS, ...LOOKS]) await look(o, ms)
    expect(held(o)).toHaveLength(2)
    expect((await o.items(first)).map((i) => i.state)).toEqual(['skipped'])
    const items = await o.items(second)
    expect(items.map((i) => i.state)).toEqual(['done', 'done'])
    // Once, of the one that came from there.
    expect(items.filter((i) => i.reason !== null)).toMatchObject([{ before: { folder: 'Junk' }, reason }])
    expect(items.flatMap((i) => i.reason?.match(/both were taken/g) ?? [])).toHaveLength(1)
    const undo = await o.undo(second)
    expect((await o.items(undo)).map((i) => i.state)).toEqual(['done', 'done'])
    expect(held(o)).toEqual([])
  })

  test('what it brought beside the copy that a later action has brought to the same folder is left, and told', async () => {
    const { o, first, second } = await takenTwice({ kind: 'move', target: 'junk' })
    for (const ms of [...LOOKS, ...LOOKS]) await look(o, ms)
    expect(o.uids('ann', 'Junk')).toHaveLength(2)
    expect((await o.items(first)).map((i) => i.state)).toEqual(['skipped'])
    const beside = expect.stringMatching(
      /^There is a second copy of it in Junk since.*nobody can tell, and both were left\.$/,
    )
    expect(await o.items(second)).toMatchObject([{ state: 'done', reason: beside }])
  })

  test('nothing is told where the user had two copies, or where one copy only went from place to place', async () => {
    const o = office()
    const { copies } = await o.deliver(['ann'])
    o.user('ann').copy('INBOX', o.uids('ann', 'INBOX')[0] ?? 0, 'Junk')
    o.fails('ann', 'move', { late: 1000, stuck: true })
    const moved = await o.run({ kind: 'move', target: 'junk' }, copies)
    await look(o, 1000)
    expect(await o.items(moved)).toMatchObject([{ state: 'done' }])
    const taken = await o.run({ kind: 'quarantine' }, copies)
    for (const ms of LOOKS) await look(o, ms)
    const items = await o.items(taken)
    expect(items.map((i) => i.state)).toEqual(['done', 'done'])
    expect(items.filter((i) => i.reason?.includes('both were taken'))).toEqual([])
  })
})
