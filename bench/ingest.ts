// How fast mail gets in: LMTP → blob → parse → judge → record → mailbox, on the embedded PostgreSQL and Maildir, by stage.
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { connect as dial } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Stage } from '../server/src/intake/index.ts'
import { createParser } from '../server/src/mail/index.ts'
import { createMaildirProvider } from '../server/src/mailboxes/index.ts'
import { ALL_MIGRATIONS } from '../server/src/migrations.ts'
import { connect, migrate } from '../server/src/storage/index.ts'
import { createNextHop, forSmtp } from '../server/src/transport/index.ts'
import { unprivileged } from '../server/test/rig/account.ts'
import { corpus, corpusFiles } from '../server/test/rig/corpus.ts'
import { saveCompany, savePolicy, startIntake } from '../server/test/rig/intake.ts'

const CONNECTIONS = Number(process.argv[2] ?? 16)
/** Every so manieth message only, for a quick look. */
const STEP = Number(process.argv[3] ?? 1)
const PEOPLE = Array.from({ length: 20 }, (_, i) => `person${i}`)

/** The corpus of real mail where it is present; else made-up newsletters of the same size, so that anyone can run it. */
function messages(): Buffer[] {
  if (corpus !== null) {
    return ['mail/ham', 'mail/spam', 'mail/phish'].flatMap(corpusFiles).map((file) => forSmtp(readFileSync(file)))
  }
  const text = '<p>Dear reader, <a href="https://news.example.com/item?id=1">this week</a> brings much news.</p>\r\n'
  return Array.from({ length: 3_000 }, (_, i) =>
    Buffer.from(
      `From: News <news@example.com>\r\nTo: r${i}@example.org\r\nSubject: Issue ${i}\r\nMessage-ID: <${i}@example.com>\r\n` +
        `Content-Type: text/html\r\n\r\n${text.repeat(100)}`,
    ),
  )
}

/** This process and everything below it. */
function family(): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // it ended while we looked
    }
  }
  const ours = (pid: number): boolean => pid === process.pid || (pid > 1 && ours(parents.get(pid) ?? 0))
  return [...parents.keys()].filter(ours)
}

/** Memory of all of them, as their fair share of what they map (PSS). */
function familyBytes(): number {
  let sum = 0
  for (const pid of family()) {
    try {
      const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]
      sum += Number(pss ?? 0) * 1024
    } catch {
      // it ended while we looked, or is not ours to read
    }
  }
  return sum
}

/** CPU seconds that the family has used, ended children included, by what they are. */
function familyCpu(): Record<'server' | 'parsers' | 'database', number> {
  const used = { server: 0, parsers: 0, database: 0 }
  for (const pid of family()) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // A parent's count of its ended children is its own line: only PostgreSQL has short-lived ones here.
      const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)
      const kind = pid === process.pid ? 'server' : stat.includes('(postgres)') ? 'database' : 'parsers'
      used[kind] += ticks / 100
    } catch {
      // it ended while we looked
    }
  }
  return used
}

/** One kept LMTP connection; resolves with the reply to each message. */
async function createSender(port: number) {
  const socket = dial({ port, host: '127.0.0.1', noDelay: true })
  const waiting: ((line: string) => void)[] = []
  let input = ''
  socket.on('data', (chunk) => {
    input += chunk
    for (let end = input.indexOf('\r\n'); end !== -1; end = input.indexOf('\r\n')) {
      const line = input.slice(0, end)
      input = input.slice(end + 2)
      if (line[3] !== '-') waiting.shift()?.(line)
    }
  })
  const next = () => new Promise<string>((resolve) => waiting.push(resolve))
  const say = (text: string | Buffer, replies = 1): Promise<string[]> => {
    const got = Promise.all(Array.from({ length: replies }, next))
    socket.write(text)
    return got
  }
  await next()
  await say('LHLO bench\r\n')
  return {
    send: async (raw: Buffer, to: string, ident: number): Promise<string> => {
      await say(`XFORWARD ADDR=192.0.2.1 IDENT=B${ident}\r\n`)
      await say(`MAIL FROM:<a@client.example> SIZE=${raw.length}\r\nRCPT TO:<${to}>\r\nDATA\r\n`, 3)
      const stuffed = raw.includes('\r\n.')
        ? Buffer.from(raw.toString('latin1').replaceAll('\r\n.', '\r\n..'), 'latin1')
        : raw
      const [reply = ''] = await say(Buffer.concat([stuffed, Buffer.from('.\r\n')]))
      return reply
    },
    close: () => socket.destroy(),
  }
}

