import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Signal, Threat } from '../../judgement/index.ts'
import type { EngineClient } from './supervise.ts'
import type { Asked } from './types.ts'

export interface RspamdOptions {
  /** Of its normal worker: `http://127.0.0.1:11333`. */
  readonly url: string
  readonly password: string | null
  readonly timeoutMs: number
  readonly maxBytes: number
}

const Answer = Type.Object({
  score: Type.Number(),
  action: Type.Optional(Type.String()),
  symbols: Type.Record(
    Type.String({ maxLength: 200 }),
    Type.Object({
      score: Type.Number(),
      description: Type.Optional(Type.String()),
      options: Type.Optional(Type.Array(Type.String())),
    }),
  ),
})
const MAX_ANSWER = 4 * 1024 * 1024

/** rspamd marks as spam from 6 of its points on, we from 5 of ours; and it sees much that our own signals see too. */
const SCALE = 0.5
/** However many of its symbols agree: no foreign engine convicts with high confidence alone. */
const MOST = 7
const LEAST = -3
const SHOWN = 12

/** rspamd's `/checkv2`: a signal for each symbol that counts, with half its points. */
export function rspamd(options: RspamdOptions): EngineClient {
  const base = options.url.replace(/\/+$/, '')
  const password = options.password === null ? {} : { Password: options.password }
  return {
    id: 'rspamd',
    address: base,
    maxBytes: options.maxBytes,
    timeoutMs: options.timeoutMs,
    ask: async (asked, signal) => {
      const response = await fetch(`${base}/checkv2`, {
        method: 'POST',
        body: new Uint8Array(asked.raw),
        headers: { ...envelope(asked), ...password },
        redirect: 'error',
        signal,
      })
      const text = await bounded(response)
      if (!response.ok) throw new Error(`rspamd answered ${response.status}: ${text.slice(0, 200)}`)
      return signalsOf(parse(text))
    },
    ping: async (signal) => {
      const response = await fetch(`${base}/ping`, { redirect: 'error', signal })
      if (!response.ok || !(await bounded(response)).startsWith('pong'))
        throw new Error(`what answers there is no rspamd (${response.status})`)
    },
  }
}

/** Only what can stand in a header; the rest of a hostile envelope is left out. */
function envelope({ context }: Asked): Record<string, string> {
  const given = { IP: context.clientIp, Helo: context.helo, From: context.mailFrom }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      value !== null && /^[\x21-\x7e]{1,400}$/.test(value) ? [[name, value]] : [],
    ),
  )
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER) throw new Error('rspamd answered more than 4 MB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): Static<typeof Answer> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`rspamd answered no JSON: ${text.slice(0, 100)}`)
  }
  if (Value.Check(Answer, value)) return value
  const [first] = Value.Errors(Answer, value)
  throw new Error(`rspamd's answer is not as expected: ${first?.instancePath} ${first?.message}`)
}

/** Each symbol that counts is a signal `rspamd:SYMBOL`, strongest first; those beyond the first twelve are one together. */
export function signalsOf(answer: Static<typeof Answer>): Signal[] {
  const counting = Object.entries(answer.symbols)
    .map(([name, s]) => ({ name, ...s }))
    .filter((s) => Number.isFinite(s.score) && s.score !== 0)
  const against = bring(
    counting.filter((s) => s.score > 0),
    MOST,
  )
  const inFavour = bring(
    counting.filter((s) => s.score < 0),
    -LEAST,
  )
  // Rules of its administrator may refuse a message whatever its points are.
  const missing = MOST - against.reduce((sum, s) => sum + s.weight, 0)
  const refused =
    answer.action === 'reject' && missing > 0.5
      ? [
          signal('reject', missing, 'spam', {
            name: 'reject',
            score: answer.score,
            description: 'refuses this message',
          }),
        ]
      : []
  return [...refused, ...against, ...inFavour].filter((s) => s.weight !== 0)
}

interface Symbol {
  readonly name: string
  readonly score: number
  readonly description?: string
  readonly options?: string[]
}

function bring(symbols: readonly Symbol[], most: number): Signal[] {
  const total = symbols.reduce((sum, s) => sum + Math.abs(s.score) * SCALE, 0)
  // All of them get their share of what may count at most.
  const scale = total > most ? (SCALE * most) / total : SCALE
  const sorted = [...symbols].sort((a, b) => Math.abs(b.score) - Math.abs(a.score) || (a.name < b.name ? -1 : 1))
  const shown = sorted.slice(0, SHOWN).map((s) => signal(s.name, s.score * scale, threatOf(s), s))
  const rest = sorted.slice(SHOWN)
  if (rest.length === 0) return shown
  const sum = rest.reduce((n, s) => n + s.score * scale, 0)
  return [
    ...shown,
    signal('others', sum, sum > 0 ? 'spam' : 'none', { symbols: rest.map((s) => s.name).slice(0, 100) }),
  ]
}

const PHISH = /PHISH|PHISHED|SUSPICIOUS_URL|OMOGRAPH|HOMOGRAPH/
const MALWARE = /VIRUS|MALWARE|CLAM/

function threatOf({ name, score }: Symbol): Threat {
  if (score <= 0) return 'none'
  return MALWARE.test(name) ? 'malware' : PHISH.test(name) ? 'phish' : 'spam'
}

const signal = (name: string, weight: number, threat: Threat, about: Symbol | { symbols: string[] }): Signal => ({
  id: `rspamd:${name}`,
  version: 1,
  weight: Math.round(weight * 100) / 100,
  threat,
  technology: 'content',
  summary:
    'symbols' in about
      ? `rspamd: ${about.symbols.length} smaller findings`
      : `rspamd: ${(about.description ?? name).slice(0, 200)}`,
  evidence:
    'symbols' in about
      ? { symbols: about.symbols }
      : { symbol: name, score: about.score, options: (about.options ?? []).slice(0, 10).map((o) => o.slice(0, 200)) },
  entities: [],
})
