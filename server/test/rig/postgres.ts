import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Binaries, type Cluster, startCluster } from '../../src/storage/index.ts'
import { unprivileged } from './account.ts'
import { missing } from './programs.ts'

const DEBIAN = '/usr/lib/postgresql'

/** Debian's own PostgreSQL, the oldest that we support. */
export function debianPostgres(): Binaries {
  const major = [15, 16, 17].find((version) => existsSync(`${DEBIAN}/${version}/bin/postgres`))
  if (major === undefined) throw new Error(missing(`${DEBIAN}/15/bin/postgres (or 16, or 17)`, 'postgresql'))
  const bin = `${DEBIAN}/${major}/bin`
  return { major, initdb: `${bin}/initdb`, postgres: `${bin}/postgres` }
}

/** An empty directory that the account which runs PostgreSQL owns. */
export function clusterDir(name = 'recourse-cluster-'): string {
  const dir = mkdtempSync(join(tmpdir(), name))
  // Lets the next run remove it, should this one be killed.
  writeFileSync(join(dir, 'run.pid'), String(process.pid))
  const account = unprivileged()
  if (account) chownSync(dir, account.uid, account.gid)
  return dir
}

/** A PostgreSQL of the test's own. `stop` removes its directory if it made it. */
export async function ownCluster(
  options: { binaries?: Binaries | undefined; dir?: string; settings?: Record<string, string> } = {},
): Promise<Cluster> {
  const dir = options.dir ?? clusterDir()
  const cluster = await startCluster({
    dir,
    account: unprivileged(),
    ...(options.binaries ? { binaries: options.binaries } : {}),
    settings: options.settings ?? { fsync: 'off' },
  })
  const stop = cluster.stop.bind(cluster)
  cluster.stop = async () => {
    await stop()
    if (!options.dir) rmSync(dir, { recursive: true, force: true })
  }
  return cluster
}
