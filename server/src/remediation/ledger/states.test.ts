import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  actionState,
  COUNTER,
  type Counts,
  ITEM_STATES,
  type ItemState,
  mayComeLate,
  mayFollow,
  mayPrecede,
  next,
} from './states.ts'

const ENDED: readonly ItemState[] = ['done', 'already-there', 'not-found', 'skipped', 'ambiguous']

const counts = (states: readonly ItemState[], extra: Partial<Counts> = {}): Counts => {
  const of = (s: ItemState) => states.filter((x) => x === s).length
  const base = Object.fromEntries(ITEM_STATES.map((s) => [COUNTER[s], of(s)]))
  return {
    planned: 0,
    approved: 0,
    executing: 0,
    done: 0,
    alreadyThere: 0,
    notFound: 0,
    skipped: 0,
    ambiguous: 0,
    failed: 0,
    ...base,
    total: states.length,
    verified: 0,
    retrying: 0,
    reverted: 0,
    doubtful: 0,
    ...extra,
  }
}
const anyState = fc.constantFrom(...ITEM_STATES)

describe('states of an item', () => {
  test('ended states lead nowhere; every other state leads to an end', () => {
    for (const s of ENDED) expect(next(s)).toEqual([])
    for (const start of ITEM_STATES) {
      const seen = new Set<ItemState>([start])
      for (const s of seen) for (const n of next(s)) seen.add(n)
      expect([...seen].some((s) => ENDED.includes(s))).toBe(true)
    }
  })

  test('done is reached from executing only: intent comes before effect', () => {
    expect(mayPrecede('done')).toEqual(['executing'])
    expect(mayPrecede('executing')).toEqual(['approved'])
  })

  test('what ended goes on only where a command came late, and never what has happened or was not approved', () => {
    for (const from of ITEM_STATES) {
      const to = ITEM_STATES.filter((s) => mayComeLate(from, s))
      const never = ['planned', 'executing', 'done', 'already-there'].includes(from)
      expect([from, to]).toEqual([from, never ? [] : ['executing', 'ambiguous']])
    }
  })

  test('no walk touches a mailbox before it was approved', () => {
    fc.assert(
      fc.property(fc.array(anyState, { maxLength: 30 }), (wishes) => {
        let state: ItemState = 'planned'
        let approved = false
        for (const wish of wishes) {
          if (!mayFollow(state, wish)) continue
          state = wish
          if (state === 'approved') approved = true
          if (state === 'executing' || state === 'done') expect(approved).toBe(true)
        }
      }),
    )
  })

  test('mayPrecede is the inverse of mayFollow', () => {
    fc.assert(fc.property(anyState, anyState, (a, b) => mayPrecede(b).includes(a) === mayFollow(a, b)))
  })
})

describe('status of an action', () => {
  test('completed only if every item is where it should be (explorer #97)', () => {
    fc.assert(
      fc.property(fc.array(anyState, { minLength: 1, maxLength: 20 }), fc.boolean(), (states, rejected) => {
        const state = actionState(counts(states), rejected ? 'rejected' : null)
        if (state === 'completed') expect(states.every((s) => s === 'done' || s === 'already-there')).toBe(true)
        if (state === 'rejected') expect(states.some((s) => s === 'done')).toBe(false)
        if (states.some((s) => s === 'executing')) expect(['running', 'pending-approval']).toContain(state)
        if (state === 'partially-completed') {
          expect(states.some((s) => s === 'done' || s === 'already-there')).toBe(true)
          expect(states.every((s) => s === 'done' || s === 'already-there')).toBe(false)
        }
      }),
    )
  })

  test('job statuses (explorer #96): from queued to its end', () => {
    expect(actionState(counts(['planned', 'planned']), null)).toBe('pending-approval')
    expect(actionState(counts(['approved', 'approved']), null)).toBe('queued')
    expect(actionState(counts(['approved', 'executing']), null)).toBe('running')
    expect(actionState(counts(['done', 'failed'], { retrying: 1 }), null)).toBe('running')
    expect(actionState(counts(['done', 'failed']), null)).toBe('partially-completed')
    expect(actionState(counts(['failed', 'not-found']), null)).toBe('failed')
    expect(actionState(counts(['skipped', 'skipped']), 'rejected')).toBe('rejected')
    expect(actionState(counts(['skipped']), 'expired')).toBe('expired')
  })

  test('undone when everything that was done is taken back', () => {
    expect(actionState(counts(['done', 'done'], { reverted: 2 }), null)).toBe('undone')
    expect(actionState(counts(['done', 'done'], { reverted: 1 }), null)).toBe('partially-undone')
    // One is in doubt and may still lie in our hold: not everything is back.
    expect(actionState(counts(['done', 'ambiguous'], { reverted: 1, doubtful: 1 }), null)).toBe('partially-undone')
    expect(actionState(counts(['done', 'ambiguous'], { reverted: 2, doubtful: 1 }), null)).toBe('undone')
    expect(actionState(counts(['done', 'not-found'], { reverted: 1 }), null)).toBe('undone')
  })
})
