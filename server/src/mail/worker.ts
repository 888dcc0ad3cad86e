// The child process that parses mail: unprivileged, without network, file writes or children of its own (see pool.ts).
import { writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { DNSResolver } from 'mailauth'
import { messageOf } from '../base/index.ts'
import { joinBlobsHere } from './blob.ts'
import type { Trust } from './envelope.ts'
import { type ParseSettings, parseMail, unparsable } from './parse.ts'
import type { Job } from './pool.ts'
import { renderMail } from './render.ts'
import type { DnsRecords, MailContext } from './types.ts'

export interface WorkerSettings extends Omit<ParseSettings, 'resolver'> {
  readonly resolves: boolean
}

type FromParent =
  | { kind: 'settings'; settings: WorkerSettings }
  | { kind: 'job'; id: number; job: Job }
  | { kind: 'dns'; id: number; records?: DnsRecords; code?: string }

joinBlobsHere()

const send = (message: unknown): void => {
  process.send?.(message)
}

// The kernel takes this process first when memory is short. Not everywhere permitted or present.
try {
  writeFileSync('/proc/self/oom_score_adj', '1000')
} catch {}

// A parent that is killed cannot stop a child in an endless loop; a second thread can.
new Worker(
  `const parent = ${process.ppid}
   setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL') }, 1000)`,
  { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } },
).unref()

const questions = new Map<number, { resolve: (records: DnsRecords) => void; reject: (error: Error) => void }>()
let lastQuestion = 0

/** DNS by way of the parent: this process has no business on the network. */
const askParent: DNSResolver = (name, type) =>
  new Promise((resolve, reject) => {
    const id = ++lastQuestion
    // The library's types forget that it reads MX answers as objects with priority and exchange.
    questions.set(id, { resolve: resolve as (records: DnsRecords) => void, reject })
    send({ kind: 'dns', id, name: name.slice(0, 1_024), type: type.slice(0, 10) })
  })

function answered(message: Extract<FromParent, { kind: 'dns' }>): void {
  const question = questions.get(message.id)
  questions.delete(message.id)
  if (message.records !== undefined) question?.resolve(message.records)
  else question?.reject(Object.assign(new Error(`DNS: ${message.code}`), { code: message.code ?? 'ESERVFAIL' }))
}

let settings: ParseSettings

const trust = (context: MailContext): Trust => ({
  trustedAuthserv: context.trustedAuthserv ?? settings.trustedAuthserv,
  trustedResults: context.trustedResults,
})

async function run(job: Job): Promise<unknown> {
  const raw = Buffer.from(job.raw.buffer, job.raw.byteOffset, job.raw.byteLength)
  if (job.kind === 'parse') return parseMail(raw, job.context, { ...settings, ...trust(job.context) })
  if (job.kind === 'headers') return unparsable(raw, job.why, trust(job.context))
  return { html: await renderMail(raw, settings) }
}

process.on('message', (message: FromParent) => {
  if (message.kind === 'dns') return answered(message)
  if (message.kind === 'settings') {
    settings = { ...message.settings, resolver: message.settings.resolves ? askParent : null }
    return send({ kind: 'ready' })
  }
  const { id, job } = message
  run(job).then(
    (value) => send({ kind: 'done', id, value }),
    (error) => send({ kind: 'failed', id, why: messageOf(error).slice(0, 1_000) }),
  )
})
process.on('disconnect', () => process.exit(0))
