import { createHash } from 'node:crypto'
import type { DecidePolicy, Placement, Signal, Threat } from '../../judgement/index.ts'
import type { MailContext, Parser } from '../../mail/index.ts'
import type { Found } from './scan-sources.ts'

/** One line of the answer. */
export interface Scanned {
  readonly file: string
  readonly sha256: string | null
  readonly messageId: string | null
  readonly action: Placement
  readonly threat: Threat
  /** Points as in the verdict: grows with badness, finely graded, comparable across messages. */
  readonly score: number
  readonly signals: readonly { readonly id: string; readonly weight: number; readonly evidence: Signal['evidence'] }[]
  /** Why it could not be read (completely); null when it could. */
  readonly error: string | null
}

/** What judging yields of a parsed message. */
export type JudgeOne = (
  parsed: Awaited<ReturnType<Parser['parse']>>,
  context: MailContext,
  raw: Buffer,
) => Promise<{
  readonly verdict: { readonly placement: Placement; readonly threat: Threat; readonly score: number }
  readonly signals: readonly Signal[]
}>

export interface ScanDeps {
  readonly parser: Pick<Parser, 'parse'>
  readonly judge: JudgeOne
  readonly contextOf: (raw: Buffer) => MailContext
  readonly policy: DecidePolicy
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
  if (item.kind !== 'mail') return unjudged(item.file, item.why, deps.policy)
  const context = deps.contextOf(item.raw)
  const parsed = await deps.parser.parse(item.raw, context)
  const { verdict, signals } = await deps.judge(parsed, context, item.raw)
  return {
    file: item.file,
    sha256: createHash('sha256').update(item.raw).digest('hex'),
    messageId: parsed.mail.internetMessageId,
    action: verdict.placement,
    threat: verdict.threat,
    score: verdict.score,
    signals: signals.map(({ id, weight, evidence }) => ({ id, weight, evidence })),
    error: parsed.kind === 'unparsable' ? parsed.why : null,
  }
}

/** What was never a message is placed as mail that cannot be read. */
const unjudged = (file: string, why: string, policy: DecidePolicy): Scanned => ({
  file,
  sha256: null,
  messageId: null,
  action: policy.mode === 'observe' ? 'deliver' : policy.unparsable,
  threat: 'none',
  score: 0,
  signals: [],
  error: why,
})
