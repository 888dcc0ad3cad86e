import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Office, people } from '../../../test/rig/memory-office.ts'
import type { Copy } from '../../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import type { ActionId, TenantId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import type { Mailbox } from '../../organisation/index.ts'
import type { Requester } from '../types.ts'
import type { UndoRequest, UndoSelection } from './index.ts'

let t: TestStorage
let all: ReadonlyMap<TenantId, ReadonlyMap<string, Mailbox>>
let o: Office
let other: Office
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
beforeEach(() => {
  o = new Office(t, t.a, all)
  other = new Office(t, t.b, all)
})
afterEach(async () => {
  await o.close()
  await other.close()
})
afterAll(() => t.close())

const preview = (select: UndoSelection, at = o) => at.service.previewUndoOf(at.analyst(), select)
async function undo(request: UndoRequest, at = o): Promise<ActionId> {
  const { id } = await at.service.undoAll(at.analyst(), request)
  await at.service.drain(at.tenant)
  return id
}
const automation = (at = o): Requester => ({ ...at.analyst(), user: null, name: 'ZAP' })
const named = (name: string, n: number, at = o): Requester => ({
  ...at.analyst(),
  user: `00000000-0000-7000-8000-00000000000${n}`,
  name,
})
let k = 0
/** A cause of its own for each test. */
const cause = (kind: Cause['kind'], version = 1, id = `${kind}-${++k}`): Cause => ({ kind, id, version })
const ids = (copies: readonly Copy[]) => copies.map((c) => c.id)
/** A delivery whose verdict has these causes. */
async function judged(causes: readonly Cause[], to: readonly string[] = ['ann']): Promise<readonly Copy[]> {
  const { copies } = await o.deliver(to)
  await t.storage.tenant(t.a, (tx) =>
    sql`update verdict set verdict = jsonb_set(verdict::jsonb, '{causes}', ${JSON.stringify(causes)}::jsonb)
      where message_id = ${copies[0]?.messageId ?? ''}::uuid`.execute(tx),
  )
  return copies
}

test('who asks for an undo does not wait for a worker that looks, by a foreign key, at what is undone', async () => {
  const { copies } = await o.deliver(['ann'])
  const id = await o.run({ kind: 'soft-delete' }, copies)
  const asked = await t.storage.tenant(t.a, async (tx) => {
    await sql`select from action where id = ${id} for key share`.execute(tx)
    const undone = o.service.submitUndo(o.analyst(), id).then(() => 'undone')
    return await Promise.race([undone, new Promise((done) => setTimeout(done, 10_000, 'waits'))])
  })
  expect(asked).toBe('undone')
  await o.service.drain(t.a)
})

