import { sql } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Office } from '../../../test/rig/memory-office.ts'
import { offices } from '../../../test/rig/offices.ts'
import type { HopResult, NextHop } from '../../transport/index.ts'

const t = offices()
let office: Office
beforeEach(() => {
  office = t.office()
})

const arrive = (bytes: Buffer): HopResult => {
  office.user('ann').append('INBOX', bytes)
  return { kind: 'delivered', ref: null, detail: '250 ok' }
}
const LOST: HopResult = { kind: 'unknown', why: 'reset' }

/** The same office, whose mail store answers as the test says. */
function storeThat(act: (bytes: Buffer, nth: number) => HopResult): Office {
  let n = 0
  const handOver: NextHop['handOver'] = async ({ bytes }) => [act(bytes, ++n)]
  return t.office({
    provider: office.provider,
    nextHop: { kind: 'lmtp', handOver, close: async () => {} },
  })
}
const inbox = () => office.user('ann').list('INBOX')
const locationOf = async (id: string) => {
  const rows = await t.storage.tenant(t.a, (tx) =>
    sql<{ latest_location: string }>`select latest_location from delivery where id = ${id}::uuid`.execute(tx),
  )
  return rows.rows[0]?.latest_location
}

// Before those that leave something that waits: its time would come in this one.
test('delivered, and Junk does not take it: tried again after a second, then two; handed over once', async () => {
  let handed = 0
  const flaky = storeThat((bytes, nth) => {
    handed = nth
    return arrive(bytes)
  })
  const { copies } = await flaky.hold(['ann'])
  for (const error of ['refused', 'quota'] as const) office.provider.failOnce('move', { error })
  const id = await flaky.run({ kind: 'move', target: 'junk' }, copies)
  const junk = () => office.user('ann').list('Junk').length
  for (const [attempts, wait, why] of [
    [1, 1000, 'Junk did not take it: refused'],
    [2, 2000, 'quota'],
  ] as const) {
    const due = new Date(flaky.now().getTime() + wait).toISOString()
    const waits = {
      state: 'failed',
      attempts,
      nextAttemptAt: due,
      reason: expect.stringContaining(why),
    }
    expect(await flaky.items(id)).toMatchObject([waits])
    expect([inbox().length, junk()]).toEqual([1, 0])
    flaky.later(wait - 1)
    await flaky.service.drain(t.a)
    expect(await flaky.items(id)).toMatchObject([waits])
    flaky.later(1)
    await flaky.service.drain(t.a)
  }
  await flaky.close()
  expect([inbox().length, junk(), handed]).toEqual([0, 1, 1])
  expect((await office.view(id)).counts).toMatchObject({ total: 1, done: 1, verified: 1, retrying: 0 })
})

describe('a release whose answer was lost', () => {
  test('it had not arrived: handed over again, once', async () => {
    const flaky = storeThat((bytes, nth) => (nth === 1 ? LOST : arrive(bytes)))
    const { copies } = await flaky.hold(['ann'])
    const id = await flaky.run({ kind: 'release' }, copies)
    expect((await office.view(id)).state).toBe('running')
    flaky.later(120_000)
    await flaky.service.drain(t.a)
    await flaky.close()
    expect(inbox()).toHaveLength(1)
    expect((await office.view(id)).counts).toMatchObject({ total: 1, done: 1, verified: 1 })
  })

  test('it arrived after it was looked for: found, not handed over twice, even if it was refused meanwhile', async () => {
    let late: Buffer = Buffer.alloc(0)
    const refusal: HopResult = { kind: 'temporary', reply: { code: 451, enhanced: '4.3.0', text: 'try later' } }
    const flaky = storeThat((bytes, nth) => {
      if (nth === 1) late = bytes
      return nth === 1 ? LOST : nth === 2 ? refusal : arrive(bytes)
    })
    const { copies } = await flaky.hold(['ann'])
    const id = await flaky.run({ kind: 'release' }, copies)
    flaky.later(120_000)
    await flaky.service.drain(t.a)
    arrive(late)
    flaky.later(120_000)
    await flaky.service.drain(t.a)
    await flaky.close()
    expect(inbox()).toHaveLength(1)
    expect((await office.view(id)).counts).toMatchObject({ done: 1, verified: 1 })
  })

  test('while the next attempt is waited for, a second release is refused', async () => {
    const flaky = storeThat(() => LOST)
    const { copies } = await flaky.hold(['ann'])
    await flaky.run({ kind: 'release' }, copies)
    await expect(flaky.run({ kind: 'release' }, copies)).rejects.toMatchObject({ code: 'not-releasable' })
    await flaky.close()
  })
})

