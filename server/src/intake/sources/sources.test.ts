import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromLineDate } from './dates.ts'
import { importPath } from './import-path.ts'
import { readMbox } from './mbox.ts'
import { readMailSources } from './read.ts'
import type { SourceItem, SourceMail } from './types.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'recourse-sources-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function all(items: AsyncIterable<SourceItem>): Promise<SourceItem[]> {
  const found: SourceItem[] = []
  for await (const item of items) found.push(item)
  return found
}
const mails = (items: readonly SourceItem[]): SourceMail[] => items.filter((i) => i.kind === 'mail')

const FROM_LINE = 'From someone@example.org Sat Jan  3 01:05:34 1996\n'
/** As mboxrd writes it: an empty line after each message, `>` before every line that is `>…From `. */
const toMbox = (messages: readonly string[]) =>
  messages.map((m) => `${FROM_LINE}${m.replace(/^(>*From )/gm, '>$1')}\n`).join('')

test('mbox: what was written comes out, however the file is cut into chunks', async () => {
  const line = fc.constantFrom(
    'From x Sat Jan  3 01:05:34 1996',
    '>From y',
    'text',
    '',
    '>>From',
    'x'.repeat(300),
    'Frome',
  )
  const message = fc.array(line, { maxLength: 8 }).map((lines) => `Subject: s\n\n${[...lines, 'end'].join('\n')}\n`)
  const path = join(dir, 'property.mbox')
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 200 }),
      async (list, size) => {
        writeFileSync(path, toMbox(list))
        const read = mails(await all(readMbox(path, { highWaterMark: size })))
        expect(read.map((m) => m.raw.toString())).toEqual(list)
      },
    ),
    { numRuns: 200 },
  )
})

test('mbox: the mark of UTF-8 in front of the first From_ line is no part of it', async () => {
  const path = join(dir, 'mark.mbox')
  const list = ['Subject: a\n\na\n', 'Subject: b\n\nb\n']
  writeFileSync(path, `\ufeff${toMbox(list)}`)
  for (const read of [readMailSources(path), readMbox(path, { highWaterMark: 1 })])
    expect(mails(await all(read)).map((m) => m.raw.toString())).toEqual(list)
})

test('mbox: prose after an empty line that begins with "From" ends no message', async () => {
  const path = join(dir, 'prose.mbox')
  writeFileSync(
    path,
    `${FROM_LINE}Subject: a\n\nDear all,\n\nFrom now on we meet at noon.\n\n${FROM_LINE}Subject: b\r\nStatus: RO\r\nX-Status: AF\r\n\r\nb\r\n`,
  )
  const read = mails(await all(readMailSources(path)))
  expect(read).toHaveLength(2)
  expect(read[0]?.raw.toString()).toContain('From now on')
  expect(read[1]?.flags).toEqual(['\\Seen', '\\Answered', '\\Flagged'])
  expect(read[1]?.receivedAt?.toISOString()).toBe('1996-01-03T01:05:34.000Z')
})

test('mbox: a first line that does not end takes no mail with it: it is named, with what to do', async () => {
  const path = join(dir, 'odd.mbox')
  const cr = toMbox(['Subject: a\n\na\n', 'Subject: b\n\nb\n']).replaceAll('\n', '\r')
  writeFileSync(path, cr)
  expect(await all(readMbox(path))).toEqual([
    { kind: 'problem', id: path, why: 'its lines end with CR alone: convert it (mac2unix)' },
  ])
  writeFileSync(path, `From ${'x'.repeat(300_000)}\n\nSubject: a\n\na\n`)
  for (const highWaterMark of [1000, 100_000, 1_000_000])
    expect(await all(readMbox(path, { highWaterMark }))).toMatchObject([
      { kind: 'problem', why: expect.stringMatching('first line') },
    ])
  // NUL, CR and LF within messages are theirs.
  const odd = ['Subject: \0\n\n\0\n\0\n', 'Subject: cr\rin\n\na\rb\r\n\r\r\nc\n', 'x\n']
  writeFileSync(path, toMbox(odd))
  expect(mails(await all(readMbox(path))).map((m) => m.raw.toString())).toEqual(odd)
})