describe('proposed, and not approved', () => {
  const proposer = (more: readonly string[] = []) => o.analyst(['remediation.propose', ...more])
  const guards = async (copies: readonly Copy[]) =>
    (
      await t.storage.tenant(t.a, (tx) =>
        sql<{ cause_id: string }>`select cause_id from guard where delivery_id = any(${ids(copies)}::uuid[])
          order by cause_id`.execute(tx),
      )
    ).rows.map((r) => r.cause_id)
  const suspended = async (undo: ActionId) =>
    (
      await t.storage.tenant(t.a, (tx) =>
        sql`select 1 from outbox where kind = 'cause.suspend' and data->>'undoActionId' = ${undo}`.execute(tx),
      )
    ).rows.length

  test('it binds no cause; approved it does, but not for what the approver has left out', async () => {
    const signal = cause('signal', 3)
    const { copies } = await o.deliver(['ann', 'bob', 'cem'])
    await o.run({ kind: 'soft-delete', cause: signal }, copies)
    const wish = { select: { signal: { id: signal.id } }, suspendCause: true }
    const { id, state } = await o.service.undoAll(proposer(['lists.write']), wish)
    expect(state).toBe('pending-approval')
    expect([await guards(copies), await suspended(id)]).toEqual([[], 0])
    await o.service.reject(o.analyst(), id)
    expect([await guards(copies), await suspended(id)]).toEqual([[], 0])

    const again = await o.service.undoAll(proposer(['lists.write']), wish)
    const except = { deliveryIds: ids(copies.slice(2)) }
    await o.service.approve(o.analyst(), again.id, undefined, { except })
    await o.service.drain(t.a)
    expect(await guards(copies.slice(0, 2))).toEqual([signal.id, signal.id])
    expect([await guards(copies.slice(2)), await suspended(again.id)]).toEqual([[], 1])
  })

  test('what a person did for no cause has none to be kept from', async () => {
    const { copies } = await o.deliver(['ann', 'bob'])
    await o.undo(await o.run({ kind: 'soft-delete' }, copies))
    expect(await guards(copies)).toEqual([])
  })

  test('a redo that nobody approves lets go of nothing', async () => {
    const signal = cause('signal')
    const { copies } = await o.deliver(['ann'])
    const action = await o.run({ kind: 'soft-delete', cause: signal }, copies)
    const undone = await o.undo(action)
    const redo = await o.service.submitUndo(proposer(), undone)
    expect(await guards(copies)).toEqual([signal.id])
    await o.service.reject(o.analyst(), redo.id)
    expect(await guards(copies)).toEqual([signal.id])
    const again = await o.service.submitUndo(proposer(), undone)
    await o.service.approve(o.analyst(), again.id)
    await o.service.drain(t.a)
    expect(await guards(copies)).toEqual([])
  })

  test('what the gate holds is kept from automation only when its release was approved', async () => {
    const signal = cause('signal')
    const copies = await judged([signal])
    await t.storage.tenant(t.a, (tx) =>
      sql`update delivery set latest_location = 'quarantine', original_location = 'quarantine', ref = null, handover = 'none'
        where id = any(${ids(copies)}::uuid[])`.execute(tx),
    )
    const wish = { select: { signal: { id: signal.id } }, releaseHeld: true }
    const { id } = await o.service.undoAll(proposer(), wish)
    expect(await guards(copies)).toEqual([])
    await o.service.approve(o.analyst(), id)
    expect(await guards(copies)).toEqual([signal.id])
  })

  test('who may not change lists may not suspend a cause, whoever approves', async () => {
    const signal = cause('signal')
    const { copies } = await o.deliver(['ann'])
    await o.run({ kind: 'soft-delete', cause: signal }, copies)
    const wish = { select: { signal: { id: signal.id } }, suspendCause: true }
    for (const by of [proposer(), proposer(['remediation.approve'])])
      await expect(o.service.undoAll(by, wish)).rejects.toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining('lists.write'),
      })
  })
})

