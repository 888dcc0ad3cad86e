// What a feed of a million entries costs: reading it, memory, a question; beside a Set of the same texts.
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createFeeds, type FeedFile, type FeedLookup } from '../server/src/detection/index.ts'

type Kind = FeedFile['kind']

const ENTRIES = Number(process.argv[2] ?? 1_000_000)
const QUESTIONS = 100_000
setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')
const dir = mkdtempSync(join(tmpdir(), 'recourse-bench-feeds-'))

const hash = (i: number): string => i.toString(16).padStart(64, '0')
const octets = (i: number): string => [1 + (i >> 24), (i >> 16) & 255, (i >> 8) & 255, i & 255].join('.')
const LINES: Readonly<Record<Kind, (i: number) => string>> = {
  url: (i) => `http://h${i}.x${i % 977}.example/p/${i.toString(36)}/login.php?x=${i}`,
  domain: (i) => `h${i}.x${i % 977}.example`,
  ip: octets,
  sha256: hash,
}
/** Every second one is in the feed. */
const ASK: Readonly<Record<Kind, (lookup: FeedLookup, i: number) => number>> = {
  url: (lookup, i) => lookup.url(LINES.url(i)).length,
  domain: (lookup, i) => lookup.host(`www.${LINES.domain(i)}`).length,
  ip: (lookup, i) => lookup.ip(octets(i)).length,
  sha256: (lookup, i) => lookup.file(hash(i)).length,
}

const used = (): number => {
  if (typeof collect === 'function') collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}
const seconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

async function written(kind: Kind): Promise<string> {
  const path = join(dir, kind)
  const out = createWriteStream(path)
  for (let i = 0; i < ENTRIES; i++)
    if (!out.write(`${LINES[kind](i)}\n`)) await new Promise<void>((done) => out.once('drain', () => done()))
  await new Promise<void>((done) => out.end(() => done()))
  return path
}

async function measure(kind: Kind): Promise<void> {
  const file: FeedFile = { name: kind, kind, path: await written(kind) }
  const feeds = createFeeds({
    files: [file],
    limits: { maxBytes: 4e9, maxEntries: 50_000_000 },
    log: { info: () => {}, warn: (about: unknown) => console.log(about) },
  })
  let stall = 0
  // In processor time: others may be at work on this machine.
  let last = process.cpuUsage()
  const beat = setInterval(() => {
    stall = Math.max(stall, seconds(last) * 1000)
    last = process.cpuUsage()
  }, 5)
  const reading = process.cpuUsage()
  await feeds.check()
  const read = seconds(reading)
  clearInterval(beat)
  const asking = process.cpuUsage()
  let hits = 0
  for (let i = 0; i < QUESTIONS; i++)
    hits += ASK[kind](feeds.lookup, i % 2 === 0 ? Math.floor((i * ENTRIES) / QUESTIONS) : ENTRIES + i)
  const asked = (seconds(asking) * 1e6) / QUESTIONS
  const [status] = feeds.statuses()
  console.log(
    `${kind.padEnd(7)} ${status?.entries} entries  read in ${read.toFixed(1)} s (longest stall ${stall.toFixed(0)} ms)  ${((status?.memory ?? 0) / 1e6).toFixed(1)} MB  ${asked.toFixed(1)} µs a question  (${hits} of ${QUESTIONS} found)`,
  )
}

function baseline(): void {
  const before = used()
  const texts = new Set<string>()
  for (let i = 0; i < ENTRIES; i++) texts.add(LINES.url(i))
  console.log(`a Set of the URLs: ${(used() - before).toFixed(0)} MB (${texts.size})`)
}

try {
  for (const kind of ['url', 'domain', 'ip', 'sha256'] as const) await measure(kind)
  baseline()
} finally {
  rmSync(dir, { recursive: true, force: true })
}