test('three people release at once: one release', async () => {
  const { copies } = await office.hold(['ann'])
  const request = { kind: 'release', select: { deliveryIds: copies.map((c) => c.id) } } as const
  const asked = await Promise.allSettled([1, 2, 3].map(() => office.service.submit(office.analyst(), request)))
  expect(asked.filter((a) => a.status === 'fulfilled')).toHaveLength(1)
  await office.service.drain(t.a)
  expect(inbox()).toHaveLength(1)
})

describe('planned while only the gate had it, and released before it was worked on', () => {
  test('deleted: taken out of the mailbox, not only on paper', async () => {
    const { copies } = await office.hold(['ann'])
    const select = { deliveryIds: copies.map((c) => c.id) }
    await office.service.submit(office.analyst(), { kind: 'release', select })
    const { id } = await office.service.submit(office.analyst(), { kind: 'hard-delete', select })
    await office.service.drain(t.a)
    expect(inbox()).toHaveLength(0)
    expect(office.user('ann').held()).toHaveLength(1)
    expect((await office.view(id)).counts).toMatchObject({ done: 1, verified: 1 })
    await office.undo(id)
    expect(inbox()).toHaveLength(1)
  })

  test('the deletion undone after the message was moved to the Inbox: it is not called quarantined', async () => {
    const { copies } = await office.hold(['ann'])
    const id = await office.run({ kind: 'hard-delete' }, copies)
    const { id: undo } = await office.service.submitUndo(office.analyst(['remediation.propose']), id)
    await office.run({ kind: 'move', target: 'inbox' }, copies)
    expect(inbox()).toHaveLength(1)
    office.later(1000)
    await office.service.approve(office.analyst(), undo)
    await office.service.drain(t.a)
    expect((await office.items(undo))[0]).toMatchObject({ state: 'skipped', reason: expect.stringContaining('since') })
    expect(await locationOf(copies[0]?.id ?? '')).toBe('inbox')
  })

  test('deleted while its release fails: it does not come to the mailbox on the way', async () => {
    let taken = 0
    const flaky = storeThat((bytes, nth) => {
      taken = nth
      return nth === 1 ? { kind: 'permanent', reply: { code: 550, enhanced: '5.2.1', text: 'no' } } : arrive(bytes)
    })
    const { copies } = await flaky.hold(['ann'])
    await flaky.run({ kind: 'release' }, copies)
    // As planned while the first hand-over was still under way.
    const id = await t.storage.tenant(t.a, async (tx) => {
      await sql`update delivery set handover = 'handing-over' where id = ${copies[0]?.id ?? ''}::uuid`.execute(tx)
      const select = { deliveryIds: copies.map((c) => c.id) }
      const made = await flaky.service.submit(flaky.analyst(), { kind: 'hard-delete', select }, tx)
      await sql`update delivery set handover = 'refused' where id = ${copies[0]?.id ?? ''}::uuid`.execute(tx)
      return made.id
    })
    await flaky.service.drain(t.a)
    await flaky.close()
    expect(taken).toBe(1)
    expect(await locationOf(copies[0]?.id ?? '')).toBe('hard-deleted')
    expect((await office.view(id)).counts).toMatchObject({ done: 1, verified: 1 })
  })
})