describe('by cause', () => {
  test('air #120 lesson #60: one undo for all actions of a signal, in one version or in all; each action says what became of it', async () => {
    const signal = cause('signal', 3)
    const one = await o.deliver(['ann', 'bob'], { folder: 'Work' })
    const two = await o.deliver(['cem'])
    const theirs = await other.deliver(['ann', 'bob'], { folder: 'Work' })
    const before = o.snapshots()
    const first = await o.run({ kind: 'soft-delete', cause: signal }, one.copies)
    const second = await o.run({ kind: 'quarantine', cause: { ...signal, version: 4 } }, two.copies)
    const foreign = await other.run({ kind: 'soft-delete', cause: signal }, theirs.copies)
    const taken = other.snapshots()

    expect(await preview({ signal: { id: signal.id, version: 4 } })).toMatchObject({
      copies: 1,
      actions: [{ id: second }],
    })
    const plan = await preview({ signal: { id: signal.id } })
    expect(plan).toMatchObject({
      copies: 3,
      messages: 2,
      mailboxes: 3,
      exact: 3,
      notExact: [],
      impossible: [],
      running: { copies: 0, actions: [] },
      byFolder: [
        { folder: 'Work', count: 2 },
        { folder: 'INBOX', count: 1 },
      ],
      actions: [
        { id: first, copies: 2, impossible: 0 },
        { id: second, copies: 1, impossible: 0 },
      ],
      future: [{ cause: { kind: 'signal', id: signal.id, version: null }, state: 'acts', canSuspend: true }],
    })
    const made = await undo({ select: { signal: { id: signal.id } } })
    expect(o.snapshots()).toEqual(before)
    expect(await o.view(made)).toMatchObject({
      kind: 'undo',
      state: 'completed',
      undoOf: null,
      undoes: [first, second],
    })
    for (const id of [first, second]) expect(await o.view(id)).toMatchObject({ state: 'undone', undoneBy: made })
    // The other organisation has the same signal and the same mail: nothing of it was touched.
    expect(other.snapshots()).toEqual(taken)
    expect((await other.view(foreign)).state).toBe('completed')

    // It is an action like any other: taken back, everything is as it was before the undo.
    const redo = await undo({ select: { actions: [made] } })
    expect((await o.view(redo)).name).toMatch(/^Redo: /)
    expect(o.snapshots().flat()).toEqual([])
    for (const id of [first, second]) expect((await o.view(id)).state).toBe('completed')
    await undo({ select: { signal: { id: signal.id } } })
    expect(o.snapshots()).toEqual(before)
  })

  test('by list entry, policy, submission, person and time, and combined: each part narrows', async () => {
    const entry = cause('entry', 2)
    const [a, b] = [named('Ada', 5), named('Bob', 6)]
    const copies = (await o.deliver(['ann', 'bob', 'cem'])).copies
    const first = await o.run({ kind: 'soft-delete', cause: entry }, copies.slice(0, 1), a)
    o.later(3_600_000)
    const cut = '2026-05-01T10:30:00Z'
    const second = await o.run({ kind: 'soft-delete', cause: entry }, copies.slice(1, 2), b)
    const third = await o.run({ kind: 'soft-delete', cause: cause('policy') }, copies.slice(2), b)
    const found = async (select: UndoSelection) => (await preview(select)).actions.map((x) => x.id)
    expect(await found({ entry: { id: entry.id } })).toEqual([first, second])
    expect(await found({ entry: { id: entry.id, version: 1 } })).toEqual([])
    expect(await found({ person: 'Bob' })).toEqual([second, third])
    expect(await found({ person: a.user ?? '' })).toEqual([first])
    expect(await found({ entry: { id: entry.id }, person: 'bob' })).toEqual([second])
    expect(await found({ from: cut, entry: { id: entry.id } })).toEqual([second])
    expect(await found({ to: cut, entry: { id: entry.id } })).toEqual([first])
    expect(await found({ entry: { id: entry.id }, from: cut, to: '2026-05-01T11:00:00Z' })).toEqual([])
    expect(await found({ policy: { id: 'nothing' } })).toEqual([])
    expect(await found({ entry: { id: entry.id }, signal: { id: 'x' } })).toEqual([])
    await expect(preview({})).rejects.toMatchObject({ code: 'nothing-selected' })
    await expect(preview({ from: cut, to: cut })).rejects.toMatchObject({ code: 'bad-window' })
    await expect(preview({ from: 'yesterday' })).rejects.toMatchObject({ code: 'bad-window' })
  })

  test('the chain is walked: an action that an action caused is found by the first one’s cause', async () => {
    const signal = cause('signal')
    const { copies } = await o.deliver(['ann', 'bob'])
    const before = o.snapshots()
    const first = await o.run({ kind: 'soft-delete', cause: signal }, copies.slice(0, 1))
    const second = await o.run(
      { kind: 'soft-delete', cause: { kind: 'action', id: first, version: 1 } },
      copies.slice(1),
    )
    expect((await preview({ signal: { id: signal.id } })).actions.map((a) => a.id)).toEqual([first, second])
    await undo({ select: { signal: { id: signal.id } } })
    expect(o.snapshots()).toEqual(before)
  })

  test('an action that a verdict started is found by each cause of the verdict, and only its messages', async () => {
    const [bad, fine] = [cause('signal', 2), cause('entry')]
    const one = await judged([bad])
    const both = await judged([fine, bad], ['bob'])
    const none = await judged([fine], ['cem'])
    const before = o.user('cem').snapshot()
    const id = await o.run({ kind: 'quarantine' }, [...one, ...both, ...none], automation())
    expect((await preview({ entry: { id: fine.id } })).copies).toBe(2)
    expect(await preview({ signal: { id: bad.id, version: 2 } })).toMatchObject({
      copies: 2,
      actions: [{ id, copies: 2 }],
    })
    expect((await preview({ signal: { id: bad.id, version: 1 } })).copies).toBe(0)
    await undo({ select: { signal: { id: bad.id } } })
    expect((await o.view(id)).state).toBe('partially-undone')
    expect([o.user('ann').snapshot().length, o.user('bob').snapshot().length]).toEqual([1, 1])
    expect(o.user('cem').snapshot()).toEqual(before.slice(1))
  })

  test('what is done instead of a verdict’s action is found by the verdict’s causes too, and bound', async () => {
    const [bad, fine] = [cause('signal', 2), cause('entry')]
    const [one, two] = [await judged([bad]), await judged([fine], ['bob'])]
    const before = o.snapshots()
    const all = { deliveryIds: ids([...one, ...two]) }
    const proposal = await o.service.submit(automation(), { kind: 'quarantine', propose: true, select: all })
    const instead = { kind: 'soft-delete' } as const
    const { derived } = await o.service.approve(o.analyst(), proposal.id, undefined, { instead })
    await o.service.drain(t.a)
    expect(await preview({ signal: { id: bad.id } })).toMatchObject({
      copies: 1,
      actions: [{ id: derived, copies: 1 }],
    })
    await undo({ select: { signal: { id: bad.id } } })
    expect(o.user('bob').snapshot()).toEqual([])
    await undo({ select: { entry: { id: fine.id } } })
    expect(o.snapshots()).toEqual(before)
    const again = await o.run({ kind: 'quarantine', cause: bad }, one, automation())
    expect((await o.items(again)).map((i) => i.state)).toEqual(['skipped'])
  })

  test('what a verdict has started by itself is not told as a person’s doing', async () => {
    const bad = cause('signal')
    const copies = await judged([bad])
    await o.run({ kind: 'quarantine' }, copies)
    expect((await preview({ signal: { id: bad.id } })).copies).toBe(0)
  })
})

