// The simulation, longer than in the tests: random sequences of deeds, faults, deaths and stalls against the model and the checker.
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALL_MIGRATIONS } from '../server/src/migrations.ts'
import { connect, migrate } from '../server/src/storage/index.ts'
import { unprivileged } from '../server/test/rig/account.ts'
import { simulate } from '../server/test/simulation/run.ts'

const sequences = Number(process.argv[2] ?? 20_000)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_000)
const path = process.argv[4]
const BATCH = 2000

const account = unprivileged()
const dir = mkdtempSync(join(tmpdir(), 'recourse-simulation-'))
if (account) chownSync(dir, account.uid, account.gid)
// What is looked for here does not depend on what a power cut leaves.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
const storage = await connect({
  embedded: { dir: join(dir, 'pg'), account, settings },
  blobs: { dir: join(dir, 'blobs'), keyFile: join(dir, 'master.key') },
})
const history = join(tmpdir(), 'recourse-simulation-history.jsonl')
try {
  await migrate(storage, ALL_MIGRATIONS)
  await storage.start()
  const hits = new Map<string, number>()
  const started = performance.now()
  let events = 0
  for (let done = 0; done < sequences; done += BATCH) {
    const n = Math.min(BATCH, sequences - done)
    let last = ''
    const options = { storage, sequences: n, seed: seed + done, lanes: 3, written: (text: string) => (last = text) }
    try {
      const outcome = await simulate(path === undefined ? options : { ...options, path })
      events += outcome.events
      for (const [point, times] of outcome.hits) hits.set(point, (hits.get(point) ?? 0) + times)
    } catch (error) {
      writeFileSync(history, last)
      console.error(`Repeat it: bin/bench simulation ${n} SEED PATH (both below). The last history: ${history}`)
      throw error
    }
    const minutes = (performance.now() - started) / 60_000
    console.log(`${done + n} sequences, ${events} events, ${minutes.toFixed(1)} min, no violation`)
  }
  console.log(
    `deaths and stalls by point: ${[...hits]
      .sort()
      .map(([point, n]) => `${point} ${n}`)
      .join(', ')}`,
  )
} finally {
  await storage.close()
  rmSync(dir, { recursive: true, force: true })
}
