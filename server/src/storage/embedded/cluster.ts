import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chownSync, closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { AppError, messageOf } from '../../base/index.ts'
import type { StorageLog } from '../types.ts'
import { type Binaries, prepareBinaries } from './binaries.ts'
import { bootstrap, type Claim, canConnect, claim } from './bootstrap.ts'
import {
  type Account,
  alive,
  dropHalfMade,
  dropSocketDir,
  privateDir,
  readPostmaster,
  socketDir,
  surelyNotPostgres,
} from './directories.ts'

export interface EmbeddedOptions {
  /** Where the cluster lives; made if missing. Holds `data`, `socket`, `postgres.log`. */
  readonly dir: string
  /** Run PostgreSQL as this account. Needed when we are root, which PostgreSQL refuses. */
  readonly account?: Account | undefined
  /** Server settings beyond ours, e.g. `{ fsync: 'off' }` in tests. */
  readonly settings?: Readonly<Record<string, string>>
  /** Other programs than the npm package's, e.g. Debian's. */
  readonly binaries?: Binaries
  /** How long a start is tried. Default one minute. */
  readonly patienceMs?: number
  readonly log?: StorageLog
}

export interface Cluster {
  /** Holds the Unix socket; only our account (and root) may enter. */
  readonly socketDir: string
  /** True when the postmaster of an earlier run was found alive and taken over. */
  readonly adopted: boolean
  pid(): number
  /** Address of a database for `connect({ url })`; other processes of the same account may use it. */
  url(database?: string, user?: string): string
  /** Fast shutdown; open transactions are rolled back. */
  stop(): Promise<void>
}

const START_TRIES_MS = 60_000
/** At a start, a longer log is set aside and the one before it dropped. */
const MAX_LOG = 5_000_000
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '192MB',
  max_wal_size: '2GB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  // Statements and the values in details can hold mail: they do not belong into a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/**
 * Starts PostgreSQL on a private Unix socket, or adopts the one that a killed server left running. Never two postmasters on
 * one directory, and never two owners of one: AppError `database-in-use`. The postmaster is started again when it dies.
 */
export async function startCluster(options: EmbeddedOptions): Promise<Cluster> {
  refuseRoot(options.account)
  const binaries = options.binaries ?? prepareBinaries()
  const dir = resolve(options.dir)
  privateDir(dir, options.account)
  dropHalfMade(dir)
  const keeper = new Keeper({ ...options, dir }, binaries)
  await keeper.init()
  await keeper.up()
  return keeper
}

function refuseRoot(account: Account | undefined): void {
  if (process.getuid?.() !== 0 || (account && account.uid !== 0)) return
  throw new AppError(
    'database-as-root',
    'The embedded PostgreSQL cannot run as root.',
    'Start Recourse with bin/demo or bin/recourse, which use the account "recourse", or as a normal user, or set DATABASE_URL.',
  )
}

class Keeper implements Cluster {
  readonly #dir: string
  readonly #data: string
  readonly #options: EmbeddedOptions
  readonly #binaries: Binaries
  #child: ChildProcess | null = null
  #pid = 0
  #stopping = false
  #claim: Claim | null = null
  #watch: NodeJS.Timeout | undefined
  socketDir = ''
  adopted = false

  constructor(options: EmbeddedOptions, binaries: Binaries) {
    this.#options = options
    this.#binaries = binaries
    this.#dir = options.dir
    this.#data = join(options.dir, 'data')
  }

  pid(): number {
    return this.#pid
  }

  url(database = 'recourse', user = 'recourse'): string {
    return `postgres://${user}@localhost/${database}?host=${encodeURIComponent(this.socketDir)}`
  }

