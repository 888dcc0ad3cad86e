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

/** A take and its undo, with a death or a stall at one point in both, and another worker that takes over. */
function systematic(how: 'crash' | 'stall', point: number, nth: number): Step[] {
  const deliver = (flags: number): Step => ({ do: 'deliver', who: 6, flags, known: flags % 2 === 0, folder: flags })
  const fault: Step[] = [{ do: how, p: 0, point, nth }, { do: 'work', p: 0 }, { do: 'work', p: 1 }, { do: 'go' }]
  return [
    ...[1, 2, 3].map(deliver),
    { do: 'act', kind: 0, pick: 1, by: 'analyst', cause: 0, select: 'copies', run: false },
    ...fault,
    { do: 'undo', pick: 0, part: false, gone: 'recreate', run: false },
    ...fault,
  ]
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
      for (const nth of [1, 2, 3]) {
        try {
          events += await universe(cosmos, systematic(how, point, nth), undefined)
        } catch (error) {
          throw new Error(`${how} at ${name}, passing ${nth}: ${messageOf(error)}`, { cause: error })
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
