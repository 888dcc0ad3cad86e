import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Lease, type OpenStorage } from '../../src/storage/index.ts'
import { type TestStorage, testStorage } from '../rig/storage.ts'
import { type Child, child } from './child.ts'

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))
const terms = { ttlMs: 60_000, deadlineMs: 30_000 }

let t: TestStorage
/** Another process's storage: it asks for what others hold. */
let other: OpenStorage
const children: Child[] = []
beforeAll(async () => {
  t = await testStorage()
  other = await connect({ url: t.url, blobs: t.blobs })
})
afterAll(async () => {
  for (const one of children) one.process.kill('SIGKILL')
  await other?.close()
  await t?.close()
})

/** A process that holds a lease for the next minute. */
async function holder(resource: string): Promise<Child> {
  const made = child('holder.ts', [t.url, t.blobs.dir, t.blobs.keyFile, t.a, resource])
  children.push(made)
  expect(await made.line(0)).toBe('1')
  return made
}

/** Asks again and again, as workers do; null: it was not given away in so many seconds. */
async function wait(resource: string, seconds: number): Promise<{ lease: Lease; after: number } | null> {
  const began = performance.now()
  while (performance.now() - began < seconds * 1000) {
    const lease = await other.leases.acquire(t.a, resource, terms)
    if (lease) return { lease, after: (performance.now() - began) / 1000 }
    await pause(250)
  }
  return null
}

/** Longer than it takes to be sure that a process is dead. */
const LONG = 8

describe.concurrent('the lease of a minute', () => {
  test('of a killed process is taken over within seconds, with the time that its last command may still take', async () => {
    const dead = await holder('killed')
    expect(await wait('killed', 1)).toBeNull()
    dead.process.kill('SIGKILL')
    // Long before the minute is over.
    const got = await wait('killed', 50)
    expect(got?.lease.epoch).toBe(2)
    expect(got?.after).toBeGreaterThan(3)
    const echo = (got?.lease.echoUntil ?? 0) - performance.now()
    // Counted from its death on; a second for the way.
    expect(echo + 1000 * (got?.after ?? 0)).toBeGreaterThan(terms.deadlineMs - 1000)
    expect(echo).toBeLessThan(terms.deadlineMs)
  })

  test('of a process that stands still is left to it, and it has it when it goes on', async () => {
    const still = await holder('stopped')
    still.process.kill('SIGSTOP')
    expect(await wait('stopped', LONG)).toBeNull()
    still.process.kill('SIGCONT')
    await pause(1500)
    expect(still.lines).toEqual(['1'])
  })

  test('of a living process is left to it, though its session is cut again and again', async () => {
    const alive = await holder('cut')
    const cuts = (async () => {
      for (let n = 0; n < 6; n++) {
        await cut('cut')
        await pause(1200)
      }
    })()
    expect(await wait('cut', LONG)).toBeNull()
    await cuts
    expect(alive.lines).toEqual(['1'])
  })

  test('of a killed process is not taken early when PostgreSQL was started anew: free locks prove nothing then', async () => {
    const dead = await holder('restarted')
    await t.storage.tenant(t.a, (tx) =>
      sql`update lease set server_start = '1.5' where resource = 'restarted'`.execute(tx),
    )
    dead.process.kill('SIGKILL')
    expect(await wait('restarted', LONG)).toBeNull()
  })

  test('is given up by a living process that cannot have its session back, before anybody may take it', async () => {
    const shut = await holder('shut')
    const key = await keyOf('shut')
    const rival = new pg.Client({ connectionString: t.url })
    await rival.connect()
    try {
      const locked = rival.query('select pg_advisory_lock($1::bigint)', [key])
      await pause(100)
      await cut('shut')
      await locked
      const first = await Promise.race([shut.line(1), wait('shut', 50)])
      expect(first).toBe('lost')
    } finally {
      await rival.end()
    }
  })
})

async function keyOf(resource: string): Promise<number> {
  const rows = await t.storage.tenant(t.a, (tx) =>
    sql<{ process: number }>`select process from lease where resource = ${resource}`.execute(tx),
  )
  return rows.rows[0]?.process ?? 0
}

/** Ends the session that shows that the holder of a lease lives. */
async function cut(resource: string): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
    and (classid::bigint << 32 | objid::bigint) = ${await keyOf(resource)} and granted`.execute(t.storage.db)
}
