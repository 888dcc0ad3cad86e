import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createParser, type Parser, type ParserOptions } from '../index.ts'
import { png, zip } from '../inside/builders.fixture.ts'
import type { ParseOutcome } from '../types.ts'
import { residentBytes } from './memory.ts'

const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const HEAD = 'From: Eve <eve@example.org>\r\nTo: bob@example.net\r\nSubject: hostile\r\nMIME-Version: 1.0\r\n'
const MB = 1024 * 1024
const plain = (n: number) =>
  Buffer.from(`${HEAD}Message-ID: <${n}@example.org>\r\n\r\nOrdinary message number ${n}\r\n`)

let open: Parser | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

function start(options: ParserOptions = {}): Parser {
  open = createParser(options)
  return open
}

/** Marked with a reason, and what the headers give is there. */
function expectMarked(outcome: ParseOutcome, why: RegExp): void {
  expect(outcome.kind).toBe('unparsable')
  if (outcome.kind === 'unparsable') expect(outcome.why).toMatch(why)
  expect(outcome.mail.subject).toBe('hostile')
  expect(outcome.mail.from).toEqual([{ name: 'Eve', address: 'eve@example.org', raw: 'Eve <eve@example.org>' }])
}

const multipart = (boundary: string, body: string) =>
  Buffer.from(`${HEAD}Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${body}`)

/** Costs the parser many seconds: a million parts whose boundary is split, so that the count before does not see it. */
const slow = () =>
  Buffer.from(
    `${HEAD}Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\r\n\r\n${'--bc\r\n\r\nx\r\n'.repeat(1_000_000)}`,
  )

describe('what exceeds a limit is marked, never dropped', () => {
  it('500,000 parts', async () => {
    const parser = start()
    const outcome = await parser.parse(multipart('b', '--b\r\n\r\nx\r\n'.repeat(500_000)), CONTEXT)
    expectMarked(outcome, /more than 10000 parts/)
  })

  it('a million parts behind a boundary that the count does not see', async () => {
    const parser = start({ deadlineMs: 2_000 })
    const outcome = await parser.parse(slow(), CONTEXT)
    expectMarked(outcome, /longer than 2000 ms|more than 10000 parts|MB of memory/)
  })

  it('10,000 multiparts inside each other', async () => {
    const parser = start()
    let body = ''
    for (let i = 0; i < 10_000; i++) body += `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`
    const outcome = await parser.parse(multipart('b0', body), CONTEXT)
    expectMarked(outcome, /nesting depth of 100 levels/)
  })

  it('messages in messages in messages, 2,000 deep: opened five deep, the rest kept as a file', async () => {
    const parser = start()
    let text = 'Subject: innermost\r\n\r\nhttp://innermost.example.com/\r\n'
    for (let i = 0; i < 2_000; i++) text = `Content-Type: message/rfc822\r\n\r\n${text}`
    const outcome = await parser.parse(Buffer.from(HEAD + text), CONTEXT)
    expect(outcome.kind).toBe('parsed')
    expect(outcome.mail.attachments.length).toBeLessThan(10)
  })

  it('a header of 60 MB', async () => {
    const parser = start()
    const raw = Buffer.concat([Buffer.from(`${HEAD}X-Long: `), Buffer.alloc(60 * MB, 'a'), Buffer.from('\r\n\r\nbody')])
    const outcome = await parser.parse(raw, CONTEXT)
    expectMarked(outcome, /header size|MB of memory/)
  })

  it('a single line of 100 MB', async () => {
    const parser = start({ maxBytes: 200 * MB, maxRssMb: 1_024 })
    const raw = Buffer.concat([Buffer.from(`${HEAD}\r\n`), Buffer.alloc(100 * MB, 'a')])
    const outcome = await parser.parse(raw, CONTEXT)
    if (outcome.kind === 'unparsable') expectMarked(outcome, /ms$|memory/)
    else expect(outcome.mail.text.length).toBeLessThanOrEqual(65_536)
  })

  it('a mail of 60 MB with one attachment is parsed with the defaults', async () => {
    const parser = start()
    const line = `${'QUJD'.repeat(19)}\r\n`
    const part =
      'Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=big.pdf\r\n\r\n'
    const raw = multipart(
      'b',
      `--b\r\n\r\nSee http://example.com/x\r\n--b\r\n${part}${line.repeat((60 * MB) / line.length)}--b--\r\n`,
    )
    const outcome = await parser.parse(raw, CONTEXT)
    expect(outcome.kind === 'unparsable' ? outcome.why : 'parsed').toBe('parsed')
    expect(outcome.mail.attachments[0]).toMatchObject({ name: 'big.pdf', declaredType: 'application/pdf' })
    expect(outcome.mail.attachments[0]?.size).toBeGreaterThan(40 * MB)
    expect(outcome.mail.urls).toHaveLength(1)
  })

  it('larger than the largest that is parsed: the headers are still read', async () => {
    const parser = start({ maxBytes: MB })
    const raw = Buffer.concat([Buffer.from(HEAD), Buffer.alloc(2 * MB, 'a\r\n')])
    expectMarked(await parser.parse(raw, CONTEXT), /larger than 1 MB/)
  })

  it('a message that needs more memory than it may: its process is killed and the limit is named', async () => {
    const parser = start({ workers: 1, maxRssMb: 160 })
    const raw = Buffer.concat([Buffer.from(`${HEAD}\r\n`), Buffer.alloc(80 * MB, 'abc \r\n')])
    const outcome = await parser.parse(raw, CONTEXT)
    expectMarked(outcome, /more than 160 MB of memory|out of memory/)
    expect((await parser.parse(plain(1), CONTEXT)).kind).toBe('parsed')
  })
})

