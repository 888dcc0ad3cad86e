import { appendFileSync } from 'node:fs'

// RECOURSE_CRASH_AT=name, name:3 (the third time it is passed) or name:3:SIGSTOP; RECOURSE_CRASH_LOG=file that records each hit.
const [wanted, nth = '1', signal = 'SIGKILL'] = (process.env['RECOURSE_CRASH_AT'] ?? '').split(':')
const log = process.env['RECOURSE_CRASH_LOG']
let passed = 0
let listener: ((name: string) => void) | null = null

/**
 * A named point at which a crash test may kill this process as `kill -9` would (or stop it, as a machine that stalls). The test names the
 * point in the environment and fails when the point was never reached; without that environment this does nothing.
 */
export function crashPoint(name: string): void {
  listener?.(name)
  if (!wanted || name !== wanted) return
  if (++passed !== Number(nth)) return
  if (log) appendFileSync(log, `${name}\n`)
  process.kill(process.pid, signal === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL')
}

/** For a simulation of many processes in one: called at every point; what it throws is the death of the one that passes there. */
export function onCrashPoint(told: ((name: string) => void) | null): void {
  listener = told
}

/** Whether somebody is told: then points must be passed in this thread. */
export const crashesWatched = (): boolean => listener !== null
