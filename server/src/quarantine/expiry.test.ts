import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Office } from '../../test/rig/memory-office.ts'
import { keep, letter, quietLog } from '../../test/rig/office.ts'
import { offices } from '../../test/rig/offices.ts'
import { type BlobKey, onCrashPoint, type TenantId } from '../base/index.ts'
import type { MailboxProvider } from '../mailboxes/index.ts'
import { oneServer } from '../remediation/index.ts'
import { type ExpiryDeps, expireAll, expireHeld } from './index.ts'

const DAY = 86_400_000
const t = offices()
let office: Office
let other: Office
beforeEach(() => {
  office = t.office()
  other = t.office({ tenant: t.b, provider: office.provider })
})
afterEach(async () => {
  onCrashPoint(null)
  // Nothing that is held may reach into the next test.
  await expireAll(deps())
})

let days = 31
const deps = (more: Partial<ExpiryDeps> = {}): ExpiryDeps => {
  const homeOf = oneServer(t.storage, office.provider)
  return {
    storage: t.storage,
    mailboxes: office.provider,
    loginOf: async (tenant, mailbox) => (await homeOf(tenant, mailbox))?.account.login ?? null,
    log: quietLog,
    clock: () => new Date(Date.now() + days * DAY),
    leaseMs: 20_000,
    deadlineMs: 100,
    ...more,
  }
}
const stateOf = async (tenant: TenantId, id: string) => {
  const { rows } = await t.storage.tenant(tenant, (tx) =>
    sql<{ state: string; latest_location: string; ref: unknown; clearing: boolean }>`
      select h.state, d.latest_location, d.ref, h.clearing from held_copy h join delivery d
      on d.tenant_id = h.tenant_id and d.id = h.delivery_id
      where h.tenant_id = ${tenant} and h.message_id = ${id}::uuid order by d.recipient`.execute(tx),
  )
  return rows
}
const kinds = async (id: string) =>
  (
    await t.storage.tenant(t.a, (tx) =>
      sql<{
        kind: string
      }>`select kind from message_event where tenant_id = ${t.a} and message_id = ${id}::uuid and delivery_id is not null
        order by at, id`.execute(tx),
    )
  ).rows.map((r) => r.kind)
const blobOf = async (tenant: TenantId, id: string) =>
  (
    await t.storage.tenant(tenant, (tx) =>
      sql<{ blob_key: string }>`select blob_key from message where tenant_id = ${tenant} and id = ${id}::uuid`.execute(
        tx,
      ),
    )
  ).rows[0]?.blob_key