test('mbox: a message over the limit is named, the next one is read', async () => {
  const path = join(dir, 'large.mbox')
  writeFileSync(path, toMbox(['Subject: a\n\nsmall\n', `Subject: b\n\n${'x'.repeat(5000)}\n`, 'Subject: c\n\nsmall\n']))
  const read = await all(readMbox(path, { maxMessage: 1000 }))
  expect(read.map((r) => r.kind)).toEqual(['mail', 'problem', 'mail'])
})

test('a From_ line in the forms that programs write', () => {
  for (const line of [
    'From a@b Sat Jan  3 01:05:34 1996',
    'From a@b Sat Jan 3 01:05:34 UTC 1996',
    'From - Sat Jan 03 01:05:34 +0000 1996',
  ])
    expect(fromLineDate(line)?.toISOString(), line).toBe('1996-01-03T01:05:34.000Z')
  expect(fromLineDate('From now on')).toBeNull()
})

function maildir(root: string): void {
  for (const sub of [
    'cur',
    'new',
    'tmp',
    '.Sent/cur',
    '.Sent/new',
    '.Sent/tmp',
    '.Work.2024/cur',
    '.Work.2024/new',
    '.Gr&APYA3w-e.R&-D/cur',
    '.Gr&APYA3w-e.R&-D/new',
  ])
    mkdirSync(join(root, sub), { recursive: true })
  writeFileSync(join(root, 'new/1.a.host'), 'Subject: new\n\n1\n')
  writeFileSync(join(root, 'cur/2.b.host:2,FS'), 'Subject: seen\n\n2\n')
  writeFileSync(join(root, 'tmp/3.c.host'), 'Subject: half\n\n3\n')
  writeFileSync(join(root, '.Sent/cur/4.d.host:2,RS'), 'Subject: sent\n\n4\n')
  writeFileSync(join(root, '.Gr&APYA3w-e.R&-D/cur/6.f.host:2,'), 'Subject: name\n\n6\n')
  writeFileSync(join(root, '.Work.2024/new/5.e.host'), 'Subject: work\n\n5\n')
  utimesSync(join(root, 'cur/2.b.host:2,FS'), 1_000_000_000, 1_000_000_000)
}

test('Maildir: flags, folders and dates; what is in tmp is no mail yet', async () => {
  const root = join(dir, 'Maildir')
  maildir(root)
  const read = mails(await all(readMailSources(root)))
  expect(read.map((m) => [m.raw.toString().slice(9, 13).trim(), m.folder, m.flags])).toEqual([
    ['seen', null, ['\\Flagged', '\\Seen']],
    ['new', null, []],
    ['name', 'Größe/R&D', []],
    ['sent', 'Sent', ['\\Answered', '\\Seen']],
    ['work', 'Work/2024', []],
  ])
  expect(read[0]?.receivedAt?.getTime()).toBe(1_000_000_000_000)
})

test('Maildir: folders that are plain directories, below ones that hold no mail; what is no message is named', async () => {
  const root = join(dir, 'fs')
  for (const sub of ['', 'Work', 'Clients/2026/May', 'sieve'])
    for (const part of sub === 'sieve' ? [''] : ['cur', 'new', 'tmp'])
      mkdirSync(join(root, sub, part), { recursive: true })
  const files = ['cur/1', 'Work/cur/2:2,S', 'Clients/2026/May/new/3', 'sieve/x', 'Clients/y', 'Work/dovecot.index']
  for (const file of files) writeFileSync(join(root, file), `Subject: ${file}\n\nx\n`)
  symlinkSync('1', join(root, 'cur/linked:2,F'))
  symlinkSync('nowhere', join(root, 'cur/dangling'))
  symlinkSync('self', join(root, 'cur/self'))
  symlinkSync('../Work', join(root, 'Clients/Again'))
  mkdirSync(join(root, 'cur/deep'))
  execFileSync('mkfifo', [join(root, 'cur/pipe')])
  const read = await all(readMailSources(root))
  expect(mails(read).map((m) => [m.id.slice(root.length + 1), m.folder, m.flags])).toEqual([
    ['1', null, []],
    ['linked', null, ['\\Flagged']],
    ['Clients/2026/May/3', 'Clients/2026/May', []],
    ['Work/2', 'Work', ['\\Seen']],
  ])
  expect(read.flatMap((r) => (r.kind === 'problem' ? [`${r.id.slice(root.length + 1)}: ${r.why}`] : []))).toEqual([
    'cur/dangling: does not exist',
    'cur/deep: is no message, but a folder',
    'cur/pipe: is neither a file nor a folder',
    'cur/self: is a link that leads back to itself',
    'Clients/Again: is a link to a folder: name the folder itself',
  ])
})