test('an undo and a release that bind the same cause for the same copies do not wait for each other', async () => {
  const bad = cause('signal')
  const copies: Copy[] = []
  for (let n = 0; n < 20; n++) copies.push(...(await judged([bad], ['ann', 'bob', 'cem'])))
  await o.run({ kind: 'quarantine', cause: bad }, copies)
  const some = ids(copies).filter((_, n) => n % 2 === 0)
  const both: Promise<PromiseSettledResult<unknown>>[] = []
  const settled = async (asked: Promise<unknown>) => (await Promise.allSettled([asked]))[0]
  // Somebody binds every second one, too: both wait for him, each with a part bound.
  await t.storage.tenant(t.a, async (tx) => {
    await sql`insert into guard (tenant_id, delivery_id, cause_kind, cause_id, cause_version, set_by, at)
      select ${t.a}, d, ${bad.kind}, ${bad.id}, ${bad.version}, d, now() from unnest(${some}::uuid[]) d`.execute(tx)
    const select = { deliveryIds: ids(copies) }
    both.push(settled(o.service.undoAll(o.analyst(), { select: { signal: { id: bad.id } } })))
    both.push(settled(o.service.submit(o.analyst(), { kind: 'release', select })))
    const waiting = sql<{ n: number }>`select count(*)::int as n from pg_locks l join pg_stat_activity a using (pid)
      where a.datname = current_database() and l.locktype = 'transactionid' and not l.granted`
    const blocked = async () => (await waiting.execute(tx)).rows[0]?.n
    await expect.poll(blocked, { timeout: 60_000 }).toBeGreaterThanOrEqual(2)
  })
  expect(await Promise.all(both)).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
  await o.service.drain(t.a)
  expect(o.snapshots().map((s) => s.length)).toEqual([20, 20, 20])
})

