import { type ChildProcess, spawn } from 'node:child_process'
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unprivileged } from './account.ts'
import { freePort } from './ports.ts'
import { program } from './programs.ts'

export interface Daemon {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** Modules that ask DNS or Redis, or others on the network. */
const OFF = ['rbl', 'surbl', 'spf', 'dkim', 'arc', 'dmarc', 'asn', 'mx_check', 'fuzzy_check', 'url_redirector', 'bimi']

/** Debian's rspamd with its own rules on a port of its own: no network, no Redis, one worker. */
export async function startRspamd(port?: number): Promise<Daemon> {
  const dir = await mkdtemp(join(tmpdir(), 'recourse-rspamd-'))
  const at = port ?? (await freePort())
  const file = (name: string, text: string) => writeFile(join(dir, name), text)
  await Promise.all(['local.d', 'override.d', 'run', 'db', 'log'].map((d) => mkdir(join(dir, d))))
  await file('override.d/worker-normal.inc', `bind_socket = "127.0.0.1:${at}";\ncount = 1;\n`)
  for (const name of ['controller', 'proxy', 'fuzzy'])
    await file(`override.d/worker-${name}.inc`, 'enabled = false;\ncount = 0;\n')
  for (const name of OFF) await file(`override.d/${name}.conf`, 'enabled = false;\n')
  await file('override.d/logging.inc', `type = "file";\nfilename = "${dir}/log/rspamd.log";\nlevel = "error";\n`)
  await file(
    'override.d/options.inc',
    `pidfile = "${dir}/run/rspamd.pid";\ncontrol_socket = "${dir}/run/rspamd.sock mode=0600";\ndns { nameserver = ["127.0.0.1:1"]; timeout = 0.05s; retransmits = 1; }\n`,
  )
  const vars = {
    CONFDIR: '/etc/rspamd',
    LOCAL_CONFDIR: dir,
    RUNDIR: `${dir}/run`,
    DBDIR: `${dir}/db`,
    LOGDIR: `${dir}/log`,
  }
  const account = unprivileged()
  if (account)
    for (const path of ['.', 'local.d', 'override.d', 'run', 'db', 'log'])
      await chown(join(dir, path), account.uid, account.gid)
  const child = spawn(
    program('/usr/bin/rspamd'),
    ['-f', '-c', '/etc/rspamd/rspamd.conf', ...Object.entries(vars).flatMap(([k, v]) => ['--var', `${k}=${v}`])],
    { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'], ...(account ? { uid: account.uid, gid: account.gid } : {}) },
  )
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000)
  })
  await ready(
    child,
    async () => (await fetch(`http://127.0.0.1:${at}/ping`)).ok,
    () => said,
  )
  return { port: at, pid: child.pid ?? 0, stop: () => stop(child, dir) }
}

/** Until it answers; throws what it said when it ends before. */
export async function ready(child: ChildProcess, answers: () => Promise<boolean>, said: () => string): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    if (child.exitCode !== null) throw new Error(`it ended: ${said()}`)
    if (await answers().catch(() => false)) return
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`it does not answer: ${said()}`)
}

export async function stop(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await ended
    clearTimeout(timer)
  }
  await rm(dir, { recursive: true, force: true })
}
