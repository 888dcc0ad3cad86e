import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RemediationSettings } from './remediation-settings.ts'

export interface Worker {
  readonly child: ChildProcess
  /** How it ended, and all that it said. */
  readonly ended: Promise<{ readonly killed: boolean; readonly text: string }>
}

/** A test that fails must not leave one at work behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A worker process on an action; it is killed, or stopped, at the point, if one is given (`name`, `name:3`, `name:3:SIGSTOP`). */
export function runWorker(settings: RemediationSettings, at: string | null = null, log = ''): Worker {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'remediation-worker.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TMPDIR: tmpdir(),
      RECOURSE_REMEDIATION: JSON.stringify(settings),
      ...(at === null ? {} : { RECOURSE_CRASH_AT: at, RECOURSE_CRASH_LOG: log }),
    },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data
    })
  }
  const ended = new Promise<{ killed: boolean; text: string }>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_, signal) => resolve({ killed: signal === 'SIGKILL', text }))
  })
  return { child, ended }
}