describe('what the gate has kept', () => {
  test('is counted apart; released with the rest if asked for, bound, and taken back by a redo', async () => {
    const bad = cause('signal', 2)
    const { copies } = await o.hold(['ann', 'bob'], { causes: [bad] })
    await other.hold(['ann'], { causes: [bad] })
    const taken = await o.deliver(['cem'])
    const before = o.user('cem').snapshot()
    await o.run({ kind: 'quarantine', cause: bad }, taken.copies)
    const select = { signal: { id: bad.id } }
    expect(await preview(select)).toMatchObject({ copies: 1, heldAtGate: 2 })
    expect((await preview({ signal: { id: bad.id, version: 1 } })).heldAtGate).toBe(0)
    expect((await preview({ ...select, deliveryIds: ids(copies.slice(0, 1)) })).heldAtGate).toBe(1)
    expect((await preview({ ...select, person: 'Anna Lyst' })).heldAtGate).toBe(0)
    const made = await undo({ select, releaseHeld: true })
    expect(await o.view(made)).toMatchObject({ state: 'completed', counts: { total: 3, done: 3 } })
    expect([o.user('ann').list('INBOX'), o.user('bob').list('INBOX')].map((l) => l.length)).toEqual([1, 1])
    expect(o.user('cem').snapshot()).toEqual(before)
    expect(other.user('ann').list('INBOX')).toEqual([])
    const again = await o.run({ kind: 'quarantine', cause: bad }, copies, automation())
    expect((await o.items(again)).map((i) => i.state)).toEqual(['skipped', 'skipped'])
    expect((await preview(select)).heldAtGate).toBe(0)
    await undo({ select: { actions: [made] } })
    expect(o.held().map((h) => h.length)).toEqual([1, 1, 1])
    expect(o.snapshots().flat()).toEqual([])
  })

  test('alone it is enough for an undo, and nothing without being asked for', async () => {
    const bad = cause('signal')
    await o.hold(['ann'], { causes: [bad] })
    const select = { signal: { id: bad.id } }
    await expect(o.service.undoAll(o.analyst(), { select })).rejects.toMatchObject({ code: 'nothing-to-undo' })
    await undo({ select, releaseHeld: true })
    expect(o.user('ann').list('INBOX')).toHaveLength(1)
    await expect(o.service.undoAll(o.analyst(), { select, releaseHeld: true })).rejects.toMatchObject({
      code: 'nothing-to-undo',
    })
  })
})

describe('two people release what the gate has kept', () => {
  const wish = (bad: Cause) => ({ select: { signal: { id: bad.id } }, releaseHeld: true })
  const said = /^It is being undone already: “Undo: signal [^”]+” by (Ada|Bob), since /

  test('lesson #5: at once: one undo, the second is told who was first', async () => {
    const bad = cause('signal')
    await o.hold(['ann', 'bob'], { causes: [bad] })
    const pressed = [named('Ada', 5), named('Bob', 6)].map((by) => o.service.undoAll(by, wish(bad)))
    const [first, second] = (await Promise.allSettled(pressed)).sort((a, b) => (a.status < b.status ? -1 : 1))
    expect(first).toMatchObject({ status: 'fulfilled' })
    expect(second).toMatchObject({ reason: { code: 'undo-under-way', message: expect.stringMatching(said) } })
    await o.service.drain(t.a)
    expect([o.user('ann').list('INBOX'), o.user('bob').list('INBOX')].map((l) => l.length)).toEqual([1, 1])
  })

  test('one after the other, while it is under way; who presses twice gets the same', async () => {
    const bad = cause('signal')
    await o.hold(['ann'], { causes: [bad] })
    const pressed = [1, 2].map(() => o.service.undoAll(named('Ada', 5), wish(bad)))
    const [one, two] = await Promise.all(pressed)
    expect(one?.id).toBe(two?.id)
    await expect(o.service.undoAll(named('Bob', 6), wish(bad))).rejects.toMatchObject({
      code: 'undo-under-way',
      message: expect.stringMatching(said),
    })
    await o.service.drain(t.a)
    expect(o.user('ann').list('INBOX')).toHaveLength(1)
  })
})

