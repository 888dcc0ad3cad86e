import fc from 'fast-check'
import type { OpenStorage } from '../../src/storage/index.ts'
import { type Step, sequence } from './steps.ts'
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

/** Throws what fast-check says: the seed, the path and the shrunk sequence of the first failure, with what was wrong. */
export async function simulate(options: Simulation): Promise<Outcome> {
  const cosmos: Cosmos = { storage: options.storage, hits: new Map(), made: 0 }
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
