// How fast mail is parsed: postal-mime beside mailparser on the same mail, then the whole parser with its processes.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import PostalMime from 'postal-mime'
import { createParser } from '../server/src/mail/index.ts'
import { parseMail } from '../server/src/mail/parse.ts'
import { residentBytes } from '../server/src/mail/process/memory.ts'
import { corpus, corpusFiles } from '../server/test/rig/corpus.ts'

const { simpleParser } = createRequire(new URL('../server/package.json', import.meta.url))('mailparser')
const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const SETTINGS = {
  maxParts: 10_000,
  maxDepth: 100,
  maxHeaderBytes: 2 * 1024 * 1024,
  trustedAuthserv: [''],
  resolver: null,
}

/** The corpus of real mail where it is present; else made-up newsletters of the same size, so that anyone can run it. */
function messages(): Buffer[] {
  if (corpus !== null)
    return ['mail/ham', 'mail/spam', 'mail/phish'].flatMap(corpusFiles).map((file) => readFileSync(file))
  const paragraph =
    '<p style="color:#333">Dear reader, <a href="https://news.example.com/item?id=1">this week</a> brings much news.</p>\r\n'
  return Array.from({ length: 3_000 }, (_, i) =>
    Buffer.from(
      `From: News <news@example.com>\r\nTo: r${i}@example.org\r\nSubject: Issue ${i}\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n` +
        `--b\r\n\r\nDear reader, see https://news.example.com/item?id=${i}\r\n--b\r\nContent-Type: text/html\r\n\r\n${paragraph.repeat(90)}\r\n--b--\r\n`,
    ),
  )
}

const parts = (n: number) =>
  Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(n)}--b--\r\n`)

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

async function outcome(work: () => Promise<unknown>): Promise<string> {
  let said = 'parsed'
  const ms = await timed(() => work().catch((error: unknown) => (said = `refused: ${String(error)}`)))
  return `${ms.toFixed(0)} ms (${said})`
}

async function each(mails: readonly Buffer[], parse: (raw: Buffer) => Promise<unknown>): Promise<number> {
  // The second pass counts: the first one compiles.
  for (const raw of mails.slice(0, 500)) await parse(raw)
  return timed(async () => {
    for (const raw of mails) await parse(raw)
  })
}

const mails = messages()
const megabytes = mails.reduce((sum, raw) => sum + raw.length, 0) / 1e6
const line = (what: string, value: string) => console.log(`${what.padEnd(58)} ${value}`)
const rate = (ms: number) => `${(ms / mails.length).toFixed(2)} ms each, ${((mails.length * 1000) / ms).toFixed(0)}/s`

console.log(
  `${mails.length} messages, ${megabytes.toFixed(1)} MB, ${corpus === null ? 'made up' : 'corpus'}; ${cpus().length} × ${cpus()[0]?.model}`,
)
line('postal-mime alone', rate(await each(mails, (raw) => PostalMime.parse(raw))))
line('mailparser alone (simpleParser)', rate(await each(mails, (raw) => simpleParser(raw))))
line(
  'mailparser without text conversions',
  rate(
    await each(mails, (raw) =>
      simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true }),
    ),
  ),
)
line('500,000 parts, postal-mime alone', await outcome(() => PostalMime.parse(parts(500_000))))
line('500,000 parts, mailparser alone', await outcome(() => simpleParser(parts(500_000))))
line(
  'ours in one process: URLs, files, fingerprints, text …',
  rate(await each(mails, (raw) => parseMail(raw, CONTEXT, SETTINGS))),
)

const parser = createParser()
await parser.parse(Buffer.from('\r\n'), CONTEXT)
line(
  '500,000 parts, ours',
  await outcome(async () => {
    const done = await parser.parse(parts(500_000), CONTEXT)
    if (done.kind === 'unparsable') throw done.why
  }),
)
await Promise.all(mails.slice(0, 1_000).map((raw) => parser.parse(raw, CONTEXT)))
const before = process.cpuUsage()
const ms = await timed(() => Promise.all(mails.map((raw) => parser.parse(raw, CONTEXT))))
const own = process.cpuUsage(before)
line('ours with 2 child processes', rate(ms))
line('… of that in the server itself', `${((own.user + own.system) / 1000 / mails.length).toFixed(2)} ms CPU each`)
line(
  '… resident memory of each child',
  parser
    .pids()
    .map((pid) => `${((residentBytes(pid) ?? 0) / 1e6).toFixed(0)} MB`)
    .join(', '),
)
await parser.close()
