import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'

let pageSize = 0

/** Bytes of a page: statm counts in pages, and smaps has both units to compare. 4,096 where that cannot be read. */
function page(): number {
  if (pageSize > 0) return pageSize
  try {
    const status = /VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    const pages = readFileSync('/proc/self/statm', 'utf8').split(' ')[1]
    // Both are read at slightly different times; the page size is the power of two nearest to their ratio.
    pageSize = 2 ** Math.round(Math.log2((Number(status) * 1024) / Number(pages)))
  } catch {
    pageSize = 4096
  }
  return pageSize
}

/** Resident bytes of a process on Linux; null when it is gone, or where there is no /proc. */
export function residentBytes(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * page()
  } catch {
    return null
  }
}

/** Milliseconds of processor time of a process, all its threads; null when it is gone, or where there is no /proc. */
export function cpuMs(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields after the name, which may hold blanks and brackets; 14 and 15 count in hundredths of a second.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return null
  }
}

/** Resident bytes by `ps`, for systems without /proc. */
export function residentBytesByPs(pid: number): Promise<number | null> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], { timeout: 2_000 }, (error, stdout) => {
      const kib = Number(stdout.trim())
      resolve(error === null && kib > 0 ? kib * 1024 : null)
    })
  })
}

export const hasProc = (): boolean => residentBytes(process.pid) !== null