describe('files that are bombs: the message is parsed, the file is marked, and others go on', () => {
  const attached = (name: string, data: Buffer) =>
    multipart(
      'b',
      `--b\r\n\r\nsee http://example.com/\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="${name}"\r\n` +
        `Content-Transfer-Encoding: base64\r\n\r\n${data.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n--b--\r\n`,
    )
  const wide = png(1, 1, () => 0, { width: 100_000, height: 100_000 })
  const cases: [string, Buffer, RegExp][] = [
    ['a.zip', zip([{ name: 'a', data: Buffer.alloc(200 * MB) }]), /MB|times/],
    ['b.zip', zip([{ name: 'a.htm', data: Buffer.alloc(40 * MB), claims: 5 }]), /than it says/],
    ['c.gz', gzipSync(gzipSync(Buffer.alloc(90 * MB))), /may be|deep|times/],
    ['d.png', wide, /not looked at/],
    ['e.docx', zip([{ name: '[Content_Types].xml', data: Buffer.alloc(10 * MB) }]), /times/],
  ]
  let parser: Parser
  beforeAll(() => {
    parser = createParser({ workers: 1 })
  })
  afterAll(() => parser.close())
  it.each(cases)('%s', async (name, data, why) => {
    await parser.parse(plain(0), CONTEXT)
    const before = parser.pids()
    const outcome = await parser.parse(attached(name, data), CONTEXT)
    expect(outcome.kind).toBe('parsed')
    expect(outcome.mail.defects.join()).toMatch(why)
    expect(outcome.mail.urls.map((u) => u.host)).toEqual(['example.com'])
    expect((await parser.parse(plain(1), CONTEXT)).kind).toBe('parsed')
    expect(parser.pids(), 'no process had to be killed').toEqual(before)
  })
})