describe('what the gate has put into Junk', () => {
  test('is counted apart; moved to the Inbox if asked for, as it was, bound, and taken back by a redo', async () => {
    const bad = cause('signal', 2)
    const { copies } = await o.deliver(['ann', 'bob'], { junked: [bad] })
    await o.deliver(['cem'], { junked: [bad], known: false })
    await other.deliver(['ann'], { junked: [bad] })
    const before = o.snapshots()
    const select = { signal: { id: bad.id } }
    expect(await preview(select)).toMatchObject({ copies: 0, heldAtGate: 0, junkedAtGate: 3 })
    expect((await preview({ signal: { id: bad.id, version: 1 } })).junkedAtGate).toBe(0)
    const made = await undo({ select, releaseHeld: true })
    expect(await o.view(made)).toMatchObject({ state: 'completed', counts: { total: 3, done: 3 } })
    const inbox = before.map((copies) => copies.map((c) => ({ ...c, folder: 'INBOX' })))
    expect(o.snapshots()).toEqual(inbox)
    expect(other.user('ann').list('Junk')).toHaveLength(1)
    const again = await o.run({ kind: 'move', target: 'junk', cause: bad }, copies, automation())
    expect((await o.items(again)).map((i) => i.state)).toEqual(['skipped', 'skipped'])
    expect((await preview(select)).junkedAtGate).toBe(0)
    await undo({ select: { actions: [made] } })
    expect(o.snapshots()).toEqual(before)
  })

  test('from Junk only: what its user has moved on stays there, and so does what somebody else has put into Junk', async () => {
    const bad = cause('signal')
    const { copies } = await o.deliver(['ann', 'bob'], { junked: [bad] })
    const [ann] = o.user('ann').list('Junk')
    o.user('ann').createFolder('Work')
    if (ann) o.user('ann').move('Junk', ann.ref.uid, 'Work')
    const select = { signal: { id: bad.id } }
    const theirs = await o.deliver(['cem'], { junked: [bad] })
    await o.run({ kind: 'move', target: 'inbox' }, theirs.copies)
    await o.run({ kind: 'move', target: 'junk' }, theirs.copies)
    const found = await o.deliver(['cem'], { junked: [bad] })
    await t.storage.tenant(t.a, (tx) =>
      sql`update message set source = 'mailbox' where id = ${found.mail.id}::uuid`.execute(tx),
    )
    expect((await preview(select)).junkedAtGate).toBe(2)
    const made = await undo({ select, releaseHeld: true })
    const of = async (n: number) => (await o.items(made)).find((i) => i.deliveryId === copies[n]?.id)
    expect(await of(0)).toMatchObject({ state: 'skipped', reason: expect.stringContaining('moved it to Work') })
    expect(await of(1)).toMatchObject({ state: 'done' })
    expect([o.user('ann').list('Work').length, o.user('bob').list('INBOX').length]).toEqual([1, 1])
    expect(o.user('cem').list('Junk')).toHaveLength(2)
  })
})

