import { appendFileSync } from 'node:fs'

// RECOURSE_CRASH_AT=name or name:3 (the third time it is passed); RECOURSE_CRASH_LOG=file that records each hit.
const [wanted, nth = '1'] = (process.env['RECOURSE_CRASH_AT'] ?? '').split(':')
const log = process.env['RECOURSE_CRASH_LOG']
let passed = 0

/**
 * A named point at which a crash test may kill this process as `kill -9` would. The test names the point in the
 * environment and fails when the point was never reached; without that environment this does nothing.
 */
export function crashPoint(name: string): void {
  if (!wanted || name !== wanted) return
  if (++passed < Number(nth)) return
  if (log) appendFileSync(log, `${name}\n`)
  process.kill(process.pid, 'SIGKILL')
}
