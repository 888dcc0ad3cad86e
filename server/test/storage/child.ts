import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Child {
  readonly process: ChildProcess
  /** Lines of its output so far. */
  readonly lines: string[]
  /** Waits for a line; fails when it ends before. */
  line(index: number): Promise<string>
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Runs a script of this directory as a process of its own. */
export function child(
  script: string,
  args: readonly string[],
  options: { env?: Record<string, string>; via?: string[] } = {},
): Child {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const [command = '', ...rest] = [...(options.via ?? []), process.execPath, file, ...args]
  const run = spawn(command, rest, { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  let errors = ''
  let rest_ = ''
  run.stdout.on('data', (data) => {
    const parts = (rest_ + data).split('\n')
    rest_ = parts.pop() ?? ''
    lines.push(...parts)
  })
  run.stderr.on('data', (data) => {
    errors += data
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) =>
    run.once('close', (code, signal) => done({ code, signal })),
  )
  let over = false
  void ended.then(() => {
    over = true
  })
  const line = async (index: number) => {
    for (;;) {
      const found = lines[index]
      if (found !== undefined) return found
      if (over) throw new Error(`${script} ended: ${errors.slice(-2000)}`)
      await new Promise((done) => setTimeout(done, 20))
    }
  }
  return { process: run, lines, line, ended }
}