describe('from messages', () => {
  test('all that was done to one message, or to one copy of it', async () => {
    const { mail, copies } = await o.deliver(['ann', 'bob'])
    const more = await o.deliver(['ann'])
    const before = o.snapshots()
    await o.run({ kind: 'soft-delete' }, [...copies, ...more.copies])
    expect(await preview({ messageIds: [mail.id] })).toMatchObject({ copies: 2, messages: 1 })
    expect(await preview({ deliveryIds: ids(copies.slice(0, 1)) })).toMatchObject({ copies: 1 })
    expect(
      await preview({ filter: { recipient: copies[0]?.mailbox.address ?? '' }, messageIds: [mail.id] }),
    ).toMatchObject({ copies: 1 })
    await undo({ select: { messageIds: [mail.id] } })
    expect(o.user('bob').snapshot()).toEqual(before[1])
    expect(o.user('ann').snapshot()).toHaveLength(1)
  })
})

describe('layers', () => {
  test('junk, then soft delete: all of it goes back to the first place in one step; the lower one alone waits', async () => {
    const { mail, copies } = await o.deliver(['ann'], { folder: 'Work/2026' })
    const before = o.snapshots()
    const junk = await o.run({ kind: 'move', target: 'junk' }, copies)
    o.later(1000)
    const soft = await o.run({ kind: 'soft-delete' }, copies)
    const alone = await preview({ actions: [junk] })
    expect(alone).toMatchObject({
      copies: 0,
      impossible: [{ count: 1, reason: expect.stringContaining('Soft delete: 1 message”: undo that first') }],
    })
    await expect(o.service.undoAll(o.analyst(), { select: { actions: [junk] } })).rejects.toThrow(/undo that first/)
    expect(await preview({ messageIds: [mail.id] })).toMatchObject({
      copies: 1,
      exact: 1,
      byFolder: [{ folder: 'Work/2026', count: 1 }],
      actions: [
        { id: junk, copies: 1 },
        { id: soft, copies: 1 },
      ],
    })
    const id = await undo({ select: { messageIds: [mail.id] } })
    expect(await o.items(id)).toHaveLength(1)
    expect(o.snapshots()).toEqual(before)
    for (const a of [junk, soft]) expect(await o.view(a)).toMatchObject({ state: 'undone', undoneBy: id })
    // Taken back, the copy is where the upper layer had put it, and both are in force again.
    await undo({ select: { actions: [id] } })
    expect(o.user('ann').held()).toHaveLength(1)
    for (const a of [junk, soft]) expect((await o.view(a)).state).toBe('completed')
    // Now one layer after the other.
    await undo({ select: { actions: [soft] } })
    expect(o.user('ann').list('Junk')).toHaveLength(1)
    await undo({ select: { actions: [junk] } })
    expect(o.snapshots()).toEqual(before)
  })

  test('quarantined, released, deleted: undone as a whole it is where it was', async () => {
    const { mail, copies } = await o.deliver(['ann'])
    const before = o.snapshots()
    await o.run({ kind: 'quarantine' }, copies)
    o.later(1000)
    await o.run({ kind: 'release' }, copies)
    o.later(1000)
    await o.run({ kind: 'hard-delete' }, copies)
    await undo({ select: { messageIds: [mail.id] } })
    expect(o.snapshots()).toEqual(before)
    expect(o.held().flat()).toEqual([])
  })

  test('further copies of the user’s, taken twice, go back too', async () => {
    const { mail, copies } = await o.deliver(['ann'])
    o.user('ann').createFolder('Mine')
    o.user('ann').copy('INBOX', copies[0]?.ref?.uid ?? 0, 'Mine')
    const before = o.snapshots()
    await o.run({ kind: 'move', target: 'junk' }, copies)
    o.later(1000)
    await o.run({ kind: 'soft-delete' }, copies)
    expect(o.snapshots().flat()).toEqual([])
    await undo({ select: { messageIds: [mail.id] } })
    expect(o.snapshots()).toEqual(before)
  })
})

