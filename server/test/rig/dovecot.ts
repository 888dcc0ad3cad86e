import { execFile, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { unprivileged } from './account.ts'
import { dovecotConfig, holdAcl } from './dovecot-config.ts'
import { freePorts } from './ports.ts'
import { program } from './programs.ts'

export interface DovecotOptions {
  /** Where it lives; default a fresh directory that `stop` removes. */
  readonly dir?: string
  /** `imap_capability` after login, e.g. `IMAP4rev1 LITERAL+ IDLE` for the fallback paths. Default: everything. */
  readonly capability?: string
  /** The hold namespace that users cannot touch (mailbox-semantics B11). Default true. */
  readonly hold?: boolean
  /** Limit per mailbox, in messages. Default: none. */
  readonly quota?: { readonly messages: number }
  /** Processes serve several logins, as an operator with many mailboxes would set it (row Dp). Default true. */
  readonly reuse?: boolean
  /** Only these login names exist; default: every name does. */
  readonly users?: readonly string[]
  /** Also listen for TLS with a certificate that nobody has signed. Default false. */
  readonly tls?: boolean
  /** fsync as packaged. Default true; false is faster where a test is not about durability. */
  readonly fsync?: boolean
}

export interface Dovecot {
  readonly host: string
  readonly imapPort: number
  /** 0 unless `tls`. */
  readonly imapsPort: number
  readonly lmtpPort: number
  readonly sievePort: number
  readonly dir: string
  /** PEM file of the self-signed certificate, where `tls`. */
  readonly certificate: string
  /** Password of every user. */
  readonly password: string
  /** Service account: logs in to any mailbox as `login*name`. */
  readonly master: { readonly user: string; readonly password: string; readonly separator: string }
  /** The hold namespace's prefix, or null. */
  readonly holdPrefix: string | null
  /** Maildir of a user, e.g. to count files in. */
  mailDir(login: string): string
  /** Directory of the user's holds. */
  holdDir(login: string): string
  doveadm(...args: string[]): Promise<string>
  log(): string
  /** Pids of the processes that serve IMAP sessions just now. */
  pidsOfImap(): number[]
  /** Stops it; removes a directory of its own making. */
  stop(): Promise<void>
  /** Stops without removing anything; `start` brings it back on the same ports. */
  halt(): Promise<void>
  start(): Promise<void>
  restart(): Promise<void>
  /** kill -9 of every process of it. */
  kill(): void
}

const run = promisify(execFile)

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A test that fails before `stop` must not leave a server behind. */
const running = new Set<() => void>()
process.once('exit', () => {
  for (const kill of running) kill()
})

/** A zombie is dead: nobody may reap it for long where the tests run in a container. */
const alive = (pid: number): boolean => processes().some((process) => process.pid === pid)

/** Pid, parent and name of every process that /proc shows. */
function processes(): { pid: number; parent: number; name: string }[] {
  const found: { pid: number; parent: number; name: string }[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      const match = /^\d+ \((.*)\) (\S) (\d+)/s.exec(stat)
      if (match && match[2] !== 'Z') found.push({ pid: Number(entry), parent: Number(match[3]), name: match[1] ?? '' })
    } catch {
      // it ended while we looked
    }
  }
  return found
}

function selfSigned(dir: string): void {
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=mail.example.org'].concat([
      '-addext',
      'subjectAltName=DNS:mail.example.org',
      '-keyout',
      join(dir, 'key.pem'),
      '-out',
      join(dir, 'cert.pem'),
    ]),
    { stdio: 'ignore' },
  )
}

/**
 * A real Dovecot on loopback ports of its own: LMTP in, IMAP out, any user's password `user`, a service account
 * `recourse` with password `master`. Runs as the unprivileged account when we are root, else as ourselves.
 */