describe('input that makes bad expressions slow takes no time', () => {
  let parser: Parser
  beforeAll(() => {
    parser = createParser({ deadlineMs: 3_000 })
  })
  afterAll(() => parser.close())

  const cases: [string, Buffer][] = [
    ['encoded words without end', Buffer.from(`${HEAD}X-Words: ${'=?utf-8?q?a?= '.repeat(100_000)}\r\n\r\nbody`)],
    ['an encoded word that never ends', Buffer.from(`From: =?utf-8?q?${'='.repeat(500_000)}\r\n\r\nbody`)],
    ['quotes in From', Buffer.from(`From: ${'"\\'.repeat(200_000)} <a@example.org>\r\n\r\nbody`)],
    ['brackets in From', Buffer.from(`From: ${'<'.repeat(300_000)}a@example.org\r\n\r\nbody`)],
    ['comments in From', Buffer.from(`From: ${'('.repeat(300_000)}a@example.org\r\n\r\nbody`)],
    ['at signs in From', Buffer.from(`From: ${'a@'.repeat(200_000)}\r\n\r\nbody`)],
    ['commas in To', Buffer.from(`To: ${'a,'.repeat(200_000)}\r\n\r\nbody`)],
    ['blanks in a header', Buffer.from(`Subject: ${' '.repeat(900_000)}x\r\n\r\nbody`)],
    ['folds in a header', Buffer.from(`Subject: a${'\r\n b'.repeat(200_000)}\r\n\r\nbody`)],
    ['slashes in URLs', Buffer.from(`${HEAD}\r\n${'http://'.repeat(200_000)}`)],
    ['brackets after a URL', Buffer.from(`${HEAD}\r\nhttp://example.com/${')'.repeat(1_000_000)}`)],
    ['dots in text', Buffer.from(`${HEAD}\r\n${'www.'.repeat(300_000)}`)],
    [
      'Authentication-Results without end',
      Buffer.from(`Authentication-Results: mx.google.com; ${'dkim=pass ('.repeat(100_000)}\r\n\r\n`),
    ],
    ['Content-Type parameters', Buffer.from(`Content-Type: text/plain; ${'a="'.repeat(100_000)}\r\n\r\nbody`)],
    ['Content-Type comments', Buffer.from(`Content-Type: ${'('.repeat(400_000)}\r\n\r\nbody`)],
    ['nested HTML', Buffer.from(`Content-Type: text/html\r\n\r\n${'<div>'.repeat(100_000)}x`)],
    ['unclosed HTML tags', Buffer.from(`Content-Type: text/html\r\n\r\n${'<a href="'.repeat(100_000)}`)],
    ['HTML attributes', Buffer.from(`Content-Type: text/html\r\n\r\n<a ${'x=1 '.repeat(100_000)}>`)],
    [
      'many links',
      Buffer.from(
        `Content-Type: text/html\r\n\r\n${'<a href="http://example.com/">http://example.org/</a> http://example.net '.repeat(20_000)}`,
      ),
    ],
    [
      'styles',
      Buffer.from(
        `Content-Type: text/html\r\n\r\n${'<p style="font:0 0 0 0;color:#fff;position:absolute">x'.repeat(20_000)}`,
      ),
    ],
    [
      'words split by nothing',
      Buffer.from(`Content-Type: text/plain; charset=utf-8\r\n\r\n${'a\u200b'.repeat(200_000)}`),
    ],
    [
      'scripts in a file',
      multipart(
        'b',
        `--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=a.html\r\n\r\n${'<script>'.repeat(50_000)}${' onload="'.repeat(50_000)}\r\n--b--`,
      ),
    ],
    [
      'a PDF of names',
      multipart(
        'b',
        `--b\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4 ${'/URI (('.repeat(100_000)}${'endstream '.repeat(50_000)}${'stream '.repeat(20_000)}\r\n--b--`,
      ),
    ],
    [
      'a calendar of colons',
      multipart(
        'b',
        `--b\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n${'DESCRIPTION;X="'.repeat(50_000)}${'http://'.repeat(50_000)}\r\n--b--`,
      ),
    ],
    ['closing tags', Buffer.from(`Content-Type: text/html\r\n\r\n${'<p>'.repeat(50_000)}${'</b>'.repeat(100_000)}`)],
    ['angle brackets', Buffer.from(`Content-Type: text/html\r\n\r\n${'<'.repeat(1_000_000)}`)],
    [
      'SVG by its first bytes',
      multipart('b', `--b\r\nContent-Type: image/x\r\n\r\n<?xml ${'<!--'.repeat(50_000)}\r\n--b--`),
    ],
  ]
  it.each(cases)('%s', async (_name, raw) => {
    // The deadline, in processor time, is what is tested: a busy machine must not decide.
    const outcome = await parser.parse(raw, CONTEXT)
    expect(outcome.kind === 'unparsable' ? outcome.why : 'parsed').toBe('parsed')
    expect((await parser.renderSafe(raw)).html).not.toContain('cannot be shown')
  })
})

