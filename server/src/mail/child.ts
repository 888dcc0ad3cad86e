import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parsingAccount } from './account.ts'
import type { WorkerSettings } from './worker.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** What the child may read, from the checkout's root (three folders above): the program, not data that may lie beside it. */
const READABLE = ['node_modules/', 'package.json', 'server/node_modules/', 'server/package.json', 'server/src/'].map(
  (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url)),
)

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
      ...[...READABLE, '/proc/self/'].map((path) => `--allow-fs-read=${path}`),
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
