import { hash } from 'node:crypto'
import { type Placement, type Signal, THREATS, type Threat } from '../../judgement/pure.ts'
import type { Found } from './scan-sources.ts'

/** What judging yields of a message. */
export interface Judgement {
  readonly messageId: string | null
  readonly action: Placement
  readonly threat: Threat
  /** Points as in the verdict: grows with badness, finely graded, comparable across messages. */
  readonly score: number
  readonly signals: readonly { readonly id: string; readonly weight: number; readonly evidence: Signal['evidence'] }[]
  /** Why it could not be read (completely); null when it could. */
  readonly error: string | null
}

const ACTIONS: ReadonlySet<unknown> = new Set(['deliver', 'junk', 'quarantine'] satisfies Placement[])
const KINDS: ReadonlySet<unknown> = new Set(THREATS)

/**
 * A judgement from the process that read the message; null when it does not have the shape of one. By hand: the library for shapes takes longer
 * to load than a message takes to judge.
 */
export const readJudgement = (value: unknown): Judgement | null => (isJudgement(value) ? value : null)

function isJudgement(value: unknown): value is Judgement {
  if (!isRecord(value)) return false
  const { messageId, action, threat, score, signals, error } = value
  return (
    isTextOrNull(messageId, 998) &&
    ACTIONS.has(action) &&
    KINDS.has(threat) &&
    Number.isFinite(score) &&
    Array.isArray(signals) &&
    signals.length <= 500 &&
    signals.every(isSignal) &&
    isTextOrNull(error, 1_000)
  )
}

const isSignal = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value['id'] === 'string' &&
  value['id'].length <= 100 &&
  Number.isFinite(value['weight']) &&
  isRecord(value['evidence'])

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTextOrNull = (value: unknown, max: number): boolean =>
  value === null || (typeof value === 'string' && value.length <= max)

/** One line of the answer. */
export interface Scanned extends Judgement {
  readonly file: string
  readonly sha256: string | null
}

export interface ScanDeps {
  readonly judge: (raw: Buffer) => Promise<Judgement>
  /** Where mail goes that cannot be read. */
  readonly unreadable: () => Promise<Placement>
  /** Messages that are worked on at a time. */
  readonly inFlight: number
  /** Bytes of them together; one larger message alone is always taken. */
  readonly maxBytes?: number
}

const MAX_BYTES = 64 * 1024 * 1024

/**
 * Judges messages several at a time and gives the answers in the order of the messages. At most `inFlight` of them and
 * `maxBytes` are in memory. `signal` ends it after what has been begun.
 */
export async function* scanAll(
  found: AsyncIterable<Found>,
  deps: ScanDeps,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly line: Scanned; readonly unreadable: boolean }> {
  const running: { readonly size: number; readonly answer: Promise<Scanned>; readonly unreadable: boolean }[] = []
  let bytes = 0
  const first = async () => {
    const [next] = running
    if (next === undefined) return null
    const line = await next.answer
    running.shift()
    bytes -= next.size
    return { line, unreadable: next.unreadable }
  }
  for await (const item of found) {
    if (signal?.aborted) break
    const size = item.kind === 'mail' ? item.raw.length : 0
    while (running.length > 0 && (running.length >= deps.inFlight || bytes + size > (deps.maxBytes ?? MAX_BYTES))) {
      const done = await first()
      if (done !== null) yield done
    }
    bytes += size
    const answer = scanOne(item, deps)
    // Whoever waits for an earlier one must not be killed by this one's failure.
    answer.catch(() => undefined)
    running.push({ size, answer, unreadable: item.kind === 'unreadable' })
  }
  for (let done = await first(); done !== null; done = await first()) yield done
}

async function scanOne(item: Found, deps: ScanDeps): Promise<Scanned> {
  if (item.kind !== 'mail') return unjudged(item.file, item.why, await deps.unreadable())
  const { messageId, action, threat, score, signals, error } = await deps.judge(item.raw)
  const sha256 = hash('sha256', item.raw)
  return { file: item.file, sha256, messageId, action, threat, score, signals, error }
}

/** What was never a message is placed as mail that cannot be read. */
const unjudged = (file: string, why: string, action: Placement): Scanned => ({
  file,
  sha256: null,
  messageId: null,
  action,
  threat: 'none',
  score: 0,
  signals: [],
  error: why,
})
