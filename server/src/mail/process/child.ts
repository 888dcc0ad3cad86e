import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parsingAccount } from './account.ts'
import { isolated, isolation } from './isolation.ts'
import type { WorkerSettings } from './serve.ts'

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** What the child may read, from the checkout's root (four folders above): the program, not data that may lie beside it. */
const READABLE = ['node_modules/', 'package.json', 'server/node_modules/', 'server/package.json', 'server/src/'].map(
  (path) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url)),
)

/**
 * V8 compiles functions together with those that they call, and each again and again with others: a fifth of the time of the first thousands
 * of messages. With less of that the compiling costs less, and what is compiled is no slower (bench/README.md, scan).
 */
const COMPILER = ['--max-inlined-bytecode-size=100', '--max-maglev-inlined-bytecode-size=100']

/**
 * Starts one parsing process: no environment of ours (it holds secrets), no root, and Node's permission model on top:
 * it may read the program, and neither write, run nor load anything else. Where the system allows it, namespaces of its own keep even
 * an exploited parser from the network, from `hide` and from this process. `program`: a module that calls `serveMail`.
 */
export function startChild(
  settings: WorkerSettings,
  maxHeapMb: number,
  hide: readonly string[],
  program: string = WORKER,
): ChildProcess {
  const node = {
    path: process.execPath,
    args: [
      '--permission',
      ...[...READABLE, '/proc/self/'].map((path) => `--allow-fs-read=${path}`),
      '--allow-fs-write=/proc/self/oom_score_adj',
      '--allow-worker',
      `--max-old-space-size=${maxHeapMb}`,
      ...COMPILER,
    ],
  }
  const { path, args } = isolation().kind === 'namespaces' ? isolated(node, hide, READABLE) : node
  const child = fork(program, [], {
    ...parsingAccount(),
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NODE_NO_WARNINGS: '1' },
    execPath: path,
    execArgv: [...args],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  child.send({ kind: 'settings', settings }, () => undefined)
  return child
}