test('a folder of everything; unreadable, empty and odd things are named and the rest goes on', async () => {
  const root = join(dir, 'all')
  mkdirSync(join(root, 'sub'), { recursive: true })
  maildir(join(root, 'sub/ann'))
  writeFileSync(
    join(root, 'a.eml'),
    'Received: by x; Fri, 2 Jan 2026 10:00:00 +0100\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n\nx\n',
  )
  writeFileSync(join(root, 'b.mbox'), toMbox(['Subject: b\n\nb\n']))
  writeFileSync(join(root, 'empty.eml'), '')
  writeFileSync(join(root, 'secret.eml'), 'Subject: no\n\n')
  chmodSync(join(root, 'secret.eml'), 0)
  symlinkSync(root, join(root, 'loop'))
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling.eml'))
  writeFileSync(
    Buffer.concat([Buffer.from(`${root}/Entw`), Buffer.from([0xfc]), Buffer.from('rf.eml')]),
    'Subject: x\n\n',
  )
  const read = await all(readMailSources(root))
  expect(mails(read).length).toBeGreaterThanOrEqual(6)
  expect(mails(read)[0]?.receivedAt?.toISOString()).toBe('2026-01-02T09:00:00.000Z')
  const problems = read.flatMap((r) => (r.kind === 'problem' ? [`${r.id.slice(root.length + 1)}: ${r.why}`] : []))
  const expected = [
    'Entw\ufffdrf.eml: has a name that is not UTF-8, and was not read: rename it (convmv)',
    'dangling.eml: does not exist',
    'empty.eml: is empty',
    'loop: is a link to a folder: name the folder itself',
  ]
  // Root may read everything.
  if (process.getuid?.() !== 0) expected.push('secret.eml: may not be read by this account: change its permissions')
  expect(problems).toEqual(expected)
})

test('a path that does not exist is one problem', async () => {
  expect(await all(readMailSources(join(dir, 'missing')))).toMatchObject([{ kind: 'problem', why: 'does not exist' }])
})

test('importPath: counts, names what failed, and the journal goes on where it stopped', async () => {
  const path = join(dir, 'resume.mbox')
  const journal = join(dir, 'journal')
  writeFileSync(path, toMbox(Array.from({ length: 20 }, (_, i) => `Subject: ${i}\n\n${i}\n`)))
  const seen: string[] = []
  const stop = new AbortController()
  const submit = async (mail: SourceMail) => {
    const subject = /Subject: (\d+)/.exec(mail.raw.toString())?.[1] ?? ''
    if (subject === '3' && !stop.signal.aborted) throw new Error('the server said no')
    seen.push(subject)
    if (seen.length === 9) stop.abort()
    return { duplicate: subject === '5' }
  }
  const first = await importPath(path, { submit, journal, concurrency: 1, signal: stop.signal })
  expect(first).toMatchObject({ imported: 8, duplicates: 1, failed: 1, skipped: 0 })
  expect(first.problems).toMatchObject([{ why: 'the server said no' }])
  writeFileSync(journal, '"cut short', { flag: 'a' })
  const second = await importPath(path, { submit, journal })
  expect(second).toMatchObject({ imported: 11, failed: 0, skipped: 9 })
  expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  expect(await importPath(path, { submit, journal })).toMatchObject({ imported: 0, skipped: 20 })
})
