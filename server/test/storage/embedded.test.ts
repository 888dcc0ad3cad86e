import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { startCluster } from '../../src/storage/index.ts'
import { unprivileged } from '../rig/account.ts'
import { clusterDir, debianPostgres, ownCluster } from '../rig/postgres.ts'
import { child } from './child.ts'

const soon = { timeout: 60_000, interval: 50 }
const started: ChildProcess[] = []
afterEach(() => {
  for (const one of started.splice(0)) one.kill('SIGKILL')
})

function home(name?: string): string {
  const dir = clusterDir(name)
  onTestFinished(async () => {
    const file = join(dir, 'data', 'postmaster.pid')
    const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0
    if (pid > 0 && alive(pid)) {
      process.kill(pid, 'SIGQUIT')
      await vi.waitFor(() => expect(alive(pid)).toBe(false), soon)
    }
    rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  return dir
}

async function owner(dir: string) {
  const run = child('owner.ts', [dir])
  started.push(run.process)
  const said: { pid: number; adopted: boolean; url: string; error?: string; code?: string } = JSON.parse(
    await run.line(0),
  )
  return { ...said, run }
}

async function ask(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** A zombie that nobody has reaped yet is dead. */
function alive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('embedded PostgreSQL', () => {
  test('made, started, private, durable, stopped; and again', async () => {
    const dir = home()
    const one = await ownCluster({ dir, settings: {} })
    expect(one.adopted).toBe(false)
    expect(statSync(one.socketDir).mode & 0o777).toBe(0o700)
    expect(await ask(one.url(), 'show listen_addresses')).toEqual([{ listen_addresses: '' }])
    expect(await ask(one.url(), 'show fsync')).toEqual([{ fsync: 'on' }])
    expect(await ask(one.url(), 'show data_checksums')).toEqual([{ data_checksums: 'on' }])
    const role = 'select rolsuper, rolbypassrls, rolcreatedb from pg_roles where rolname = current_user'
    expect(await ask(one.url(), role)).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreatedb: false }])
    await ask(one.url(), 'create table kept (n int)')
    await one.stop()
    expect(alive(one.pid())).toBe(false)
    const two = await ownCluster({ dir, settings: {} })
    expect(await ask(two.url(), 'select * from kept')).toEqual([])
    await two.stop()
  })

  test('our server is killed: the next one adopts the running postmaster and finds everything', async () => {
    const dir = home()
    const first = await owner(dir)
    await ask(first.url, 'create table kept (n int)')
    await ask(first.url, 'insert into kept values (1)')
    first.run.process.kill('SIGKILL')
    await first.run.ended
    expect(alive(first.pid)).toBe(true)
    const second = await owner(dir)
    expect(second).toMatchObject({ adopted: true, pid: first.pid })
    expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 1 }])
    second.run.process.kill('SIGTERM')
    await second.run.ended
    expect(alive(first.pid)).toBe(false)
  })

  test('a second server on the same directory is refused, and the first goes on', async () => {
    const dir = home()
    const first = await owner(dir)
    const second = await owner(dir)
    expect(second).toMatchObject({ code: 'database-in-use' })
    expect(second.error).toContain(dir)
    expect(await ask(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('two servers start at the same moment on a new directory: one wins', async () => {
    const dir = home()
    const both = await Promise.all([owner(dir), owner(dir)])
    expect(both.filter((one) => one.pid !== undefined)).toHaveLength(1)
    expect(both.find((one) => one.code)).toMatchObject({ code: 'database-in-use' })
  })

  test('the postmaster is killed while busy: it is started again, what was committed is there', async () => {
    const dir = home()
    const cluster = await ownCluster({ dir, settings: {} })
    await ask(cluster.url(), 'create table kept (n int)')
    let acknowledged = 0
    let run = true
    const busy = Array.from({ length: 8 }, async (_, i) => {
      while (run) {
        await ask(cluster.url(), `insert into kept select ${i} from generate_series(1, 100)`).then(
          () => {
            acknowledged += 100
          },
          () => new Promise((done) => setTimeout(done, 50)),
        )
      }
    })
    await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(2000), soon)
    const old = cluster.pid()
    process.kill(old, 'SIGKILL')
    await vi.waitFor(() => expect(cluster.pid()).not.toBe(old), { ...soon, timeout: 120_000 })
    run = false
    await Promise.all(busy)
    const [row] = await ask(cluster.url(), 'select count(*)::int as n from kept')
    expect(row?.['n']).toBeGreaterThanOrEqual(acknowledged)
    await cluster.stop()
  })

  test('killed together with our server: the next start recovers', async () => {
    const dir = home()
    const first = await owner(dir)
    await ask(first.url, 'create table kept (n int)')
    process.kill(first.pid, 'SIGKILL')
    first.run.process.kill('SIGKILL')
    await first.run.ended
    const second = await owner(dir)
    expect(second.adopted).toBe(false)
    expect(await ask(second.url, 'select * from kept')).toEqual([])
  })

  test('a pid file whose number another program has now does not stop the start', async () => {
    const dir = home()
    const one = await ownCluster({ dir, settings: {} })
    await one.stop()
    const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' })
    started.push(sleeper)
    const stale = [sleeper.pid, join(dir, 'data'), 1, 5432, one.socketDir, '', '  1 2', 'ready', '']
    writeFileSync(join(dir, 'data', 'postmaster.pid'), stale.join('\n'))
    const two = await ownCluster({ dir, settings: {} })
    expect(two.adopted).toBe(false)
    await two.stop()
    expect(sleeper.exitCode).toBeNull()
  })

  test('an initdb that was killed leaves nothing in the way', async () => {
    const dir = home()
    mkdirSync(join(dir, 'data.new-999999999'))
    writeFileSync(join(dir, 'data.new-999999999', 'PG_VERSION'), '18')
    const cluster = await ownCluster({ dir, settings: {} })
    expect(existsSync(join(dir, 'data.new-999999999'))).toBe(false)
    await cluster.stop()
  })

  test('a data path too long for a socket: a short private directory instead, removed at the end', async () => {
    const dir = home(`recourse-${'long-'.repeat(20)}`)
    const first = await ownCluster({ dir, settings: {} })
    expect(first.socketDir).toMatch(/^\/tmp\/recourse-[^/]+$/)
    expect(statSync(first.socketDir).mode & 0o777).toBe(0o700)
    expect(await ask(first.url(), 'select 1 as one')).toEqual([{ one: 1 }])
    await first.stop()
    expect(existsSync(first.socketDir)).toBe(false)
  })

  // Only root can show it; for anybody else there is no such test, rather than a skipped one.
  const asRoot: typeof test | (() => void) = process.getuid?.() === 0 ? test : () => {}
  asRoot('root is refused', async () => {
    await expect(startCluster({ dir: home() })).rejects.toMatchObject({ code: 'database-as-root' })
    await expect(startCluster({ dir: home(), account: { uid: 0, gid: 0 } })).rejects.toMatchObject({
      code: 'database-as-root',
    })
  })

  test('another major version’s data is refused, with its number', async () => {
    const dir = home()
    await (await ownCluster({ dir })).stop()
    writeFileSync(join(dir, 'data', 'PG_VERSION'), '17\n')
    await expect(ownCluster({ dir })).rejects.toMatchObject({ code: 'database-version', message: /PostgreSQL 17.*18/ })
  })

  test('what PostgreSQL complains about is in the message', async () => {
    const dir = home()
    await (await ownCluster({ dir })).stop()
    writeFileSync(join(dir, 'data', 'postgresql.conf'), 'nonsense = 1\n')
    const account = unprivileged()
    const start = startCluster({ dir, account, patienceMs: 1500 })
    await expect(start).rejects.toMatchObject({ code: 'database-start', message: /nonsense/ })
  })

  test('Debian’s programs work the same way', async () => {
    const dir = home()
    const cluster = await ownCluster({ dir, binaries: debianPostgres() })
    expect(await ask(cluster.url(), 'show server_version_num')).toMatchObject([{ server_version_num: /^1[567]/ }])
    await cluster.stop()
  })
})
