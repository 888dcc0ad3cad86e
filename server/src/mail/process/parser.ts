import { fileURLToPath } from 'node:url'
import { AppError } from '../../base/pure.ts'
import { readEnvelope } from '../headers/envelope.ts'
import { RECEIVED_BYTES } from '../headers/receiver.ts'
import { ENVELOPE_BYTES } from '../parse.ts'
import type { MailContext, ParseOutcome } from '../types.ts'
import { PoisonError } from './failures.ts'
import { type Job, Pool, type Resolver } from './pool.ts'

export interface ParserOptions {
  /** Processes; default 2. Of `createWorkers` the most that there may be. */
  readonly workers?: number
  /** Milliseconds of processor time that one message may take, six times that by the clock; default 10,000. */
  readonly deadlineMs?: number
  /** Resident size of one process in MiB; default 768. */
  readonly maxRssMb?: number
  /** Larger messages are not parsed beyond their headers; default 100 MiB. */
  readonly maxBytes?: number
  /** Parts of one message; default 10,000. */
  readonly maxParts?: number
  /** Nested multiparts; default 100. */
  readonly maxDepth?: number
  /** Header bytes of all parts together; default 2 MiB. */
  readonly maxHeaderBytes?: number
  /**
   * Servers whose Authentication-Results are believed: a name, `*.example.org`, or '' for headers that name no server
   * (Microsoft's). They must remove forged headers in their own name, as RFC 8601 §5 asks.
   */
  readonly trustedAuthserv?: readonly string[]
  /** Answers DNS for our own SPF, DKIM, DMARC and ARC check; without it nothing is asked. */
  readonly resolver?: Resolver
  /** Folders with data of ours, hidden from the children where the system allows namespaces. */
  readonly hide?: readonly string[]
}

export interface Parser {
  /** Never rejects for what a message holds; only when the processes cannot be started, or after `close`. */
  parse(raw: Buffer, context: MailContext): Promise<ParseOutcome>
  /**
   * A whole HTML document without scripts, remote content or working links; serve it with `PREVIEW_CSP` in a frame with
   * `sandbox`. A message that cannot be rendered gives a document that says why.
   */
  renderSafe(raw: Buffer): Promise<{ html: string }>
  /** Process ids at this moment. */
  pids(): number[]
  close(): Promise<void>
}

export interface Workers<T> {
  /**
   * What the program makes of a message; where that fails, of its headers alone. Null when even these cannot be read. Rejects as `Parser.parse` does.
   */
  run(raw: Buffer): Promise<{ readonly value: T } | { readonly why: string }>
  close(): Promise<void>
}

export interface WorkersOptions<Own, T> extends ParserOptions {
  /** Module that calls `serveMail`; below `server/src`. */
  readonly program: URL
  /** What its `prepare` gets. */
  readonly own: Own
  /** Checks what it answers: whoever takes the process over writes the answers. Null = not what may be answered. */
  readonly readValue: (value: unknown) => T | null
}

/** Processes as isolated as those of a parser that also do something with what they have read, and hand over only what comes of it. */
export function createWorkers<Own, T>(options: WorkersOptions<Own, T>): Workers<T> {
  const pool = startPool(options, { program: fileURLToPath(options.program), own: options.own, grows: true })
  async function attemptWith(raw: Buffer, why: string | null): Promise<{ value: T } | { why: string }> {
    const done = await attempt(pool, { kind: 'work', raw, why })
    if ('why' in done) return done
    const value = options.readValue(done.value)
    return value === null ? { why: WRONG_SHAPE } : { value }
  }
  return {
    async run(raw) {
      const large = tooLarge(raw, options)
      const done = large === null ? await attemptWith(raw, null) : { why: large }
      if ('value' in done) return done
      const headers = await attemptWith(raw.subarray(0, RECEIVED_BYTES), done.why)
      return 'value' in headers ? headers : done
    },
    close: () => pool.close(),
  }
}

/** Loaded where whole outcomes are handed over; it is by far the largest part of this. */
const schema = () => import('../schema.ts')

const WRONG_SHAPE = 'the parser gave an answer of the wrong shape'

function startPool(
  options: ParserOptions,
  of: { readonly program?: string; readonly own?: unknown; readonly grows?: boolean } = {},
): Pool {
  return new Pool({
    workers: Math.max(1, options.workers ?? 2),
    grows: of.grows ?? false,
    deadlineMs: options.deadlineMs ?? 10_000,
    maxRssMb: options.maxRssMb ?? 768,
    resolver: options.resolver ?? null,
    hide: options.hide ?? [],
    program: of.program,
    settings: {
      trustedAuthserv: [...(options.trustedAuthserv ?? [])],
      resolves: options.resolver !== undefined,
      maxParts: options.maxParts ?? 10_000,
      maxDepth: options.maxDepth ?? 100,
      maxHeaderBytes: options.maxHeaderBytes ?? 2 * 1024 * 1024,
      own: of.own,
    },
  })
}

function tooLarge(raw: Buffer, { maxBytes = 100 * 1024 * 1024 }: ParserOptions): string | null {
  return raw.length > maxBytes ? `larger than ${Math.floor(maxBytes / 1024 / 1024)} MB (${raw.length} bytes)` : null
}

/** Not even the headers can be read: an empty envelope, built from no byte of the message. */
export function unreadable(why: string): ParseOutcome {
  const mail = readEnvelope(Buffer.alloc(0), { trustedAuthserv: [] }, 0)
  return { kind: 'unparsable', why, mail: { ...mail, defects: [why] } }
}

/** Parses in child processes without rights. A message that cannot be read in time or memory is read by its headers alone, or comes back as unreadable with the reason; only failures of the processes themselves are thrown. */
export function createParser(options: ParserOptions = {}): Parser {
  const pool = startPool(options)

  async function headersOnly(raw: Buffer, why: string, context: MailContext): Promise<ParseOutcome> {
    const done = await attempt(pool, { kind: 'headers', raw: raw.subarray(0, ENVELOPE_BYTES), why, context })
    const outcome = 'value' in done ? (await schema()).readOutcome(done.value) : null
    return outcome ?? unreadable(why)
  }

  return {
    async parse(raw, context) {
      const large = tooLarge(raw, options)
      if (large !== null) return headersOnly(raw, large, context)
      const done = await attempt(pool, { kind: 'parse', raw, context })
      if ('why' in done) return headersOnly(raw, done.why, context)
      return (await schema()).readOutcome(done.value) ?? headersOnly(raw, WRONG_SHAPE, context)
    },
    async renderSafe(raw) {
      const large = tooLarge(raw, options)
      const done = large === null ? await attempt(pool, { kind: 'render', raw }) : { why: large }
      const rendered = 'value' in done ? (await schema()).readRendered(done.value) : null
      return rendered ?? { html: notRendered('why' in done ? done.why : WRONG_SHAPE) }
    },
    pids: () => pool.pids(),
    close: () => pool.close(),
  }
}

/** Only failures of the message become `why`; those of the pool stay errors. */
async function attempt(pool: Pool, job: Job): Promise<{ value: unknown } | { why: string }> {
  try {
    return { value: await pool.run(job) }
  } catch (error) {
    if (error instanceof PoisonError) return { why: error.message }
    if (error instanceof AppError) throw error
    throw error
  }
}

const notRendered = (why: string): string =>
  `<!doctype html><meta charset="utf-8"><title>Preview</title><p>This message cannot be shown: ${why.replace(/[<>&"']/g, ' ')}.</p>`
