import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unprivileged } from './account.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** The product as it is delivered: `recourse serve` as a child process, with a database and mailboxes of its own. */
export interface RunningServer {
  readonly url: string
  /** Of the command line: may do everything. */
  readonly token: string
  readonly setupCode: string
  readonly dir: string
  /** Where its Maildir mailboxes lie. */
  readonly mail: string
  call(method: string, path: string, body?: unknown): Promise<unknown>
  stop(): Promise<void>
}

/** Everything that is asked of the system comes from it: a free port, a directory of ours, an account that is not root. */
export async function runServer(env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const dir = mkdtempSync(join(tmpdir(), 'recourse-run-'))
  const account = unprivileged()
  if (account) chownSync(dir, account.uid, account.gid)
  const log = openSync(join(dir, 'server.log'), 'a')
  const child = spawn(process.execPath, [CLI, 'serve'], {
    cwd: dir,
    stdio: ['ignore', log, log],
    env: { ...process.env, HOME: dir, RECOURSE_DATA_DIR: dir, RECOURSE_HTTP_PORT: '0', ...env },
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  })
  const url = await ready(child, dir)
  const token = readFileSync(join(dir, 'cli-token'), 'utf8').trim()
  return {
    url,
    token,
    setupCode: readFileSync(join(dir, 'setup-code'), 'utf8').trim(),
    dir,
    mail: join(dir, 'mail'),
    call: (method, path, body) => call(url, token, method, path, body),
    stop: async () => {
      await ended(child)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function ready(child: ChildProcess, dir: string): Promise<string> {
  const file = join(dir, 'server.json')
  for (let i = 0; i < 1500; i++) {
    if (child.exitCode !== null || child.signalCode !== null) break
    const url = addressIn(file)
    if (url && (await fetch(`${url}/readyz`).catch(() => null))?.ok) return url
    await new Promise((r) => setTimeout(r, 100))
  }
  const tail = readFileSync(join(dir, 'server.log'), 'utf8').slice(-3000)
  await ended(child)
  throw new Error(`The server did not become ready:\n${tail}`)
}

/** Null while the file is missing or half written. */
function addressIn(file: string): string | null {
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const url = typeof read === 'object' && read !== null ? Reflect.get(read, 'url') : null
    return typeof url === 'string' ? url : null
  } catch {
    return null
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill('SIGTERM')
  const hard = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await gone
  clearTimeout(hard)
}

async function call(url: string, token: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const raw = body instanceof Uint8Array
  const type = raw ? 'message/rfc822' : 'application/json'
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: raw ? new Uint8Array(body) : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 400)}`)
  return text === '' ? null : JSON.parse(text)
}
