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

type Way = 'there and back' | 'lost answers' | 'release' | 'from the vault'
const WAYS: readonly Way[] = ['there and back', 'lost answers', 'release', 'from the vault']
/** Of all copies of one message, by the analyst, not worked on yet. */
export const act = (kind: number): Step => ({
  do: 'act',
  kind,
  pick: 1,
  by: 'analyst',
  cause: 0,
  select: 'copies',
  run: false,
})
const UNDO: Step = { do: 'undo', pick: 0, part: false, gone: 'recreate', run: false }
const WORK: Step = { do: 'work', p: 0 }

/**
 * A death or a stall at one point, and another worker that takes over: in a take and its undo, in the same with the answer to each MOVE
 * lost (which has to be settled), in the release of what the gate kept, and in an undo that finds the hold empty.
 */
function systematic(way: Way, how: 'crash' | 'stall', point: number, nth: number): Step[] {
  const who = way === 'lost answers' ? 0 : 6
  const deliver = (flags: number): Step => ({ do: 'deliver', who, flags, known: flags % 2 === 0, folder: flags })
  const mail = [1, 2, 3].map(deliver)
  const lost: Step[] = way === 'lost answers' ? [{ do: 'fault', which: 0 }] : []
  const fault: Step[] = [...lost, { do: how, p: 0, point, nth }, WORK, { do: 'work', p: 1 }, { do: 'go' }]
  switch (way) {
    case 'release':
      return [{ do: 'hold', who: 6 }, { do: 'hold', who: 6 }, act(6), ...fault]
    case 'from the vault': {
      const lose = (who: number): Step => ({ do: 'server', how: 'lose-hold', who, folder: 2 })
      return [...mail, act(2), WORK, ...[0, 1, 2].map(lose), UNDO, ...fault]
    }
    default:
      return [...mail, act(0), ...fault, UNDO, ...fault]
  }
}

/** How often each point is passed on a way, at most three times, where nothing happens: in one take, or one undo. */
async function passings(storage: OpenStorage, way: Way): Promise<ReadonlyMap<string, number>> {
  const most = new Map<string, number>()
  const passed = (point: string, nth: number) => void most.set(point, Math.min(3, Math.max(nth, most.get(point) ?? 0)))
  await universe({ storage, hits: new Map(), passed }, systematic(way, 'crash', 0, 0), undefined)
  return most
}

interface Passing {
  readonly way: Way
  readonly how: 'crash' | 'stall'
  readonly point: number
  readonly nth: number
  readonly name: string
}

/** Every point, one by one, at its first, second and third passing, on every way that passes it. */
export async function everyPoint({ storage, lanes }: Pick<Simulation, 'storage' | 'lanes'>): Promise<Outcome> {
  const todo: Passing[] = []
  for (const way of WAYS) {
    const passed = await passings(storage, way)
    const each = (how: 'crash' | 'stall', points: readonly string[]) => {
      for (const [point, name] of points.entries())
        for (let nth = 1; nth <= (passed.get(name) ?? 0); nth++) todo.push({ way, how, point, nth, name })
    }
    each('crash', KILLS)
    each('stall', STALLS)
  }
  const cosmos: Cosmos = { storage, hits: new Map() }
  let events = 0
  const lane = async () => {
    for (let one = todo.pop(); one; one = todo.pop()) {
      const { way, how, point, nth, name } = one
      try {
        const n = await universe(cosmos, systematic(way, how, point, nth), undefined)
        events += n
      } catch (error) {
        todo.length = 0
        throw new Error(`${way}, ${how} at ${name}, passing ${nth}: ${messageOf(error)}`, { cause: error })
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
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
          const written = await universe(cosmos, steps, options.written)
          events += written
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
