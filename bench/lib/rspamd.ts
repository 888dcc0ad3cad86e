// Debian's rspamd as one worker on loopback, with everything off that asks DNS or Redis.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { unprivileged } from '../../server/test/rig/account.ts'
import type { Mail } from './mail.ts'

/** Ask DNS, Redis or other servers. */
const OFF = [
  ...[
    'rbl',
    'spf',
    'dkim',
    'arc',
    'dmarc',
    'mx_check',
    'surbl',
    'asn',
    'fuzzy_check',
    'greylist',
    'ratelimit',
    'replies',
    'reputation',
  ],
  ...[
    'history_redis',
    'neural',
    'url_redirector',
    'dkim_signing',
    'metadata_exporter',
    'known_senders',
    'p0f',
    'antivirus',
    'spamassassin',
  ],
  ...['external_services', 'bayes_expiry', 'elastic', 'clickhouse', 'maillist_disabled'],
]

export interface Rspamd {
  readonly url: string
  readonly version: string
  /** Processor seconds of its worker processes until now. */
  cpuSeconds(): number
  stop(): Promise<void>
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Null where rspamd is not installed or does not start. */
export async function startRspamd(): Promise<Rspamd | null> {
  const version = versionOf()
  if (version === null) return null
  const dir = mkdtempSync(join(tmpdir(), 'bench-rspamd-'))
  const port = await freePort()
  configure(dir, port)
  const account = unprivileged()
  if (account !== undefined) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, dir])
  else chownSync(dir, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
  const vars = ['LOCAL_CONFDIR', 'DBDIR', 'RUNDIR', 'LOGDIR'].flatMap((name) => ['--var', `${name}=${dir}`])
  const child = spawn('rspamd', ['-f', '-c', join(dir, 'rspamd.conf'), ...vars], { stdio: 'ignore', ...account })
  const ended = new Promise((done) => child.once('exit', done))
  const kill = (): void => void child.kill('SIGTERM')
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    for (const signal of SIGNALS) process.off(signal, interrupted)
    kill()
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
  const interrupted = (): void => void stop().then(() => process.exit(130))
  // It would go on without us: nobody else ends it when a measurement is interrupted or fails.
  process.once('exit', kill)
  for (const signal of SIGNALS) process.once(signal, interrupted)
  const url = `http://127.0.0.1:${port}`
  if (!(await answers(child, url))) {
    await stop()
    return null
  }
  return {
    url,
    version,
    cpuSeconds: () => cpuOf(child.pid ?? 0),
    stop,
  }
}

function versionOf(): string | null {
  try {
    return (
      /(\d+\.\d+)/.exec(
        execFileSync('rspamd', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      )?.[1] ?? null
    )
  } catch {
    return null
  }
}

function configure(dir: string, port: number): void {
  for (const name of ['local.d', 'override.d']) mkdirSync(join(dir, name))
  for (const name of OFF) writeFileSync(join(dir, 'override.d', `${name}.conf`), 'enabled = false;\n')
  writeFileSync(
    join(dir, 'rspamd.conf'),
    `.include "/etc/rspamd/common.conf"
options {
  .include "/etc/rspamd/options.inc"
  pidfile = "${dir}/rspamd.pid"; control_socket = "${dir}/control.sock mode=0600"; rrd = ""; history_file = ""; hs_cache_dir = "${dir}";
  dns { nameserver = ["127.0.0.1:1"]; timeout = 0.01s; retransmits = 1; sockets = 1; }
  local_addrs = "";
}
logging { type = "file"; filename = "${dir}/rspamd.log"; level = "error"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; max_tasks = 0; task_timeout = 60s; }
`,
  )
}

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })

async function answers(child: ChildProcess, url: string): Promise<boolean> {
  for (let i = 0; i < 1_200 && child.exitCode === null; i++) {
    if (
      await fetch(`${url}/ping`).then(
        (r) => r.ok,
        () => false,
      )
    )
      return true
    await pause(100)
  }
  return false
}

/** Of all children: the workers. */
function cpuOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/)
  return children.reduce((sum, child) => sum + seconds(child), 0)
}

function seconds(pid: string): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return 0
  }
}

/** A worker without a network never answers a message now and then; the others must not wait for it. */
const PATIENCE_MS = 20_000

/** Score of one message; NaN where there was no answer. */
export async function check(rspamd: Rspamd, raw: Buffer): Promise<number> {
  const asked = { method: 'POST', body: new Uint8Array(raw), signal: AbortSignal.timeout(PATIENCE_MS) }
  const answer: unknown = await fetch(`${rspamd.url}/checkv2`, asked)
    .then((r) => r.json())
    .catch(() => null)
  const score = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'score') : undefined
  return typeof score === 'number' ? score : Number.NaN
}

/** Runs work on all, so many at a time. */
export async function all<T>(items: readonly T[], at: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: at }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
    }),
  )
}

export async function rspamdScores(
  mails: readonly Mail[],
): Promise<{ version: string; scores: Map<string, number> } | null> {
  const rspamd = await startRspamd()
  if (rspamd === null) return null
  const scores = new Map<string, number>()
  try {
    await all(mails, 64, async (m) => {
      scores.set(m.file, await check(rspamd, m.raw))
    })
  } finally {
    await rspamd.stop()
  }
  return { version: rspamd.version, scores }
}
