import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { everyPoint, replay, simulate } from './run.ts'
import { KILLS, STALLS } from './steps.ts'

/** To repeat a failure: RECOURSE_TEST_SEED and RECOURSE_TEST_PATH as it printed them. RECOURSE_TEST_RUNS: another number of sequences. */
const SEQUENCES = Number(process.env['RECOURSE_TEST_RUNS'] ?? 2000)
const SEED = Number(process.env['RECOURSE_TEST_SEED'] ?? 20_261_124)
/** Universes at a time: while one waits for the database another computes. */
const LANES = 3
const PATH = process.env['RECOURSE_TEST_PATH']

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

test('a worker dies or stands still at every point in turn, in a take, its undo from the hold and from the vault, doubts and releases, while another one takes over', {
  timeout: 600_000,
}, async () => {
  const { hits } = await everyPoint({ storage: t.storage, lanes: LANES })
  expect(KILLS.filter((p) => !hits.has(p))).toEqual([])
  expect(STALLS.filter((p) => !hits.has(`stall ${p}`))).toEqual([])
})

// Which points are passed is chance here; each of them in turn is the test before.
test('whatever happens in whatever order: nothing lost, nothing twice, undo exact, every doubt listed, status honest (lesson #7, lesson #26, lesson #51)', {
  timeout: 1_200_000,
}, async () => {
  const options = { storage: t.storage, sequences: SEQUENCES, seed: SEED, lanes: LANES }
  const { events } = await simulate(PATH === undefined ? options : { ...options, path: PATH })
  console.log(`${SEQUENCES} sequences, ${events} events in their histories`)
})

test('what the gate kept is moved to Trash and the answer to the MOVE is lost: one copy', async () => {
  await replay(t.storage, [
    { do: 'fault', which: 0 },
    { do: 'hold', who: 0 },
    { do: 'act', kind: 5, pick: 1, by: 'analyst', cause: 0, select: 'copies', run: false },
    { do: 'work', p: 0 },
  ])
})
