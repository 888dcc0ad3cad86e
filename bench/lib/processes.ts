// What processes use, read from /proc: CPU seconds of a process with everything below it.
import { readdirSync, readFileSync } from 'node:fs'

const HERTZ = 100

const statOf = (pid: number): string[] | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // it ended while we looked, or is not ours to read
    return null
  }
}

/** These processes and everything below them, those of `without` and below them left out. */
export function family(roots: readonly number[], without: readonly number[] = []): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(Number(name))
    if (stat) parents.set(Number(name), Number(stat[1]))
  }
  const belongs = (pid: number): boolean => {
    if (without.includes(pid)) return false
    return roots.includes(pid) || (pid > 1 && belongs(parents.get(pid) ?? 0))
  }
  return [...parents.keys()].filter(belongs)
}

/** CPU seconds of these processes until now; `ended` adds what those below them used that have ended. */
export function cpuOf(pids: readonly number[], ended = true): number {
  let ticks = 0
  for (const pid of pids) {
    const stat = statOf(pid)
    if (stat) for (const at of ended ? [11, 12, 13, 14] : [11, 12]) ticks += Number(stat[at])
  }
  return ticks / HERTZ
}