/** What the machine can do at best: the same bytes in files, fsynced with their directory, by a bare script. */
async function bare(dir: string, list: readonly Buffer[]): Promise<number> {
  const folder = join(dir, 'bare')
  await mkdir(folder)
  let at = 0
  const started = performance.now()
  const worker = async (): Promise<void> => {
    for (let i = at++; i < list.length; i = at++) {
      const file = await open(join(folder, `${i}.tmp`), 'w')
      await file.writeFile(list[i] ?? '')
      await file.sync()
      await file.close()
      await rename(join(folder, `${i}.tmp`), join(folder, `${i}`))
      const parent = await open(folder)
      await parent.sync()
      await parent.close()
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  return list.length / ((performance.now() - started) / 1000)
}

const found = messages().filter((_, i) => i % STEP === 0)
// Every third one first: what a further message takes, when code is compiled and plans are made, is measured on the rest, which is alike.
const list = [...found.filter((_, i) => i % 3 === 0), ...found.filter((_, i) => i % 3 !== 0)]
const THIRD = Math.ceil(list.length / 3)
// Started here, so that its processes are ready long before the first message: their start is no part of what is measured.
const parser = createParser({ workers: 2 })
const account = unprivileged()
const dir = mkdtempSync(join(tmpdir(), 'recourse-bench-'))
if (account) chownSync(dir, account.uid, account.gid)
const storage = await connect({
  embedded: { dir: join(dir, 'pg'), account },
  blobs: { dir: join(dir, 'blobs'), keyFile: join(dir, 'master.key') },
})
await migrate(storage, ALL_MIGRATIONS)
const tenant = await storage.createTenant('Bench')
await saveCompany(storage, tenant, 'bench.example', PEOPLE)
await savePolicy(storage, tenant, { mode: 'standard' })
await storage.start()
const provider = createMaildirProvider({ kind: 'maildir', root: join(dir, 'mail') })
const spent = new Map<Stage, number>()
const rig = await startIntake({
  storage,
  provider,
  nextHop: createNextHop({ kind: 'mailbox', provider }),
  parser,
  log: { info: () => undefined, warn: console.error, error: console.error },
  intake: { observe: (stage, ms) => spent.set(stage, (spent.get(stage) ?? 0) + ms) },
})

const senders = await Promise.all(Array.from({ length: CONNECTIONS }, () => createSender(rig.lmtp)))
const replies = new Map<string, number>()
let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, familyBytes())
}, 4000)
let at = 0
let warm = 0
const cpuBefore = familyCpu()
const started = performance.now()
await Promise.all(
  senders.map(async (sender) => {
    for (let i = at++; i < list.length; i = at++) {
      if (i === THIRD) warm = performance.now()
      const reply = await sender.send(list[i] ?? Buffer.alloc(0), `${PEOPLE[i % PEOPLE.length]}@bench.example`, i)
      replies.set(reply.slice(0, 9), (replies.get(reply.slice(0, 9)) ?? 0) + 1)
    }
  }),
)
const ended = performance.now()
const seconds = (ended - started) / 1000
clearInterval(watch)
const cpuAfter = familyCpu()
const cpu = { server: 0, parsers: 0, database: 0 }
for (const kind of ['server', 'parsers', 'database'] as const) cpu[kind] = cpuAfter[kind] - cpuBefore[kind]
const cpuAll = cpu.server + cpu.parsers + cpu.database
const all = [...spent.values()].reduce((a, b) => a + b, 0)
const baseline = await bare(dir, list)

console.log(
  `${list.length} messages, ${(list.reduce((s, m) => s + m.length, 0) / 1e6).toFixed(1)} MB, ${CONNECTIONS} LMTP connections, ${cpus().length} cores`,
)
console.log(`ingest          ${(list.length / seconds).toFixed(0)} messages/s (goal 200)`)
console.log(
  `  … further      ${((list.length - THIRD) / ((ended - warm) / 1000)).toFixed(0)} messages/s: all without the first third`,
)
console.log(`peak memory     ${(peak / 1e6).toFixed(0)} MB, all processes (goal below 1000)`)
console.log(
  `CPU             ${(list.length / cpuAll).toFixed(0)} messages per CPU second, ${(cpuAll / seconds).toFixed(2)} cores in use`,
)
for (const [kind, used] of Object.entries(cpu))
  console.log(`  ${kind.padEnd(13)} ${((used / list.length) * 1000).toFixed(1)} ms a message`)
console.log(
  `bare durable    ${baseline.toFixed(0)} messages/s: only writing the same bytes to files, fsynced (baseline)`,
)
console.log(`replies         ${[...replies].map(([r, n]) => `${r} ${n}`).join(', ')}`)
for (const [stage, ms] of spent) {
  console.log(
    `${stage.padEnd(15)} ${((ms / all) * 100).toFixed(1).padStart(5)} %  ${(ms / list.length).toFixed(1).padStart(6)} ms a message, waiting included`,
  )
}

for (const sender of senders) sender.close()
await rig.close()
await provider.close()
await storage.close()
rmSync(dir, { recursive: true, force: true })
process.exit(0)
