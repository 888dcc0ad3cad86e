/** Limits of one command: beyond 500 nothing gets faster, and one argument of 8,000 bytes passes everywhere (A24). */
const MAX_UIDS = 500
const MAX_BYTES = 8_000

/** Sorted and each once. */
export const ascending = (uids: Iterable<number>): number[] => [...new Set(uids)].sort((a, b) => a - b)

export interface Batch {
  readonly uids: readonly number[]
  /** As sent: `1:3,7`. Only what was asked for is named, so a range never covers a UID in between. */
  readonly set: string
}

export function batches(uids: Iterable<number>, max: number = MAX_UIDS): Batch[] {
  const sorted = ascending(uids)
  const found: Batch[] = []
  let batch: number[] = []
  let set = ''
  const flush = () => {
    if (batch.length > 0) found.push({ uids: batch, set })
    batch = []
    set = ''
  }
  for (let i = 0; i < sorted.length; ) {
    let end = i
    while (end + 1 < sorted.length && sorted[end + 1] === (sorted[end] ?? 0) + 1 && end - i + 1 < max) end++
    const run = sorted.slice(i, end + 1)
    const text = run.length === 1 ? `${run[0]}` : `${run[0]}:${run[run.length - 1]}`
    if (batch.length + run.length > max || set.length + 1 + text.length > MAX_BYTES) flush()
    set = set === '' ? text : `${set},${text}`
    batch.push(...run)
    i = end + 1
  }
  flush()
  return found
}

/** `1:3,7` → 1, 2, 3, 7. */
export function expandSet(set: string): number[] {
  const found: number[] = []
  for (const part of set.split(',')) {
    const [from, to = from] = part.split(':').map(Number)
    if (from === undefined || to === undefined || !Number.isSafeInteger(from) || !Number.isSafeInteger(to)) return []
    for (let uid = Math.min(from, to); uid <= Math.max(from, to); uid++) found.push(uid)
  }
  return found
}