describe('one message does not stall or spoil others', () => {
  it('others on the same process survive one that takes too long', async () => {
    const parser = start({ workers: 1, deadlineMs: 1_000 })
    const poison = parser.parse(slow(), CONTEXT)
    const others = await Promise.all(Array.from({ length: 50 }, (_, i) => parser.parse(plain(i), CONTEXT)))
    expect(others.map((o) => o.kind)).toEqual(others.map(() => 'parsed'))
    expect(others.map((o) => o.mail.internetMessageId)).toEqual(others.map((_, i) => `${i}@example.org`))
    expectMarked(await poison, /longer than 1000 ms/)
  })

  it('the other process goes on while one is stuck', async () => {
    const parser = start({ workers: 2, deadlineMs: 3_000 })
    await Promise.all([parser.parse(plain(0), CONTEXT), parser.parse(plain(1), CONTEXT)])
    let stuck = true
    const poison = parser.parse(slow(), CONTEXT).then((outcome) => {
      stuck = false
      return outcome
    })
    await Promise.all(Array.from({ length: 200 }, (_, i) => parser.parse(plain(i), CONTEXT)))
    expect(stuck, 'the 200 were done before the stuck one was given up').toBe(true)
    expect((await poison).kind).toBe('unparsable')
  })

  it('a process killed in the middle costs nobody its message', async () => {
    const parser = start({ workers: 2 })
    let kills = 0
    let done = 0
    const finished = async (i: number) => {
      const outcome = await parser.parse(plain(i), CONTEXT)
      done++
      // Only when those of the last process that died are long through: one that dies again alone is taken for the culprit.
      const [pid] = done > 3_000 * (kills + 1) ? parser.pids() : []
      if (pid !== undefined && residentBytes(pid) !== null) {
        process.kill(pid, 'SIGKILL')
        kills++
      }
      return outcome
    }
    const outcomes = await Promise.all(Array.from({ length: 20_000 }, (_, i) => finished(i)))
    expect(kills).toBeGreaterThan(4)
    expect(outcomes.map((o) => o.mail.internetMessageId)).toEqual(outcomes.map((_, i) => `${i}@example.org`))
    expect(outcomes.filter((o) => o.kind === 'unparsable')).toEqual([])
  })

  it('the children are not root, have none of our environment, and end with the parser', async () => {
    process.env['RECOURSE_SECRET_OF_TEST'] = 'secret'
    const parser = start()
    await parser.parse(plain(1), CONTEXT)
    const pids = parser.pids()
    expect(pids).toHaveLength(2)
    for (const pid of pids) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0')
      if (process.getuid?.() === 0)
        expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('RECOURSE_SECRET')
    }
    await parser.close()
    expect(pids.map(residentBytes)).toEqual([null, null])
    await expect(parser.parse(plain(1), CONTEXT)).rejects.toMatchObject({ code: 'mail.parser.closed' })
  })
})

describe('a server that is killed', () => {
  it('leaves no parsing process behind, not even one in an endless loop', async () => {
    const file = fileURLToPath(new URL('./hostile-parent.fixture.ts', import.meta.url))
    const parent = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    const line = await new Promise<string>((resolve) => parent.stdout.once('data', (data) => resolve(String(data))))
    const children: number[] = line.trim().split(' ').map(Number)
    expect(children.map(residentBytes).every((bytes) => bytes !== null)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => children.map(residentBytes)).toEqual([null, null])
  })
})
