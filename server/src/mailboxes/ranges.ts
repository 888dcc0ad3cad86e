import { createHash } from 'node:crypto'
import type { UidRanges } from './provider.ts'

/** UIDs as closed ranges. */
export function rangesOf(uids: Iterable<number>): UidRanges {
  const ranges: [number, number][] = []
  for (const uid of [...uids].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last && uid <= last[1] + 1) last[1] = Math.max(uid, last[1])
    else ranges.push([uid, uid])
  }
  return ranges
}

/** `1:3,7` as a server writes it. */
export function parseRanges(set: string): UidRanges {
  const ranges: [number, number][] = []
  for (const part of set.split(',')) {
    const [a, b = a] = part.split(':').map(Number)
    if (a !== undefined && b !== undefined && Number.isSafeInteger(a) && Number.isSafeInteger(b))
      ranges.push([Math.min(a, b), Math.max(a, b)])
  }
  return ranges.sort((x, y) => x[0] - y[0])
}

/** Whether a UID is in ascending ranges. */
export function within(ranges: UidRanges, uid: number): boolean {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const range = ranges[middle]
    if (!range) return false
    if (uid < range[0]) high = middle - 1
    else if (uid > range[1]) low = middle + 1
    else return true
  }
  return false
}

/** Stands for a counter of changes where the store keeps none: equal only when nothing differs. */
export const markOf = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)