export async function startDovecot(options: DovecotOptions = {}): Promise<Dovecot> {
  const account = unprivileged()
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'recourse-dovecot-'))
  const own = (path: string) => account && chownSync(path, account.uid, account.gid)
  for (const sub of ['', 'run', 'mail']) {
    mkdirSync(join(dir, sub), { recursive: true })
    own(join(dir, sub))
  }
  const [imapPort = 0, lmtpPort = 0, sievePort = 0, tlsPort = 0] = await freePorts(4)
  const imapsPort = options.tls ? tlsPort : 0
  const hold = options.hold ?? true
  const user = account?.name ?? userInfo().username
  if (options.tls) selfSigned(dir)
  writeFileSync(join(dir, 'masters'), 'recourse:{PLAIN}master\n')
  if (hold) writeFileSync(join(dir, 'acl'), holdAcl('recourse'))
  if (options.users) {
    const line = (login: string) => `${login}:{PLAIN}user::::${join(dir, 'mail', login)}::\n`
    writeFileSync(join(dir, 'users'), options.users.map(line).join(''))
  }
  const text = dovecotConfig({ ...options, dir, user, hold, ports: { imapPort, imapsPort, lmtpPort, sievePort } })
  const conf = join(dir, 'dovecot.conf')
  writeFileSync(conf, text)
  const logFile = join(dir, 'dovecot.log')
  writeFileSync(logFile, '', { flag: 'a' })
  for (const file of ['dovecot.conf', 'dovecot.log', 'masters']) own(join(dir, file))
  if (options.tls) own(join(dir, 'key.pem'))

  const log = () => readFileSync(logFile, 'utf8')
  const masterPid = (): number | undefined => {
    try {
      return Number(readFileSync(join(dir, 'run', 'master.pid'), 'utf8').trim()) || undefined
    } catch {
      return undefined
    }
  }
  const identity = account ? { uid: account.uid, gid: account.gid } : {}
  const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`

  const start = async () => {
    const child = spawn(program('/usr/sbin/dovecot'), ['-F', '-c', conf], {
      ...identity,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH, HOME: dir },
      cwd: dir,
    })
    let ended: string | undefined
    let stderr = ''
    child.stderr.on('data', (data) => {
      stderr += data
    })
    child.once('error', (error) => {
      ended = error.message
    })
    child.once('exit', (code) => {
      ended = `exit ${code}`
    })
    child.unref()
    const wanted = [imapPort, lmtpPort, ...(imapsPort ? [imapsPort] : [])]
    for (let i = 0; i < 2400; i++) {
      if (ended !== undefined) throw new Error(`Dovecot did not start (${ended}): ${stderr}${log().slice(-2000)}`)
      if (masterPid() === child.pid && (await Promise.all(wanted.map(listens))).every(Boolean)) return
      await pause(25)
    }
    throw new Error(`Dovecot does not listen: ${stderr}${log().slice(-2000)}`)
  }
  const family = (): { pid: number; name: string }[] => {
    const pid = masterPid()
    if (!pid) return []
    return processes().filter((p) => p.pid === pid || p.parent === pid)
  }
  const halt = async () => {
    const pid = masterPid()
    if (!pid || !alive(pid)) return
    const all = family()
    process.kill(pid, 'SIGTERM')
    const left = () => processes().filter((p) => all.some((one) => one.pid === p.pid))
    for (let i = 0; i < 2400 && alive(pid); i++) await pause(25)
    // A process that serves a client outlives its master: give it a moment to finish, then end it.
    for (let i = 0; i < 10 && left().length > 0; i++) await pause(25)
    for (const p of left()) process.kill(p.pid, 'SIGKILL')
  }

  const kill = () => {
    for (const p of family()) {
      try {
        process.kill(p.pid, 'SIGKILL')
      } catch {
        // it ended meanwhile
      }
    }
  }
  running.add(kill)

  await start()
  return {
    host: '127.0.0.1',
    imapPort,
    imapsPort,
    lmtpPort,
    sievePort,
    dir,
    certificate: join(dir, 'cert.pem'),
    password: 'user',
    master: { user: 'recourse', password: 'master', separator: '*' },
    holdPrefix: hold ? 'Recourse-Hold/' : null,
    mailDir: (login) => join(dir, 'mail', login, 'Maildir'),
    holdDir: (login) => join(dir, 'mail', login, 'RecourseHold'),
    doveadm: async (...args) => (await run('doveadm', ['-c', conf, ...args], { ...identity, env: { PATH } })).stdout,
    log,
    pidsOfImap: () =>
      family()
        .filter((p) => p.name === 'imap')
        .map((p) => p.pid),
    start,
    halt,
    restart: async () => {
      await halt()
      await start()
    },
    kill,
    stop: async () => {
      await halt()
      running.delete(kill)
      if (!options.dir) rmSync(dir, { recursive: true, force: true })
    },
  }
}
