import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { AppError, messageOf } from '../../base/index.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Longest path of a Unix socket that every system takes (sun_path without its end mark). */
const SOCKET_PATH_LIMIT = 107
const SOCKET_NAME = '.s.PGSQL.5432'

/** Makes a directory that only its owner can enter. */
export function privateDir(path: string, account: Account | undefined): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    chmodSync(path, 0o700)
    if (account) chownSync(path, account.uid, account.gid)
  } catch (cause) {
    throw new AppError(
      'database-directory',
      `The database's directory ${path} cannot be made or used: ${messageOf(cause)}`,
      'Give this account write access to it, or choose another data directory.',
      { cause },
    )
  }
}

/**
 * The private directory for the Unix socket: beside the data, or a short one under /tmp when that path is too long for a
 * socket. `previous` is where a postmaster of an earlier run had it.
 */
export function socketDir(dir: string, account: Account | undefined): string {
  const beside = join(dir, 'socket')
  if (Buffer.byteLength(join(beside, SOCKET_NAME)) <= SOCKET_PATH_LIMIT) {
    privateDir(beside, account)
    return beside
  }
  const short = mkdtempSync('/tmp/recourse-')
  privateDir(short, account)
  return short
}

/** Removes the short directory again; the one beside the data stays. */
export function dropSocketDir(path: string): void {
  if (!/^\/tmp\/recourse-[^/]+$/.test(path)) return
  try {
    for (const name of readdirSync(path)) if (name.startsWith('.s.PGSQL.')) rmSync(join(path, name), { force: true })
    rmdirSync(path)
  } catch {
    // somebody else put something there: leave it
  }
}

export interface Postmaster {
  readonly pid: number
  readonly socketDir: string
  readonly status: string
}

/** What `postmaster.pid` says (PostgreSQL's `miscadmin.h`: pid, data, start, port, socket directory, address, key, status). */
export function readPostmaster(data: string): Postmaster | null {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return null
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return null
  return { pid, socketDir: lines[4]?.trim() ?? '', status: lines[7]?.trim() ?? '' }
}

/** True while the process exists and is not just waiting to be reaped. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true // no /proc here, or it ended just now: the caller asks again
  }
}

/**
 * True when the process is surely not a PostgreSQL: its number was given to another program, as after a restart of the
 * machine. Only /proc can tell; without it we do not claim to know.
 */
export function surelyNotPostgres(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres')
  } catch {
    return false
  }
}

/** Removes what a killed initdb left: `data.new-PID` of processes that are gone. */
export function dropHalfMade(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = /^data\.new-(\d+)$/.exec(name)?.[1]
    if (pid && !alive(Number(pid)) && lstatSync(join(dir, name)).isDirectory())
      rmSync(join(dir, name), { recursive: true, force: true })
  }
}
