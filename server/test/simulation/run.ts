import fc from 'fast-check'
import { messageOf } from '../../src/base/index.ts'
import type { OpenStorage } from '../../src/storage/index.ts'
import { KILLS, STALLS, type Step, sequence } from './steps.ts'
import { type Cosmos, World } from './world.ts'

export interface Simulation {
  readonly storage: OpenStorage
  readonly sequences: number
  readonly seed: number
  /** Universes at a time: while one waits for the database another computes. */
  readonly lanes: number
  /** Continues at what a failure printed as `path`; then it is the only lane. */
  readonly path?: string
  /** Told the history of each universe, as JSON lines. */
  written?(history: string): void
}

export interface Outcome {
  /** Points at which processes died or stalled, with how often. */
  readonly hits: ReadonlyMap<string, number>
  readonly events: number
}

/** One sequence in a universe of its own. */
async function universe(cosmos: Cosmos, steps: readonly Step[], written: Simulation['written']): Promise<number> {
  const world = await World.make(cosmos)
  try {
    for (const s of steps) await world.run(s)
    await world.settle()
    await world.check()
    return world.history.length
  } finally {
    written?.(world.history.lines())
    await world.close()
  }
}

/** One sequence, given in full: what a failure has shown. */
export const replay = (storage: OpenStorage, steps: readonly Step[]): Promise<number> =>
  universe({ storage, hits: new Map() }, steps, undefined)

type Way = 'there and back' | 'lost answers' | 'release'
const WAYS: readonly Way[] = ['there and back', 'lost answers', 'release']

/**
 * A death or a stall at one point, and another worker that takes over: in a take and its undo, in the same with the answer to each MOVE
 * lost (which has to be settled), and in the release of what the gate kept.
 */
function systematic(way: Way, how: 'crash' | 'stall', point: number, nth: number): Step[] {
  // Few copies where an answer is to be lost: above five, the proof of the way back would be the one to lose it.
  const who = way === 'lost answers' ? 0 : 6
  const deliver = (flags: number): Step => ({ do: 'deliver', who, flags, known: flags % 2 === 0, folder: flags })
  const act = (kind: number): Step => ({
    do: 'act',
    kind,
    pick: 1,
    by: 'analyst',
    cause: 0,
    select: 'copies',
    run: false,
  })
  const lost: Step[] = way === 'lost answers' ? [{ do: 'fault', which: 0 }] : []
  const fault: Step[] = [
    ...lost,
    { do: how, p: 0, point, nth },
    { do: 'work', p: 0 },
    { do: 'work', p: 1 },
    { do: 'go' },
  ]
  if (way === 'release') return [{ do: 'hold', who: 6 }, { do: 'hold', who: 6 }, act(6), ...fault]
  const undo: Step = { do: 'undo', pick: 0, part: false, gone: 'recreate', run: false }
  return [...[1, 2, 3].map(deliver), act(0), ...fault, undo, ...fault]
}

/** Every point, one by one, at its first, second and third passing. */
export async function everyPoint(options: Pick<Simulation, 'storage'>): Promise<Outcome> {
  const cosmos: Cosmos = { storage: options.storage, hits: new Map() }
  let events = 0
  for (const [how, points] of [
    ['crash', KILLS],
    ['stall', STALLS],
  ] as const) {
    for (const [point, name] of points.entries()) {
      for (const [way, nth] of WAYS.flatMap((w) => [1, 2, 3].map((n) => [w, n] as const))) {
        try {
          events += await universe(cosmos, systematic(way, how, point, nth), undefined)
        } catch (error) {
          throw new Error(`${way}, ${how} at ${name}, passing ${nth}: ${messageOf(error)}`, { cause: error })
        }
      }
    }
  }
  return { hits: cosmos.hits, events }
}

/** Throws what fast-check says: the seed, the path and the shrunk sequence of the first failure, with what was wrong. */
export async function simulate(options: Simulation): Promise<Outcome> {
  const cosmos: Cosmos = { storage: options.storage, hits: new Map() }
  let events = 0
  let failed: number | null = null
  const lane = (n: number) =>
    fc.assert(
      fc.asyncProperty(sequence, async (steps) => {
        // One failure is enough; its own lane shrinks it.
        if (failed !== null && failed !== n) return
        try {
          events += await universe(cosmos, steps, options.written)
        } catch (error) {
          failed ??= n
          throw error
        }
      }),
      {
        numRuns: Math.ceil(options.sequences / options.lanes),
        seed: options.seed + n,
        ...(options.path === undefined ? {} : { path: options.path }),
        endOnFailure: false,
      },
    )
  const lanes = options.path === undefined ? options.lanes : 1
  const ends = await Promise.allSettled(Array.from({ length: lanes }, (_, n) => lane(n)))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return { hits: cosmos.hits, events }
}
