import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parsingAccount } from './account.ts'
import type { WorkerSettings } from './worker.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** The checkout or installation: server/src/mail is three folders below. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Starts one parsing process: no environment of ours (it holds secrets), no root, and Node's permission model on top:
 * it may read the program, and neither write, run nor load anything else.
 */
export function startChild(settings: WorkerSettings, maxHeapMb: number): ChildProcess {
  const child = fork(WORKER, [], {
    ...parsingAccount(),
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1' },
    execArgv: [
      '--permission',
      `--allow-fs-read=${ROOT}`,
      '--allow-fs-read=/proc/self/',
      '--allow-fs-write=/proc/self/oom_score_adj',
      '--allow-worker',
      `--max-old-space-size=${maxHeapMb}`,
    ],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  child.send({ kind: 'settings', settings }, () => undefined)
  return child
}