describe('expiry', () => {
  test('of what never was in a mailbox: final, told, its bytes let go; not a day too early (quarantine #12, air #122, explorer #24: Dropped)', async () => {
    const { mail, copies } = await office.hold(['ann', 'bob'])
    days = 29
    expect(await expireHeld(deps(), t.a)).toEqual({ copies: 0, cleared: 0, left: 0 })
    days = 31
    const theirs = await other.hold(['ann'])
    expect(await expireHeld(deps(), t.a)).toEqual({ copies: 2, cleared: 0, left: 0 })
    expect(await stateOf(t.a, mail.id)).toMatchObject([
      { state: 'expired', latest_location: 'dropped' },
      { state: 'expired', latest_location: 'dropped' },
    ])
    expect(await kinds(mail.id)).toEqual(['expired', 'expired'])
    expect(await stateOf(t.b, theirs.mail.id)).toMatchObject([{ state: 'held', latest_location: 'quarantine' }])
    expect(await blobOf(t.a, mail.id)).toBe('')
    expect(await blobOf(t.b, theirs.mail.id)).not.toBe('')
    for (const kind of ['release', 'soft-delete', 'hard-delete'] as const) {
      const select = { deliveryIds: copies.map((c) => c.id) }
      await office.service.submit(office.analyst(), { kind, select }).catch(() => {})
      await office.service.drain(t.a)
    }
    expect(office.user('ann').list('INBOX')).toHaveLength(0)
    expect((await stateOf(t.a, mail.id)).map((r) => r.state)).toEqual(['expired', 'expired'])
    expect(await expireHeld(deps(), t.a)).toEqual({ copies: 0, cleared: 0, left: 0 })
  })

  test('the file goes with the next sweep, unless another message has the same bytes', async () => {
    const alone = await office.hold(['ann'])
    const shared = await office.hold(['ann'])
    const mailbox = office.mailbox('bob')
    const twin = { ...shared.mail, id: letter('twin').id }
    await keep(t.storage, t.a, { letter: twin, at: 'inbox', to: [{ mailbox, ref: null }] })
    const keys = [await blobOf(t.a, alone.mail.id), await blobOf(t.a, shared.mail.id)]
    await expireHeld(deps(), t.a)
    await pause(20)
    await t.storage.blobs.sweep(t.a, { graceMs: 10 })
    const there = await Promise.all(keys.map((k) => t.storage.blobs.has(t.a, (k ?? '') as BlobKey)))
    expect(there).toEqual([false, true])
  })

  test('what fails for one organisation holds up no other, and is told', async () => {
    const mine = await office.hold(['ann'])
    const theirs = await other.hold(['ann'])
    let asked = 0
    const trusted = async (_: unknown, now: Date) => {
      if (asked++ === 0) throw new Error('no clock')
      return now
    }
    await expect(expireAll(deps({ trusted }))).rejects.toThrow('no clock')
    const states = [...(await stateOf(t.a, mine.mail.id)), ...(await stateOf(t.b, theirs.mail.id))]
    expect(states.map((s) => s.state).sort()).toEqual(['expired', 'held'])
    await expect(expireAll(deps({ trusted: () => Promise.reject(new Error('no clock')) }))).rejects.toThrow(
      /for \d+ organisations; for the first: no clock/,
    )
    await expireAll(deps())
    expect(
      [...(await stateOf(t.a, mine.mail.id)), ...(await stateOf(t.b, theirs.mail.id))].map((s) => s.state),
    ).toEqual(['expired', 'expired'])
  })

  test('a message of which one copy was released keeps its bytes', async () => {
    const { mail, copies } = await office.hold(['ann', 'bob'])
    await office.run({ kind: 'release' }, copies.slice(0, 1))
    expect(await expireHeld(deps(), t.a)).toMatchObject({ copies: 1 })
    expect((await stateOf(t.a, mail.id)).map((r) => r.state)).toEqual(['released', 'expired'])
    expect(await blobOf(t.a, mail.id)).not.toBe('')
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
  })

  test('what was taken from a mailbox is destroyed in our hold, and only that', async () => {
    const { mail, copies } = await office.deliver(['ann', 'bob'])
    const stays = await office.deliver(['ann'])
    const held = await office.deliver(['ann'])
    await office.run({ kind: 'quarantine' }, copies)
    await office.run({ kind: 'soft-delete' }, held.copies)
    expect(office.held().map((h) => h.length)).toEqual([2, 1, 0])
    expect(await expireHeld(deps(), t.a)).toEqual({ copies: 2, cleared: 2, left: 0 })
    expect(office.held().map((h) => h.length)).toEqual([1, 0, 0])
    expect(office.user('ann').list('INBOX')).toHaveLength(1)
    expect(await stateOf(t.a, mail.id)).toMatchObject([
      { state: 'expired', latest_location: 'dropped', ref: null, clearing: false },
      { state: 'expired', latest_location: 'dropped', ref: null, clearing: false },
    ])
    expect(await kinds(mail.id)).toEqual(['quarantined', 'quarantined', 'expired', 'expired', 'destroyed', 'destroyed'])
    expect(stays.copies).toHaveLength(1)
  })

  test('while a release waits or runs nothing expires; a denial does not stop it; extended it stays', async () => {
    const waiting = await office.hold(['ann'])
    const proposer = office.analyst(['remediation.propose'])
    await office.service.submit(proposer, { kind: 'release', select: { messageIds: [waiting.mail.id] } })
    const denied = await office.hold(['ann'])
    const extended = await office.hold(['ann'])
    await t.storage.tenant(t.a, async (tx) => {
      await sql`update held_copy set state = 'denied' where tenant_id = ${t.a} and message_id = ${denied.mail.id}::uuid`.execute(
        tx,
      )
      await sql`update held_copy set expires_at = now() + interval '80 days' where tenant_id = ${t.a}
        and message_id = ${extended.mail.id}::uuid`.execute(tx)
    })
    expect(await expireHeld(deps(), t.a)).toMatchObject({ copies: 1 })
    expect((await stateOf(t.a, waiting.mail.id))[0]?.state).toBe('held')
    expect((await stateOf(t.a, denied.mail.id))[0]?.state).toBe('expired')
    expect((await stateOf(t.a, extended.mail.id))[0]?.state).toBe('held')
    days = 91
    await expireHeld(deps(), t.a)
    days = 31
    expect((await stateOf(t.a, extended.mail.id))[0]?.state).toBe('expired')
    // Nobody has decided in time: the proposal ends, then the copy, and nothing was delivered.
    office.later(8 * DAY)
    expect(await office.service.expire(t.a)).toBe(1)
    expect(await expireHeld(deps(), t.a)).toMatchObject({ copies: 1 })
    expect((await stateOf(t.a, waiting.mail.id))[0]?.state).toBe('expired')
    expect(
      office
        .user('ann')
        .list('INBOX')
        .map((c) => c.networkMessageId),
    ).not.toContain(waiting.mail.id)
  })

  test('two processes and a release at once: each copy is released once or expires once', async () => {
    for (let round = 0; round < 8; round++) {
      const { mail } = await office.hold(['ann', 'bob', 'cem'])
      const before = office.user('ann').list('INBOX').length
      const release = office.service
        .submit(office.analyst(), { kind: 'release', select: { messageIds: [mail.id] } })
        .then(() => true)
        .catch(() => false)
      const [won, one, two] = await Promise.all([release, expireHeld(deps(), t.a), expireHeld(deps(), t.a)])
      await office.service.drain(t.a)
      expect(one.copies + two.copies).toBe(won ? 0 : 3)
      expect((await stateOf(t.a, mail.id)).map((r) => r.state)).toEqual(Array(3).fill(won ? 'released' : 'expired'))
      expect(office.user('ann').list('INBOX').length - before).toBe(won ? 1 : 0)
    }
  })

  test.each(['quarantine.after-expiry-commit', 'quarantine.after-destroy'])(
    'killed at %s: the next run goes on, nothing twice, nothing left',
    async (point) => {
      const { mail, copies } = await office.deliver(['ann', 'bob'])
      await office.run({ kind: 'quarantine' }, copies)
      onCrashPoint((name) => {
        if (name === point) throw new Error('killed')
      })
      await expireHeld(deps({ leaseMs: 1000 }), t.a).catch(() => {})
      onCrashPoint(null)
      expect((await stateOf(t.a, mail.id)).map((r) => r.state)).toEqual(['expired', 'expired'])
      // Whoever was killed has not given back its lease.
      await expect.poll(async () => (await expireHeld(deps(), t.a)).left).toBe(0)
      expect(office.held().map((h) => h.length)).toEqual([0, 0, 0])
      expect(await stateOf(t.a, mail.id)).toMatchObject([
        { ref: null, clearing: false },
        { ref: null, clearing: false },
      ])
      expect((await kinds(mail.id)).filter((k) => k === 'destroyed')).toHaveLength(2)
    },
  )

  test('the mail server does not answer, the mailbox is busy or gone: expired all the same, cleared later', async () => {
    const { mail, copies } = await office.deliver(['ann'])
    await office.run({ kind: 'quarantine' }, copies)
    const down: Pick<MailboxProvider, 'open'> = { open: async () => Promise.reject(new Error('connection refused')) }
    expect(await expireHeld(deps({ mailboxes: down }), t.a)).toEqual({ copies: 1, cleared: 0, left: 1 })
    expect(await stateOf(t.a, mail.id)).toMatchObject([{ state: 'expired', clearing: true }])
    const { id } = office.mailbox('ann')
    const lease = await t.storage.leases.acquire(t.a, `mailbox:${id}`, { ttlMs: 60_000, deadlineMs: 100 })
    expect(await expireHeld(deps(), t.a)).toEqual({ copies: 0, cleared: 0, left: 1 })
    await lease?.release()
    expect(await expireHeld(deps({ loginOf: async () => null }), t.a)).toEqual({ copies: 0, cleared: 1, left: 0 })
  })

  test('a hold that the server has numbered anew: what is due is found in it, the rest stays', async () => {
    const { copies } = await office.deliver(['ann'])
    const kept = await office.deliver(['ann'])
    await office.run({ kind: 'quarantine' }, copies)
    await office.run({ kind: 'quarantine' }, kept.copies)
    await t.storage.tenant(t.a, (tx) =>
      sql`update held_copy set expires_at = now() + interval '80 days' where tenant_id = ${t.a}
        and message_id = ${kept.mail.id}::uuid`.execute(tx),
    )
    office.user('ann').renumber('Recourse-Hold/quarantine')
    expect(await expireHeld(deps(), t.a)).toEqual({ copies: 1, cleared: 1, left: 0 })
    expect(office.held()[0]).toHaveLength(1)
    await office.run({ kind: 'release' }, kept.copies)
    expect(
      office
        .user('ann')
        .list('INBOX')
        .map((c) => c.networkMessageId),
    ).toEqual([kept.mail.id])
  })

  test('another message in its place is left alone', async () => {
    const { mail, copies } = await office.deliver(['ann'])
    await office.run({ kind: 'quarantine' }, copies)
    const wrong = await office.deliver(['ann'])
    await office.run({ kind: 'quarantine' }, wrong.copies)
    await t.storage.tenant(t.a, (tx) =>
      sql`update delivery d set ref = (select o.ref from delivery o where o.tenant_id = d.tenant_id and o.id = ${wrong.copies[0]?.id ?? ''}::uuid)
        where d.tenant_id = ${t.a} and d.id = ${copies[0]?.id ?? ''}::uuid`.execute(tx),
    )
    await t.storage.tenant(t.a, (tx) =>
      sql`update held_copy set expires_at = now() + interval '80 days' where tenant_id = ${t.a} and message_id = ${wrong.mail.id}::uuid`.execute(
        tx,
      ),
    )
    await expireHeld(deps(), t.a)
    expect((await stateOf(t.a, mail.id))[0]?.state).toBe('expired')
    expect(office.held()[0]).toHaveLength(2)
  })
})
