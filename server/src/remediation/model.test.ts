import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMES, Office, people } from '../../test/rig/memory-office.ts'
import type { Copy } from '../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { ActionId } from '../base/index.ts'
import type { Fault, Snapshot } from '../mailboxes/index.ts'
import type { Remediation } from './index.ts'

let t: TestStorage
let all: Awaited<ReturnType<typeof people>>
beforeAll(async () => {
  t = await testStorage()
  all = await people(t)
})
afterAll(() => t.close())

/** What the model knows of a message: bytes never change, so a message is its hash. */
interface Truth {
  readonly name: string
  readonly sha256: string
  readonly date: string
}

type Step =
  | { readonly do: 'deliver'; readonly who: number; readonly flags: number; readonly known: boolean }
  | { readonly do: 'act'; readonly kind: number; readonly pick: number }
  | { readonly do: 'undo'; readonly pick: number }
  | { readonly do: 'user'; readonly how: number; readonly who: number; readonly pick: number }
  | { readonly do: 'fault'; readonly which: number }
  | { readonly do: 'restart' }

const nat = fc.nat({ max: 1000 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), who: nat, flags: nat, known: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('act' as const), kind: nat, pick: nat }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('undo' as const), pick: nat }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('user' as const), how: nat, who: nat, pick: nat }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), which: nat }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

const FLAGS = [[], ['\\Seen'], ['\\Answered', '\\Seen', '$Forwarded'], ['\\Flagged', 'KeyA', 'KeyB'], ['\\Deleted']]
const FAULTS: readonly Fault[] = [
  { lostReply: true },
  { partial: { done: 1, both: 1 }, heldOnly: true },
  { partial: { done: 0, both: 2, spoilt: true }, heldOnly: true },
  { late: 2 },
  { error: 'unavailable' },
  { error: 'refused' },
]
const KINDS = [
  { kind: 'quarantine' },
  { kind: 'soft-delete' },
  { kind: 'hard-delete' },
  { kind: 'move', target: 'junk' },
  { kind: 'move', target: 'inbox' },
  { kind: 'move', target: 'deleted-items' },
] as const

/** A failed proof of the way back may leave its probe in a hold, where nobody sees it. */
const isMail = (s: Snapshot): boolean => s.internalDate !== '2019-01-31T21:34:05.000Z'

/** An office, the user's deeds, and the model beside it. */
class World {
  readonly office = new Office(t, t.a, all, { tuning: { backoffMs: 1000 } })
  readonly other = new Office(t, t.b, all, { provider: this.office.provider })
  readonly copies: Copy[] = []
  readonly actions: ActionId[] = []
  /** Messages that exist, by mailbox; the user's copies count. Only the user takes one away. */
  readonly exist: Truth[] = []
  service: Remediation = this.office.service
  foreign: unknown

  async begin(): Promise<void> {
    await this.other.deliver(['ann', 'bob'], { folder: 'Work' })
    this.foreign = this.other.snapshots()
    for (const name of NAMES) this.office.user(name).createFolder('Mine')
  }

  async run(s: Step): Promise<void> {
    switch (s.do) {
      case 'deliver':
        return this.deliver(s)
      case 'act':
        return this.act(s)
      case 'undo':
        return this.undo(s)
      case 'user':
        return this.user(s)
      case 'fault':
        return this.office.provider.failOnce('move', FAULTS[s.which % FAULTS.length] ?? {})
      case 'restart':
        await this.service.stop()
        this.service = this.office.restarted()
    }
  }

  async deliver(s: Extract<Step, { do: 'deliver' }>): Promise<void> {
    const to = NAMES.filter((_, n) => (s.who + 1) & (1 << n))
    const flags = FLAGS[s.flags % FLAGS.length] ?? []
    const { copies } = await this.office.deliver(to.length > 0 ? to : ['ann'], { flags, known: s.known })
    this.copies.push(...copies)
    this.learn()
  }

  /** Whatever lies somewhere and was not there before is the user's doing or a delivery's. */
  learn(): void {
    this.exist.length = 0
    for (const name of NAMES) this.exist.push(...this.everywhere(name))
  }

  everywhere(name: string): Truth[] {
    const user = this.office.user(name)
    const truth = (s: Snapshot): Truth => ({ name, sha256: s.sha256, date: s.internalDate })
    return [...user.snapshot(), ...user.held().filter(isMail)].map(truth)
  }

  async act(s: Extract<Step, { do: 'act' }>): Promise<void> {
    const some = this.copies.filter((_, n) => (n + s.pick) % 3 !== 0)
    const what = KINDS[s.kind % KINDS.length]
    if (some.length === 0 || !what) return
    const { id } = await this.service.submit(this.office.analyst(), {
      ...what,
      select: { deliveryIds: some.map((c) => c.id) },
    })
    this.actions.push(id)
    await this.service.drain(t.a)
  }

  async undo(s: Extract<Step, { do: 'undo' }>): Promise<void> {
    const id = this.actions[s.pick % Math.max(this.actions.length, 1)]
    if (id === undefined) return
    try {
      const undone = await this.service.submitUndo(this.office.analyst(), id)
      this.actions.push(undone.id)
    } catch (error) {
      // Nothing to undo, or not yet: both are refused with a reason, and nothing happens.
      expect(error).toMatchObject({ status: 409 })
    }
    await this.service.drain(t.a)
  }

