import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { unprivileged } from '../rig/account.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const START_MS = 90_000

export interface Asked {
  readonly status: number
  readonly text: string
  /** The body as JSON; null where it is none. */
  readonly json: unknown
  readonly headers: Headers
}

export interface AskOptions {
  readonly body?: unknown
  readonly type?: string
  /** Null: nobody. Default: the token of the command line. */
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** `recourse serve` as it is delivered, and everything that it wrote. */
export interface Served {
  readonly url: string
  readonly token: string
  readonly dir: string
  readonly pid: number
  /** Of LMTP and SMTP, in this order, as far as they are asked for. */
  readonly ports: readonly number[]
  log(): string
  ask(method: string, path: string, options?: AskOptions): Promise<Asked>
  /** Below /api/v1; throws what the server refuses. */
  call(method: string, path: string, body?: unknown): Promise<unknown>
  /** Stops it in order, and looks through all that it wrote for what must not be there. */
  stop(): Promise<void>
}

export interface ServeOptions {
  readonly dir: string
  readonly env?: Readonly<Record<string, string>>
  /** Words before the command, e.g. `prlimit …`. */
  readonly via?: readonly string[]
  /** Started as root all the same: `via` gives that up. */
  readonly asRoot?: boolean
  /** Up: it answers although something that it stands on does not. Default: ready. */
  readonly until?: 'ready' | 'up'
  /** Texts that may stand nowhere in its log, beside its own keys and tokens. */
  readonly secrets?: readonly string[]
}

/** A directory that belongs to the account that servers run as. */
export function ownDir(name = 'recourse-bad-'): string {
  const dir = mkdtempSync(join(tmpdir(), name))
  own(dir)
  return dir
}

export function own(path: string): void {
  const account = unprivileged()
  if (account) chownSync(path, account.uid, account.gid)
}

/** Removes it with whatever a test has closed inside. */
export function drop(dir: string): void {
  if (existsSync(dir)) execFileSync('chmod', ['-R', 'u+rwX', dir])
  rmSync(dir, { recursive: true, force: true })
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** Null while the file is missing or half written. */
function addressIn(dir: string, pid: number): string | null {
  try {
    const read: unknown = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8'))
    const told: Record<string, unknown> = { ...(read as object) }
    return told['pid'] === pid || told['pid'] !== undefined ? String(told['url']) : null
  } catch {
    return null
  }
}

function launch(options: ServeOptions): { child: ChildProcess; said: () => string } {
  const account = options.asRoot ? undefined : unprivileged()
  const [command = '', ...words] = [...(options.via ?? []), process.execPath, CLI, 'serve']
  const child = spawn(command, words, {
    cwd: options.dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: options.dir,
      RECOURSE_DATA_DIR: options.dir,
      RECOURSE_HTTP_PORT: '0',
      RECOURSE_PARSER_WORKERS: '1',
      ...options.env,
    },
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  return { child, said: () => text }
}

/** Starts what must not start: its exit code and everything that it said. */
export async function refusedStart(options: ServeOptions): Promise<{ readonly code: number; readonly said: string }> {
  const { child, said } = launch(options)
  const gone = new Promise<number>((done) => child.once('close', (code) => done(code ?? -1)))
  const late = setTimeout(() => child.kill('SIGKILL'), START_MS)
  const code = await gone
  clearTimeout(late)
  for (const secret of options.secrets ?? []) expect(said()).not.toContain(secret)
  expect(said(), 'a stack trace').not.toMatch(/^\s+at .*:\d+:\d+/m)
  return { code, said: said() }
}

export async function serve(options: ServeOptions): Promise<Served> {
  const { child, said } = launch(options)
  const url = await answers(child, options, said)
  const read = (name: string) => readFileSync(join(options.dir, name), 'utf8').trim()
  const token = read('cli-token')
  const running = () => said().match(/"gateway":\[([\d,]*)\]/)?.[1]
  while (running() === undefined) await pause(20)
  const ask = (method: string, path: string, asked: AskOptions = {}) => request(url, token, method, path, asked)
  return {
    url,
    token,
    dir: options.dir,
    pid: child.pid ?? 0,
    ports: (running() ?? '').split(',').filter(Boolean).map(Number),
    log: said,
    ask,
    call: async (method, path, body) => {
      const got = await ask(method, `/api/v1${path}`, { body })
      if (got.status >= 400) throw new Error(`${method} ${path}: ${got.status} ${got.text.slice(0, 500)}`)
      return got.json
    },
    stop: async () => {
      const code = await ended(child)
      noSecrets(said(), [token, read('master.key'), ...(options.secrets ?? [])])
      expect(code, said().slice(-3000)).toBe(0)
    },
  }
}

async function answers(child: ChildProcess, options: ServeOptions, said: () => string): Promise<string> {
  const until = Date.now() + START_MS
  const path = options.until === 'up' ? '/healthz' : '/readyz'
  while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
    const url = addressIn(options.dir, child.pid ?? 0)
    if (url && (await fetch(`${url}${path}`).catch(() => null))?.ok) return url
    await pause(50)
  }
  await ended(child)
  throw new Error(`The server did not answer ${path}:\n${said().slice(-4000)}`)
}

async function ended(child: ChildProcess): Promise<number | null> {
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    const hard = setTimeout(() => child.kill('SIGKILL'), 30_000)
    await gone
    clearTimeout(hard)
  }
  return child.exitCode
}

/** What no log may hold: keys, tokens, passwords; and nothing that nobody has foreseen. */
function noSecrets(log: string, secrets: readonly string[]): void {
  for (const secret of secrets) expect(log.includes(secret), `the log holds ${secret.slice(0, 4)}…`).toBe(false)
  expect(log).not.toMatch(/rcs_[A-Za-z0-9]{8}|session_token=[^;•]/)
  expect(log).not.toContain('unexpected error')
  for (const line of log.split('\n').filter((l) => l.startsWith('{'))) expect(() => JSON.parse(line)).not.toThrow()
}

async function request(url: string, own: string, method: string, path: string, asked: AskOptions): Promise<Asked> {
  const token = asked.token === undefined ? own : asked.token
  const plain = typeof asked.body === 'string' || asked.body instanceof Uint8Array
  const body = asked.body === undefined ? undefined : plain ? asked.body : JSON.stringify(asked.body)
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': asked.type ?? 'application/json' }),
      ...asked.headers,
    },
    ...(body === undefined ? {} : { body: body as string }),
  })
  const text = await response.text()
  return { status: response.status, text, json: jsonOf(text), headers: response.headers }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Asks again until it holds, at most so long. */
export async function eventually<T>(ask: () => Promise<T>, holds: (got: T) => boolean, ms = 60_000): Promise<T> {
  const until = Date.now() + ms
  for (;;) {
    const got = await ask()
    if (holds(got)) return got
    if (Date.now() > until) throw new Error(`It did not come to that: ${JSON.stringify(got).slice(0, 2000)}`)
    await pause(200)
  }
}
