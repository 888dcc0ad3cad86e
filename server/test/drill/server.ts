import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unprivileged } from '../rig/account.ts'

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const run = promisify(execFile)

/** The product as it is delivered, on a data directory that outlives it: it can be killed and started again. */
export class Server {
  readonly #data: string
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | null = null
  #url = ''

  constructor(data: string, config: object) {
    this.#data = data
    const file = join(data, '..', 'recourse.json')
    writeFileSync(file, JSON.stringify(config), { mode: 0o644 })
    this.#env = { RECOURSE_DATA_DIR: data, RECOURSE_HTTP_PORT: '0', RECOURSE_CONFIG: file, HOME: data }
  }

  async start(): Promise<void> {
    rmSync(join(this.#data, 'server.json'), { force: true })
    const log = openSync(join(this.#data, '..', 'server.log'), 'a')
    const account = unprivileged()
    this.#child = spawn(process.execPath, [CLI, 'serve'], {
      cwd: this.#data,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.#env },
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    })
    for (let n = 0; n < 1800; n++) {
      if (this.#child.exitCode !== null) break
      this.#url = this.#address()
      if (this.#url && (await fetch(`${this.#url}/readyz`).catch(() => null))?.ok) return
      await pause(100)
    }
    throw new Error(
      `the server did not become ready:\n${readFileSync(join(this.#data, '..', 'server.log'), 'utf8').slice(-3000)}`,
    )
  }

  #address(): string {
    try {
      return JSON.parse(readFileSync(join(this.#data, 'server.json'), 'utf8')).url ?? ''
    } catch {
      return ''
    }
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise<void>((done) => child.once('exit', () => done()))
    child.kill(signal)
    const hard = setTimeout(() => child.kill('SIGKILL'), 60_000)
    await gone
    clearTimeout(hard)
  }

  /** kill -9, then started again as an operator would. */
  async killed(): Promise<void> {
    await this.#end('SIGKILL')
    await this.start()
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** For whoever makes the mistake; the analyst has only the command line. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const token = readFileSync(join(this.#data, 'cli-token'), 'utf8').trim()
    const response = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`)
    return text === '' ? null : JSON.parse(text)
  }

  /** `recourse …`, in the analyst's terminal. Throws what it says when it fails, unless failures are expected. */
  async cli(args: readonly string[], mayFail = false): Promise<{ code: number; out: string }> {
    const account = unprivileged()
    const options = {
      env: { PATH: process.env['PATH'], ...this.#env },
      cwd: this.#data,
      maxBuffer: 1 << 30,
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    }
    try {
      return { code: 0, out: (await run(process.execPath, [CLI, ...args], options)).stdout }
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string }
      if (mayFail && typeof code === 'number') return { code, out: `${stdout ?? ''}${stderr ?? ''}` }
      throw new Error(`recourse ${args.join(' ')}: ${code} ${stdout?.slice(0, 1000)} ${stderr?.slice(0, 1000)}`, {
        cause: error,
      })
    }
  }
}
