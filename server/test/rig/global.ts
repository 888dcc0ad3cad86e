import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startCluster } from '../../src/storage/index.ts'
import { unprivileged } from './account.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Directory of the Unix socket of the run's PostgreSQL. */
    postgresSocket: string
  }
}

const PREFIX = 'recourse-test-pg-'
/** Of this rig and of tests that start a cluster of their own. */
const OURS = [PREFIX, 'recourse-cluster-']

/** One embedded PostgreSQL for the whole run; each test file gets a database of its own from it (`storage.ts`). */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  sweep()
  const dir = mkdtempSync(join(tmpdir(), PREFIX))
  writeFileSync(join(dir, 'run.pid'), String(process.pid))
  const account = unprivileged()
  if (account) chownSync(dir, account.uid, account.gid)
  const cluster = await startCluster({
    dir,
    account,
    // Tests that are about durability start a cluster of their own.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
  })
  project.provide('postgresSocket', cluster.socketDir)
  return async () => {
    await cluster.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A run that was killed left its PostgreSQL behind: stop it and remove its files. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const dir = join(tmpdir(), name)
    const owner = join(dir, 'run.pid')
    try {
      if (
        !OURS.some((prefix) => name.startsWith(prefix)) ||
        !existsSync(owner) ||
        alive(Number(readFileSync(owner, 'utf8')))
      )
        continue
      const postmaster = join(dir, 'data', 'postmaster.pid')
      const pid = existsSync(postmaster) ? Number.parseInt(readFileSync(postmaster, 'utf8'), 10) : 0
      if (pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir)) process.kill(pid, 'SIGQUIT')
      rmSync(dir, { recursive: true, force: true })
    } catch {
      // another account's, or somebody else sweeps it just now
    }
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