  /** initdb beside, then rename: a killed initdb leaves nothing that looks like a cluster. */
  async init(): Promise<void> {
    const version = join(this.#data, 'PG_VERSION')
    if (existsSync(version)) {
      const major = Number.parseInt(readFileSync(version, 'utf8'), 10)
      if (major === this.#binaries.major) return
      throw new AppError(
        'database-version',
        `${this.#data} was made by PostgreSQL ${major}; this Recourse brings PostgreSQL ${this.#binaries.major}.`,
        `Use a Recourse that brings PostgreSQL ${major}, or move the data with pg_upgrade.`,
      )
    }
    const fresh = `${this.#data}.new-${process.pid}`
    const sync = this.#options.settings?.['fsync'] === 'off' ? ['--no-sync'] : []
    const locale =
      this.#binaries.major >= 17
        ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
        : ['--locale=C.UTF-8']
    const args = ['-D', fresh, '-U', 'postgres', '--auth-local=trust', '--auth-host=reject', '--encoding=UTF8']
    try {
      await promisify(execFile)(this.#binaries.initdb, [...args, '--data-checksums', ...locale, ...sync], {
        ...this.#identity(),
        cwd: this.#dir,
      })
      renameSync(fresh, this.#data)
    } catch (cause) {
      rmSync(fresh, { recursive: true, force: true })
      if (existsSync(version)) return // another process was faster
      throw new AppError(
        'database-init',
        `The database could not be made in ${this.#data}: ${messageOf(cause).slice(0, 2000)}`,
        'Check free space and access rights of that directory.',
        { cause },
      )
    }
  }

  /** Adopts or starts; tries for a minute, because after a kill -9 the old processes may hold the shared memory for 10 s. */
  async up(): Promise<void> {
    const until = Date.now() + (this.#options.patienceMs ?? START_TRIES_MS)
    let last = ''
    do {
      const old = readPostmaster(this.#data)
      if (old && alive(old.pid) && !surelyNotPostgres(old.pid)) {
        if (await canConnect(old.socketDir)) return await this.#take(old.pid, old.socketDir, true)
        last = `PostgreSQL with pid ${old.pid} runs there, but does not answer (${old.status || 'starting'})`
      } else {
        if (old && alive(old.pid)) rmSync(join(this.#data, 'postmaster.pid'), { force: true })
        const started = await this.#start()
        if (started === null) return
        last = started
      }
      await pause(250)
    } while (Date.now() < until && !this.#stopping)
    throw new AppError(
      'database-start',
      `The embedded PostgreSQL in ${this.#dir} did not start: ${last}`,
      `Look into ${join(this.#dir, 'postgres.log')}; check free space and that no other program uses the directory.`,
    )
  }

  /** Null when it runs; else what it said. */
  async #start(): Promise<string | null> {
    const socket = this.socketDir || socketDir(this.#dir, this.#options.account)
    const logFile = join(this.#dir, 'postgres.log')
    const settings = { ...SETTINGS, unix_socket_directories: socket, ...this.#options.settings }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    if (existsSync(logFile) && statSync(logFile).size > MAX_LOG) renameSync(logFile, `${logFile}.1`)
    const log = openSync(logFile, 'a', 0o600)
    if (this.#options.account) chownSync(logFile, this.#options.account.uid, this.#options.account.gid)
    // Its own session: Ctrl-C at our terminal must not stop it before we have finished.
    const child = spawn(this.#binaries.postgres, ['-D', this.#data, ...args], {
      ...this.#identity(),
      cwd: this.#dir,
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    let ended: string | null = null
    child.once('error', (error) => {
      ended = error.message
    })
    child.once('exit', (code, signal) => {
      ended = `ended with ${signal ?? code}`
    })
    child.unref()
    while (ended === null) {
      if (child.pid && readPostmaster(this.#data)?.pid === child.pid && (await canConnect(socket))) {
        this.#child = child
        await this.#take(child.pid, socket, false)
        return null
      }
      await pause(20)
    }
    if (socket !== this.socketDir) dropSocketDir(socket)
    return `${ended}: ${readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-3).join(' · ')}`
  }

  async #take(pid: number, socket: string, adopted: boolean): Promise<void> {
    this.#claim?.drop()
    this.#claim = await claim(socket, this.#dir)
    await bootstrap(socket)
    this.#pid = pid
    this.socketDir = socket
    this.adopted = adopted
    this.#options.log?.info({ pid, socket, adopted }, adopted ? 'adopted the running PostgreSQL' : 'PostgreSQL started')
    this.#watch = setInterval(() => this.#look(), 1000)
    this.#watch.unref()
    this.#child?.once('exit', () => this.#look())
  }

  /** The postmaster died (killed, out of memory): start it again, everybody reconnects. */
  #look(): void {
    if (this.#stopping || alive(this.#pid)) return
    clearInterval(this.#watch)
    this.#child = null
    this.#options.log?.warn({ pid: this.#pid }, 'PostgreSQL ended by itself; starting it again')
    this.up().catch((error: unknown) => {
      this.#options.log?.error({ error: messageOf(error) }, 'PostgreSQL could not be started again')
      if (!this.#stopping) this.#watch = setInterval(() => this.#look(), 5000)
    })
  }

  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    clearInterval(this.#watch)
    this.#claim?.drop()
    const signals: [NodeJS.Signals, number][] = [
      ['SIGINT', 60_000], // fast
      ['SIGQUIT', 10_000], // immediate: recovers at the next start
    ]
    for (const [signal, wait] of signals) {
      if (this.#pid && alive(this.#pid)) process.kill(this.#pid, signal)
      const until = Date.now() + wait
      while (this.#pid && alive(this.#pid) && Date.now() < until) await pause(20)
    }
    dropSocketDir(this.socketDir)
  }

  #identity() {
    const account = this.#options.account
    return {
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
    }
  }
}
