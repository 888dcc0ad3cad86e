// Messages per second and core of `recourse scan`, and of rspamd's worker on the same mail in the same run; where the time goes.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ANALYSES, opinion, SHIPPED } from '../server/src/detection/index.ts'
import { decide, decidePolicy, entitiesOf, type Signal } from '../server/src/judgement/index.ts'
import { createParser, receivedContext } from '../server/src/mail/index.ts'
import { type Mail, measured } from './lib/mail.ts'
import { all, check, startRspamd } from './lib/rspamd.ts'

const MAIN = fileURLToPath(new URL('../server/src/cli/main.ts', import.meta.url))
/** Every nth message. The machine may be shared, so processor time instead of the clock. */
const step = Number(process.argv[2] ?? 1)
const rounds = Number(process.argv[3] ?? 3)
/** How often each message is there: an archive is larger than what is here to measure with, and its first thousand messages pay for compiling. */
const copies = Number(process.argv[4] ?? 1)
const NOBODY = { domains: [], protectedDomains: [], people: [] }

function sample(): Pick<Mail, 'file' | 'raw'>[] {
  const found = (['ham', 'spam', 'phish'] as const).flatMap((label) => measured(label, step))
  if (found.length > 0) return found
  const paragraph = 'The quarterly figures are attached, and the meeting is moved to Thursday. '
  return Array.from({ length: 600 }, (_, i) => ({
    file: `made-up-${i}.eml`,
    raw: Buffer.from(
      `From: News <news@shop.example>\r\nTo: anna@example.org\r\nSubject: Letter ${i}\r\nContent-Type: text/html\r\n\r\n<p>${paragraph.repeat(60)}<a href="https://shop.example/${i}">more</a>`,
    ),
  }))
}

/** Processor seconds of a command with all its children, as the shell adds them up. */
function cpuOf(args: readonly string[]): Promise<number> {
  return new Promise((done, failed) => {
    const child = spawn(
      'bash',
      ['-c', 'TIMEFORMAT="%U %S"; time "$@" > /dev/null', 'bash', process.execPath, MAIN, ...args],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    )
    let err = ''
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    child.on('close', (code) => {
      const last = /([\d.]+) ([\d.]+)\s*$/.exec(err)
      if (code !== 0 || last === null) failed(new Error(err))
      else done(Number(last[1]) + Number(last[2]))
    })
  })
}

const once = sample()
const mails = Array.from({ length: copies }, (_, copy) => once.map((m) => ({ ...m, file: `${copy}-${m.file}` }))).flat()
const bytes = mails.reduce((sum, m) => sum + m.raw.length, 0)
const dir = mkdtempSync(join(tmpdir(), 'bench-scan-'))
// Every third one by itself: what a further message costs a process that is warm is the difference to all of them.
const [third, others] = [join(dir, 'a'), join(dir, 'b')]
for (const sub of [third, others]) mkdirSync(sub)
for (const [i, m] of mails.entries()) writeFileSync(join(i % 3 === 0 ? third : others, m.file), m.raw)
execFileSync('chmod', ['-R', 'a+rX', dir])
console.log(`${mails.length} messages, ${(bytes / 1e6).toFixed(1)} MB; processor time of all processes`)

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0
const rate = (seconds: number, of = mails.length): string => `${(of / seconds).toFixed(0).padStart(5)}/s per core`
const ours: number[] = []
const starts: number[] = []
const thirds: number[] = []
const theirs: number[] = []
const rspamd = await startRspamd()
// Warm: maps, regular expressions.
if (rspamd !== null) await all(mails.slice(0, 50), 16, async (m) => void (await check(rspamd, m.raw)))
for (let round = 0; round < rounds; round++) {
  starts.push(await cpuOf(['scan', '--workers', '1', join(third, mails[0]?.file ?? '')]))
  thirds.push(await cpuOf(['scan', '--workers', '1', third]))
  ours.push(await cpuOf(['scan', '--workers', '1', dir]))
  if (rspamd === null) continue
  const before = rspamd.cpuSeconds()
  await all(mails, 64, async (m) => void (await check(rspamd, m.raw)))
  theirs.push(rspamd.cpuSeconds() - before)
}
await rspamd?.stop()
rmSync(dir, { recursive: true })
const net = median(ours) - median(starts)
console.log(
  `recourse scan              ${rate(net)}  (${median(ours).toFixed(2)} s, ${median(starts).toFixed(2)} s of them to start)`,
)
const further = mails.length - Math.ceil(mails.length / 3)
console.log(
  `  … of a further message   ${rate(median(ours) - median(thirds), further)}  (all without the first third: code is compiled by then)`,
)
if (rspamd === null) console.log('rspamd is not installed here, or did not start within two minutes.')
else {
  console.log(
    `rspamd ${rspamd.version}, one worker     ${rate(median(theirs))}  (${median(theirs).toFixed(2)} s; without DNS, Bayes and fuzzy storage)`,
  )
  console.log(
    `ours is ${(median(theirs) / net).toFixed(2)} times as fast; by round: ${ours.map((o, i) => ((theirs[i] ?? 0) / (o - (starts[i] ?? 0))).toFixed(2)).join(', ')}`,
  )
}

/** In this process: what the judging of parsed mail costs, by analysis. */
async function breakdown(): Promise<void> {
  const parser = createParser({ workers: 1 })
  const spent = new Map<string, number>()
  const timed = <T>(name: string, work: () => T): T => {
    const from = process.hrtime.bigint()
    const result = work()
    spent.set(name, (spent.get(name) ?? 0) + Number(process.hrtime.bigint() - from) / 1e6)
    return result
  }
  const policy = decidePolicy({ mode: 'standard', version: 1 })
  for (let i = 0; i < mails.length; i += 8)
    for (const { mail, context } of await Promise.all(
      mails.slice(i, i + 8).map(async ({ raw }) => {
        const context = timed('context from headers', () => receivedContext(raw))
        return { mail: (await parser.parse(raw, context)).mail, context }
      }),
    )) {
      const signals: Signal[] = []
      for (const [id, analyse] of Object.entries(ANALYSES))
        signals.push(...timed(`analysis ${id}`, () => analyse({ mail, context, organisation: NOBODY })))
      signals.push(timed('classifier', () => opinion(SHIPPED, mail)))
      const entities = timed('entities', () => entitiesOf(mail, context))
      timed('decide', () =>
        decide({
          signals,
          entities,
          authentication: mail.authentication,
          entries: [],
          policy,
          unparsable: null,
          now: '2026-01-01T00:00:00.000Z',
        }),
      )
    }
  await parser.close()
  const each = (ms: number): string => `${(ms / mails.length).toFixed(3)} ms`
  const total = [...spent.values()].reduce((a, b) => a + b, 0)
  console.log(
    `\nof ${each(net * 1000)} a message: judging ${each(total)}, the rest is reading and parsing it. By the clock, so too high on a busy machine:`,
  )
  for (const [name, ms] of [...spent].sort((a, b) => b[1] - a[1]).slice(0, 14))
    console.log(`  ${name.padEnd(34)} ${each(ms)}`)
}
await breakdown()
