import { writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { DNSResolver } from 'mailauth'
import { messageOf } from '../../base/pure.ts'
import { prepareToCheck } from '../headers/authentication.ts'
import { type ParseSettings, parseMail, unparsable } from '../parse.ts'
import { renderMail } from '../render.ts'
import type { DnsRecords, MailContext, ParseOutcome } from '../types.ts'
import type { Job } from './pool.ts'

export interface WorkerSettings extends Omit<ParseSettings, 'resolver'> {
  readonly resolves: boolean
  /** For what the process does beside parsing; see `serveMail`. */
  readonly own: unknown
}

/** Reads one message, or only its headers where it has failed before. */
export type ReadMail = (context: MailContext) => Promise<ParseOutcome>

/** What a process makes of each message, in place of handing over all that was read. */
export type Work = (raw: Buffer, read: ReadMail) => Promise<unknown>

/**
 * Turns this process into one that parses mail: unprivileged, without network, file writes or children of its own (see `child.ts`).
 * It answers the pool that started it (see `pool.ts`) and ends with it. `prepare` makes of the pool's `own` settings what is to be done with
 * jobs of the kind `work`.
 */
export function serveMail<Own>(prepare?: (own: Own) => Work): void {
  diesFirst()
  diesWithParent()
  const dns = new DnsByParent()
  let settings: ParseSettings
  let work: Work | undefined
  process.on('message', (message: FromParent<Own>) => {
    if (message.kind === 'dns') dns.answered(message)
    else if (message.kind === 'settings') {
      settings = { ...message.settings, resolver: message.settings.resolves ? dns.ask : null }
      work = prepare?.(message.settings.own)
      const prepared = settings.resolver === null ? Promise.resolve() : prepareToCheck()
      void prepared.then(() => send({ kind: 'ready' }))
    } else {
      const { id, job } = message
      run(job, settings, work).then(
        (value) => send({ kind: 'done', id, value }),
        (error) => send({ kind: 'failed', id, why: messageOf(error).slice(0, 1_000) }),
      )
    }
  })
  process.on('disconnect', () => process.exit(0))
}

type FromParent<Own> =
  | { kind: 'settings'; settings: WorkerSettings & { readonly own: Own } }
  | { kind: 'job'; id: number; job: Job }
  | DnsAnswer

interface DnsAnswer {
  readonly kind: 'dns'
  readonly id: number
  readonly records?: DnsRecords
  readonly code?: string
}

const send = (message: unknown): void => {
  process.send?.(message)
}

/** The kernel takes this process first when memory is short. Not everywhere permitted or present. */
function diesFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {}
}

/** A parent that is killed cannot stop a child in an endless loop; a second thread can. */
function diesWithParent(): void {
  new Worker(
    `const parent = ${process.ppid}
     setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 1000)`,
    { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } },
  ).unref()
}

/** DNS by way of the parent: this process has no business on the network. */
class DnsByParent {
  private readonly questions = new Map<
    number,
    { resolve: (records: DnsRecords) => void; reject: (error: Error) => void }
  >()
  private last = 0

  readonly ask: DNSResolver = (name, type) =>
    new Promise((resolve, reject) => {
      const id = ++this.last
      // The library's types forget that it reads MX answers as objects with priority and exchange.
      this.questions.set(id, { resolve: resolve as (records: DnsRecords) => void, reject })
      send({ kind: 'dns', id, name: name.slice(0, 1_024), type: type.slice(0, 10) })
    })

  answered(message: DnsAnswer): void {
    const question = this.questions.get(message.id)
    this.questions.delete(message.id)
    if (message.records !== undefined) question?.resolve(message.records)
    else question?.reject(Object.assign(new Error(`DNS: ${message.code}`), { code: message.code ?? 'ESERVFAIL' }))
  }
}

async function run(job: Job, settings: ParseSettings, work: Work | undefined): Promise<unknown> {
  const raw = Buffer.from(job.raw.buffer, job.raw.byteOffset, job.raw.byteLength)
  const trusting = (context: MailContext): ParseSettings => ({
    ...settings,
    trustedAuthserv: context.trustedAuthserv ?? settings.trustedAuthserv,
    trustedResults: context.trustedResults,
  })
  if (job.kind === 'parse') return parseMail(raw, job.context, trusting(job.context))
  if (job.kind === 'headers') return unparsable(raw, job.why, trusting(job.context))
  if (job.kind === 'render') return { html: await renderMail(raw, settings) }
  if (work === undefined) throw new Error('this process does no such work')
  const { why } = job
  return work(raw, async (context) =>
    why === null ? parseMail(raw, context, trusting(context)) : unparsable(raw, why, trusting(context)),
  )
}