describe('who, when, and twice', () => {
  test('lesson #5: a second analyst is told who was first; the same one who presses twice gets the same action', async () => {
    const signal = cause('signal')
    const { copies } = await o.deliver(['ann', 'bob'])
    await o.run({ kind: 'soft-delete', cause: signal }, copies)
    const request: UndoRequest = { select: { signal: { id: signal.id } } }
    const [ada, bert] = [named('Ada', 7), named('Bert', 8)]
    const first = await o.service.undoAll(ada, request)
    expect((await o.service.undoAll(ada, request)).id).toBe(first.id)
    await expect(o.service.undoAll(bert, request)).rejects.toMatchObject({
      code: 'undo-under-way',
      message: expect.stringMatching(/by Ada, since 2026-05-01/),
    })
    await o.service.drain(t.a)
    await expect(o.service.undoAll(bert, request)).rejects.toMatchObject({ code: 'nothing-to-undo' })
  })

  test('an undo that is running cannot be undone yet, nor what it takes back', async () => {
    const { copies } = await o.deliver(['ann'])
    const id = await o.run({ kind: 'soft-delete' }, copies)
    const running = await o.service.undoAll(o.analyst(), { select: { actions: [id] } })
    await expect(o.service.undoAll(o.analyst(), { select: { actions: [running.id] } })).rejects.toMatchObject({
      code: 'still-running',
    })
    expect((await preview({ actions: [running.id] })).running).toMatchObject({
      copies: 1,
      actions: [{ id: running.id, left: 1 }],
    })
    await o.service.drain(t.a)
  })

  test('permissions #2: who may only propose, proposes; nothing moves until it is approved', async () => {
    const { copies } = await o.deliver(['ann'])
    const before = o.snapshots()
    const id = await o.run({ kind: 'soft-delete' }, copies)
    const proposer = o.analyst(['remediation.propose'])
    const made = await o.service.undoAll(proposer, { select: { actions: [id] } })
    expect(made.state).toBe('pending-approval')
    await o.service.drain(t.a)
    expect(o.snapshots().flat()).toEqual([])
    expect((await preview({ actions: [id] })).impossible).toEqual([{ reason: 'An undo of it is under way.', count: 1 }])
    await o.service.approve({ ...named('Other', 9) }, made.id)
    await o.service.drain(t.a)
    expect(o.snapshots()).toEqual(before)
    await expect(o.service.undoAll(o.analyst(['mail.read']), { select: { actions: [id] } })).rejects.toMatchObject({
      code: 'forbidden',
    })
  })
})

describe('it binds', () => {
  test('lesson #1 air #121: automation never takes it again for a bound cause or verdict, an analyst may; a redo lets go', async () => {
    const signal = cause('signal', 3)
    const { copies } = await o.deliver(['ann'])
    const before = o.snapshots()
    await o.run({ kind: 'quarantine', cause: signal }, copies, automation())
    const back = await undo({ select: { signal: { id: signal.id } } })
    const again = await o.run({ kind: 'quarantine', cause: signal }, copies, automation())
    expect((await o.items(again))[0]).toMatchObject({
      state: 'skipped',
      reason: expect.stringContaining('automation does not take it again'),
    })
    expect(o.snapshots()).toEqual(before)
    await undo({ select: { actions: [back] } })
    expect(o.held().flat()).toHaveLength(1)
    await undo({ select: { signal: { id: signal.id } } })
    const person = await o.run({ kind: 'quarantine', cause: signal }, copies)
    expect((await o.view(person)).state).toBe('completed')
  })

  test('a verdict with a bound cause among others does not let automation take it either', async () => {
    const [bad, new1] = [cause('signal'), cause('signal')]
    const copies = await judged([bad])
    const before = o.snapshots()
    await o.run({ kind: 'quarantine' }, copies, automation())
    await undo({ select: { signal: { id: bad.id } } })
    await t.storage.tenant(t.a, (tx) =>
      sql`update verdict set verdict = jsonb_set(verdict::jsonb, '{causes}', ${JSON.stringify([new1, bad])}::jsonb)
        where message_id = ${copies[0]?.messageId ?? ''}::uuid`.execute(tx),
    )
    const again = await o.run({ kind: 'quarantine' }, copies, automation())
    expect((await o.items(again))[0]?.state).toBe('skipped')
    expect(o.snapshots()).toEqual(before)
  })
})