  user(s: Extract<Step, { do: 'user' }>): void {
    const user = this.office.user(NAMES[s.who % NAMES.length] ?? 'ann')
    const mine = user.folders().flatMap((f) => user.list(f).map((c) => c.ref))
    const ref = mine[s.pick % Math.max(mine.length, 1)]
    if (!ref) return
    const how = s.how % 5
    if (how === 0) user.move(ref.folder, ref.uid, 'Mine')
    else if (how === 1) user.flag(ref.folder, ref.uid, FLAGS[s.pick % FLAGS.length] ?? [])
    else if (how === 2) user.move(ref.folder, ref.uid, 'Trash')
    else if (how === 3) user.copy(ref.folder, ref.uid, 'Mine')
    else user.expunge(ref.folder, ref.uid)
    this.learn()
  }

  /** Begun, and the server could not be asked since: in two places perhaps, and listed so. */
  async inDoubt(): Promise<boolean> {
    for (const id of this.actions) {
      for (const i of await this.office.items(id)) {
        if (i.state !== 'executing') continue
        expect(i.reason).toContain('In doubt')
        return true
      }
    }
    return false
  }

  /** Nothing is lost and nothing doubled, whatever was done: only the user adds and removes. */
  check(): void {
    for (const name of NAMES) {
      const key = (x: Truth) => `${x.sha256} ${x.date}`
      const expected = this.exist.filter((x) => x.name === name).map(key)
      expect(this.everywhere(name).map(key).sort(), name).toEqual(expected.sort())
    }
    expect(this.other.snapshots()).toEqual(this.foreign)
  }

  /** Every later attempt is made; then no item may be left without an end, and the status must say what the items say. */
  async settle(): Promise<void> {
    for (let n = 0; n < 5; n++) {
      this.office.later(3_600_000)
      await this.service.drain(t.a)
    }
    for (const id of this.actions) {
      const view = await this.office.view(id)
      const items = await this.office.items(id)
      expect(['queued', 'running']).not.toContain(view.state)
      expect(view.counts.total).toBe(items.length)
      for (const i of items) if (i.state !== 'done') expect(i.reason, i.state).not.toBeNull()
      for (const i of items) if (i.state === 'done') expect(i.verifiedAt).not.toBeNull()
      const good = items.filter((i) => i.state === 'done' || i.state === 'already-there').length
      if (view.state === 'completed') expect(good).toBe(items.length)
    }
  }
}

test('whatever happens in whatever order: every message is in exactly one place, bytes and date unchanged, every item ends', {
  timeout: 900_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const world = new World()
      await world.begin()
      try {
        for (const s of steps) {
          await world.run(s)
          world.office.provider.user(world.office.mailbox('ann').login).finishPending()
          if ((s.do === 'undo' || s.do === 'act') && !(await world.inDoubt())) world.check()
        }
        await world.settle()
        world.check()
      } finally {
        await world.service.stop()
        await world.office.close()
        await world.other.close()
      }
    }),
    {
      numRuns: Number(process.env['RECOURSE_TEST_RUNS'] ?? 300),
      seed: Number(process.env['RECOURSE_TEST_SEED'] ?? 20_261_124),
    },
  )
})

test('act, then undo everything in reverse: exactly as before, flags and keywords too', {
  timeout: 900_000,
}, async () => {
  const quiet = fc.oneof(
    fc.record({ do: fc.constant('act' as const), kind: nat, pick: nat }),
    fc.record({ do: fc.constant('fault' as const), which: fc.nat({ max: 3 }) }),
    fc.record({ do: fc.constant('restart' as const) }),
  )
  const start = fc.array(
    fc.record({ do: fc.constant('deliver' as const), who: nat, flags: nat, known: fc.boolean() }),
    { minLength: 1, maxLength: 4 },
  )
  await fc.assert(
    fc.asyncProperty(start, fc.array(quiet, { minLength: 1, maxLength: 6 }), async (deliveries, steps) => {
      const world = new World()
      await world.begin()
      try {
        for (const d of deliveries) await world.run(d)
        const before = world.office.snapshots()
        for (const s of steps) await world.run(s)
        await world.settle()
        // An action that had to wait may have taken on what a later one had taken: whichever was last is undone first.
        for (let round = 0; round < steps.length; round++) {
          for (const id of world.actions.toReversed()) {
            if ((await world.office.view(id)).counts.done === 0) continue
            const undo = world.service.submitUndo(world.office.analyst(), id)
            await undo.catch((error: unknown) => expect(error).toMatchObject({ code: 'nothing-to-undo' }))
            await world.service.drain(t.a)
            await world.settle()
          }
        }
        for (const id of world.actions) {
          const { state, counts } = await world.office.view(id)
          if (counts.done > 0) expect(state).toBe('undone')
        }
        expect(world.office.snapshots()).toEqual(before)
        expect(world.office.held().flat().filter(isMail)).toEqual([])
      } finally {
        await world.service.stop()
        await world.office.close()
        await world.other.close()
      }
    }),
    {
      numRuns: Number(process.env['RECOURSE_TEST_RUNS'] ?? 100),
      seed: Number(process.env['RECOURSE_TEST_SEED'] ?? 20_261_124),
    },
  )
})
