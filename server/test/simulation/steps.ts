import fc from 'fast-check'
import type { MemoryCallName } from '../../src/mailboxes/index.ts'
import { CRASH_POINTS } from '../../src/remediation/index.ts'

/** Numbers choose among what there is when the step is taken, so that a shrunk sequence still means something. */
export type UserAct = {
  readonly how:
    | 'move'
    | 'copy'
    /** Of what a command of ours is moving at this moment, to where it is moving it. */
    | 'copy-along'
    | 'flag'
    | 'reply'
    | 'trash'
    | 'expunge'
    | 'rename-folder'
    | 'delete-folder'
    | 'create-folder'
  readonly who: number
  readonly pick: number
  readonly folder: number
}

export type Step =
  | {
      readonly do: 'deliver'
      readonly who: number
      readonly flags: number
      readonly known: boolean
      readonly folder: number
    }
  | { readonly do: 'hold'; readonly who: number }
  | {
      readonly do: 'act'
      readonly kind: number
      readonly pick: number
      readonly by: 'analyst' | 'automation'
      readonly cause: number
      readonly select: 'copies' | 'messages' | 'query'
      readonly run: boolean
    }
  | {
      readonly do: 'undo'
      readonly pick: number
      readonly part: boolean
      readonly gone: 'recreate' | 'inbox'
      readonly run: boolean
    }
  | { readonly do: 'cancel'; readonly pick: number }
  | { readonly do: 'work'; readonly p: number }
  | ({ readonly do: 'user' } & UserAct)
  | {
      readonly do: 'meanwhile'
      readonly call: number
      readonly when: 'before' | 'after'
      readonly act: UserAct
      /** The call fails too, in one of the ways of a MOVE, if it is one; null: it does not. */
      readonly fault: number | null
    }
  | { readonly do: 'fault'; readonly which: number }
  /** A move gets stuck in the server, and once it was given up the next attempt fails: perhaps somebody cancels before it comes late. */
  | { readonly do: 'stuck'; readonly who: number; readonly cancel: boolean }
  | { readonly do: 'crash'; readonly p: number; readonly point: number; readonly nth: number }
  | { readonly do: 'stall'; readonly p: number; readonly point: number; readonly nth: number }
  | { readonly do: 'go' }
  | {
      readonly do: 'server'
      readonly how: 'quota' | 'gone' | 'read-only' | 'renumber' | 'lose-hold' | 'back'
      readonly who: number
      readonly folder: number
    }
  | { readonly do: 'later'; readonly ms: number }

/** Where a process may die: the points in the code, and every wait for a database or a mail server. */
const WAITS = [
  'before-transaction',
  'before-commit',
  'after-commit',
  'before-lease',
  'after-lease',
  'open',
  'find',
  'state',
  'read',
  'before-move',
  'after-move',
  'before-settle',
  'after-settle',
]
/** The undo from the vault and releases come up less often; they have their own kills on real servers too. */
const SELDOM = ['before-append', 'after-append', 'before-deliver', 'after-deliver']
export const KILLS: readonly string[] = [
  ...CRASH_POINTS.filter((p) => p.startsWith('remediation.') || p.startsWith('undo.')),
  'mailboxes.before-move',
  'mailboxes.after-move',
  'mailboxes.before-append',
  'mailboxes.after-append',
  ...WAITS,
  ...SELDOM,
]
export const STALLS: readonly string[] = [...WAITS, ...SELDOM]
/** During which of our calls a user acts: most often where it hurts. */
export const CALLS: readonly MemoryCallName[] = [
  'move',
  'move',
  'state',
  'state',
  'read',
  'find',
  'position',
  'settle',
  'open',
]

const nat = fc.nat({ max: 999 })
const who = fc.nat({ max: 6 })
// Points are passed once a batch: the first passing is by far the likeliest to come.
const few = fc.constantFrom(1, 1, 1, 2, 3)
const half = fc.boolean()
/** Counted from the last action. */
const recent = fc.constantFrom(0, 0, 0, 1, 1, 2, 3)
const mostly = fc.constantFrom(true, true, true, false)
const act: fc.Arbitrary<UserAct> = fc.record({
  how: fc.constantFrom<UserAct['how'][]>(
    'move',
    'move',
    'move',
    'copy',
    'copy',
    'copy',
    'copy-along',
    'copy-along',
    'copy-along',
    'flag',
    'flag',
    'reply',
    'trash',
    'expunge',
    'rename-folder',
    'delete-folder',
    'create-folder',
  ),
  who,
  pick: nat,
  folder: nat,
})

const is = <T extends string>(what: T) => fc.constant(what)
const one = <T extends Step['do']>(weight: number, arbitrary: fc.Arbitrary<Extract<Step, { do: T }>>) => ({
  weight,
  arbitrary: arbitrary as fc.Arbitrary<Step>,
})

const deliver = fc.record({ do: is('deliver'), who, flags: nat, known: half, folder: nat })
const hold = fc.record({ do: is('hold'), who })
const take = fc.record({
  do: is('act'),
  kind: nat,
  pick: nat,
  by: fc.constantFrom('analyst', 'analyst', 'automation'),
  cause: fc.nat({ max: 1 }),
  select: fc.constantFrom('copies', 'copies', 'messages', 'query'),
  run: mostly,
})

const step: fc.Arbitrary<Step> = fc.oneof(
  one(1, deliver),
  one(1, hold),
  one(8, take),
  one(
    8,
    fc.record({ do: is('undo'), pick: recent, part: half, gone: fc.constantFrom('recreate', 'inbox'), run: mostly }),
  ),
  one(1, fc.record({ do: is('cancel'), pick: recent })),
  one(4, fc.record({ do: is('work'), p: fc.nat({ max: 1 }) })),
  one(
    6,
    act.map((a) => ({ do: 'user' as const, ...a })),
  ),
  one(
    6,
    fc.record({
      do: is('meanwhile'),
      call: nat,
      when: fc.constantFrom('before', 'after'),
      act,
      fault: fc.option(nat, { freq: 1 }),
    }),
  ),
  one(4, fc.record({ do: is('fault'), which: nat })),
  one(2, fc.record({ do: is('stuck'), who, cancel: half })),
  one(4, fc.record({ do: is('crash'), p: fc.nat({ max: 1 }), point: nat, nth: few })),
  one(3, fc.record({ do: is('stall'), p: fc.nat({ max: 1 }), point: nat, nth: few })),
  one(1, fc.record({ do: is('go') })),
  one(
    1,
    fc.record({
      do: is('server'),
      how: fc.constantFrom('quota', 'gone', 'read-only', 'renumber', 'lose-hold', 'lose-hold', 'back', 'back'),
      who,
      folder: nat,
    }),
  ),
  one(1, fc.record({ do: is('later'), ms: fc.constantFrom(1000, 10_000, 3_600_000, 86_400_000) })),
)

const mail: fc.Arbitrary<Step> = fc.oneof({ weight: 5, arbitrary: deliver }, { weight: 1, arbitrary: hold })

/**
 * Mail and an action first, so that something is going on; then any length and any step alike, not the small ones that fast-check
 * likes best.
 */
export const sequence: fc.Arbitrary<Step[]> = fc
  .noBias(
    fc.tuple(
      fc.array(mail, { minLength: 1, maxLength: 3 }),
      fc.array(step, { minLength: 0, maxLength: 3, size: 'max' }),
      take,
      fc.array(step, { minLength: 5, maxLength: 13, size: 'max' }),
    ),
  )
  .map(([first, before, action, then]) => [...first, ...before, action, ...then])
