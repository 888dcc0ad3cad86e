import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'recourse-scan-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function scan(
  args: readonly string[],
  input: string | Buffer = '',
  onChild?: (child: ReturnType<typeof spawn>) => void,
): Promise<Ran> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [MAIN, 'scan', '--workers', '1', ...args], { cwd: work })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    onChild?.(child)
    child.on('close', (code) => done({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }))
  })
}

// biome-ignore lint/suspicious/noExplicitAny: answers of a program, looked into by the tests
type Line = any
const lines = (ran: Ran): Line[] =>
  ran.out
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => JSON.parse(l))

const mail = (n: number | string, body = 'Hello there.') =>
  `Date: Sun, 1 Mar 2026 10:00:00 +0000\r\nFrom: Shop <news@shop.example>\r\nTo: ann@kontor.example\r\nSubject: Letter ${n}\r\nMessage-ID: <${n}@shop.example>\r\nMIME-Version: 1.0\r\n\r\n${body}\r\n`
const PHISH = mail(
  'p',
  'Dear customer, your account has been suspended. Verify your account within 24 hours or it will be closed: click here http://192.0.2.7/login',
).replace('Shop <news@shop.example>', 'PayPal Security <x9@pay-secure.xyz>')

beforeAll(() => {
  mkdirSync(join(work, 'all', 'b'), { recursive: true })
  for (const n of [10, 2, 1]) writeFileSync(join(work, 'all', 'b', `${n}.eml`), mail(n))
  writeFileSync(join(work, 'all', 'a.eml'), PHISH)
  writeFileSync(
    join(work, 'all', 'c.mbox'),
    `From x Sat Jan  3 01:05:34 1996\n${mail('m1')}\nFrom x Sat Jan  3 01:05:34 1996\n${mail('m2')}\n`,
  )
  writeFileSync(join(work, 'all', '.hidden'), 'not looked at')
})

describe('recourse scan', () => {
  test('judges files and folders in order, one line each', async () => {
    const ran = await scan(['all', 'all/b/2.eml'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    const found = lines(ran)
    expect(found.map((l) => l.file)).toEqual([
      'all/a.eml',
      'all/b/1.eml',
      'all/b/10.eml',
      'all/b/2.eml',
      'all/c.mbox#0',
      expect.stringMatching(/^all\/c\.mbox#\d+$/),
      'all/b/2.eml',
    ])
    expect(Object.keys(found[0])).toEqual([
      'file',
      'sha256',
      'messageId',
      'action',
      'threat',
      'score',
      'signals',
      'error',
    ])
    expect(found[0]).toMatchObject({ messageId: 'p@shop.example', action: 'quarantine', error: null })
    expect(found[0].threat).toMatch(/phish/)
    expect(found[0].signals[0]).toEqual({
      id: expect.any(String),
      weight: expect.any(Number),
      evidence: expect.any(Object),
    })
    expect(found[3]).toMatchObject({ action: 'deliver', threat: 'none', error: null })
    expect(found[0].score).toBeGreaterThan(found[3].score)
    expect(found[3].sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  test('standard input: one message, an mbox, nothing', async () => {
    expect(lines(await scan(['-'], mail(1)))).toMatchObject([{ file: '-', messageId: '1@shop.example' }])
    const box = await scan(
      ['-'],
      `From x Sat Jan  3 01:05:34 1996\n${mail(1)}\nFrom x Sat Jan  3 01:05:34 1996\n${mail(2)}\n`,
    )
    expect(lines(box).map((l) => l.messageId)).toEqual(['1@shop.example', '2@shop.example'])
    const marked = `\ufeffFrom x Sat Jan  3 01:05:34 1996\n${mail(1)}\nFrom x Sat Jan  3 01:05:34 1996\n${mail(2)}\n`
    writeFileSync(join(work, 'marked.mbox'), marked)
    for (const one of [await scan(['-'], marked), await scan(['marked.mbox'])])
      expect(lines(one).map((l) => l.messageId)).toEqual(['1@shop.example', '2@shop.example'])
    rmSync(join(work, 'marked.mbox'))
    const none = await scan(['-'])
    expect(none.code).toBe(0)
    expect(lines(none)).toMatchObject([{ file: '-', error: 'there was no input', action: 'quarantine' }])
    execFileSync('mkfifo', [join(work, 'fifo')])
    const [named] = lines(await scan(['fifo']))
    expect(named).toMatchObject({ file: 'fifo', error: 'is neither a file nor a folder' })
    // As in `recourse scan - < fifo`, with somebody who writes into it.
    const shell = `printf '%s' "$MAIL" > fifo & exec "${process.execPath}" "${MAIN}" scan --workers 1 - < fifo`
    const piped = spawnSync('sh', ['-c', shell], {
      cwd: work,
      env: { ...process.env, MAIL: mail(1) },
      encoding: 'utf8',
    })
    expect(JSON.parse(piped.stdout)).toMatchObject({ file: '-', messageId: '1@shop.example' })
    rmSync(join(work, 'fifo'))
    const folder = spawnSync(process.execPath, [MAIN, 'scan', '-'], { stdio: [openSync(work, 'r'), 'pipe', 'pipe'] })
    expect(folder).toMatchObject({ status: 1 })
    expect(JSON.parse(folder.stdout.toString())).toMatchObject({
      file: '-',
      error: 'is a folder: name it instead of -',
    })
  })

  test('what cannot be read has its line, and the rest goes on; exit code 1', async () => {
    const odd = join(work, 'odd')
    mkdirSync(join(odd, 'deep'), { recursive: true })
    writeFileSync(join(odd, 'a.eml'), mail(1))
    writeFileSync(join(odd, 'empty.eml'), '')
    writeFileSync(join(odd, 'junk.bin'), Buffer.from([0, 255, 254, 10, 13, 0]))
    symlinkSync(odd, join(odd, 'deep', 'loop'))
    symlinkSync(join(odd, 'nowhere'), join(odd, 'dangling'))
    symlinkSync(join(odd, 'self'), join(odd, 'self'))
    execFileSync('mkfifo', [join(odd, 'fifo')])
    writeFileSync(Buffer.concat([Buffer.from(`${odd}/Entw`), Buffer.from([0xfc]), Buffer.from('rf.eml')]), mail(3))
    writeFileSync(join(odd, 'z.eml'), mail(2))
    const ran = await scan(['odd', 'missing.eml'])
    expect(ran.code).toBe(1)
    const errors = Object.fromEntries(lines(ran).map((l) => [l.file, l.error]))
    expect(errors).toEqual({
      'odd/Entw\ufffdrf.eml': 'has a name that is not UTF-8, and was not read: rename it (convmv)',
      'odd/a.eml': null,
      'odd/dangling': 'does not exist',
      'odd/deep/loop': 'is a link to a folder that it lies in',
      'odd/empty.eml': 'the file is empty',
      'odd/fifo': 'is neither a file nor a folder',
      'odd/junk.bin': null,
      'odd/self': 'is a link that leads back to itself',
      'odd/z.eml': null,
      'missing.eml': 'does not exist',
    })
    if (process.getuid?.() !== 0) {
      chmodSync(join(odd, 'a.eml'), 0)
      expect(lines(await scan(['odd/a.eml']))).toMatchObject([{ error: 'may not be read by this account' }])
    }
  })

  test('a file that is empty or no mail is marked, and that is no failure', async () => {
    writeFileSync(join(work, 'nothing'), '')
    expect(await scan(['nothing'])).toMatchObject({ code: 0 })
  })

  test('of a Maildir only its messages', async () => {
    for (const sub of ['cur', 'new', 'tmp', '.Sent/cur', '.Sent/new'])
      mkdirSync(join(work, 'box', sub), { recursive: true })
    for (const f of ['new/1', 'cur/2:2,S', 'tmp/3', '.Sent/cur/4:2,S', 'dovecot.index'])
      writeFileSync(join(work, 'box', f), mail(f))
    expect(lines(await scan(['box'])).map((l) => l.file)).toEqual(['box/.Sent/cur/4:2,S', 'box/cur/2:2,S', 'box/new/1'])
  })

  test('of a Maildir also folders that are plain directories (Dovecot’s fs layout), deep ones and links among them', async () => {
    const box = join(work, 'fs')
    for (const dir of ['', 'Work', 'Clients/2026/May', '.Sent', 'sieve/tmp', 'elsewhere'])
      for (const sub of dir.startsWith('sieve') ? [''] : ['cur', 'new', 'tmp'])
        mkdirSync(join(box, dir, sub), { recursive: true })
    renameSync(join(box, 'elsewhere'), join(work, 'elsewhere'))
    const mails = ['cur/1:2,S', 'Work/cur/2:2,', 'Clients/2026/May/new/3', '.Sent/cur/4:2,S', '../elsewhere/cur/5:2,']
    for (const f of mails) writeFileSync(join(box, f), mail(f))
    for (const f of ['Work/tmp/6', 'Work/dovecot.index', 'Clients/7', 'Clients/2026/8', 'sieve/9', 'sieve/tmp/10'])
      writeFileSync(join(box, f), mail(f))
    symlinkSync('../elsewhere', join(box, '.Linked'))
    symlinkSync('..', join(box, 'Work', 'Loop'))
    symlinkSync('nowhere', join(box, 'Work', 'Dangling'))
    const ran = await scan(['fs'])
    expect(lines(ran).map((l) => [l.file, l.error])).toEqual([
      ['fs/.Linked/cur/5:2,', null],
      ['fs/.Sent/cur/4:2,S', null],
      ['fs/Clients/2026/May/new/3', null],
      ['fs/Work/Loop', 'is a link to a folder that it lies in'],
      ['fs/Work/cur/2:2,', null],
      ['fs/cur/1:2,S', null],
    ])
    expect(ran.code).toBe(1)
  })

  test('what is asked in a wrong way ends with 2', async () => {
    for (const args of [[], ['--policy', 'mild', 'all'], ['--workers', '0', 'all'], ['--unknown', 'all']])
      expect((await scan(args)).code, args.join(' ')).toBe(2)
    const wrong = await scan(['--organisation', 'none.json', 'all'])
    expect(wrong).toMatchObject({ code: 1, out: '' })
    expect(wrong.err).toMatch(/none\.json cannot be read/)
  })

  test('the organisation’s people and domains', async () => {
    writeFileSync(
      join(work, 'org.json'),
      JSON.stringify({
        domains: ['kontor.example'],
        mailboxes: [{ address: 'ann@kontor.example', displayName: 'Ann Alderson', protected: true }],
      }),
    )
    const forged = mail(1).replace('Shop <news@shop.example>', 'Ann Alderson <boss@elsewhere.example>')
    const [found] = lines(await scan(['--organisation', 'org.json', '-'], forged))
    expect(found.signals.map((s: Line) => s.id)).toContain('display-name-impersonation')
    expect(found.threat).toBe('impersonation')
  })

  test('feeds, as a server reads them; a file is found in an archive, too (lists #71)', async () => {
    const program = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(500, 7)])
    const hash = createHash('sha256').update(program).digest('hex')
    writeFileSync(join(work, 'urls.txt'), '# ours\nhttp://bad.example/login\n')
    writeFileSync(join(work, 'Hosts'), '0.0.0.0 evil.example other.example\n')
    writeFileSync(join(work, 'nets'), '198.51.100.0/24\n')
    writeFileSync(join(work, 'files.csv'), `first_seen;sha256_hash\n2026-01-02;${hash}\n`)
    const feeds = [
      ...[
        '--feed',
        'url=urls.txt',
        '--feed',
        'domain=Hosts,format=hosts,confidence=low',
        '--feed',
        'ip=nets,name=drop',
      ],
      ...[
        '--feed',
        'sha256=files.csv,format=csv,column=sha256_hash,sinceColumn=first_seen,delimiter=;,confidence=high',
      ],
    ]
    const links = 'See https://bad.example/login and https://www.evil.example/ and http://198.51.100.7/x'
    const packed = `MIME-Version: 1.0\r\nContent-Type: application/gzip; name="a.gz"\r\nContent-Transfer-Encoding: base64\r\n\r\n${gzipSync(program).toString('base64')}`
    const raw = mail('f', '').replace(/MIME-Version.*/s, packed)
    for (const [name, text] of Object.entries({ f1: mail('f1', links), f2: raw, f3: mail('f3') }))
      writeFileSync(join(work, `${name}.eml`), text)
    const ran = await scan([...feeds, 'f1.eml', 'f2.eml', 'f3.eml'])
    expect(ran).toMatchObject({ code: 0, err: '' })
    const found = lines(ran).map((l) => l.signals.filter((s: Line) => s.id.startsWith('feed:')))
    expect(found.map((list) => list.map((s: Line) => [s.id, s.weight]).sort())).toEqual([
      [
        ['feed:drop', 6],
        ['feed:hosts', 3],
        ['feed:urls', 6],
      ],
      [['feed:files', 10]],
      [],
    ])
    expect(found[1]?.[0].evidence.listed).toEqual([
      { entry: hash, since: '2026-01-02T00:00:00.000Z', place: expect.stringContaining('a.gz') },
    ])
    for (const wrong of ['urls.txt', 'page=urls.txt', 'url=urls.txt,confidence=sure', 'url=']) {
      const refused = await scan(['--feed', wrong, 'f1.eml'])
      expect([refused.code, refused.out], wrong).toEqual([2, ''])
    }
    expect((await scan(['--feed', 'url=urls.txt', '--feed', 'domain=Hosts,name=urls', 'f1.eml'])).code).toBe(2)
    const missing = await scan(['--feed', 'url=none.txt', 'f1.eml'])
    expect(missing).toMatchObject({ code: 1, out: '' })
    expect(missing.err).toContain('none.txt cannot be used: it is not there')
  })

  test('policies: strict is stricter, observe delivers', async () => {
    const [standard] = lines(await scan(['all/a.eml']))
    const [observe] = lines(await scan(['--policy', 'observe', 'all/a.eml']))
    expect(observe).toMatchObject({ action: 'deliver', threat: standard.threat, score: standard.score })
  })

  test('whose results are believed: the receiver’s by place and name, or those that are named', async () => {
    const results =
      'Authentication-Results: mx.kontor.example; spf=fail smtp.mailfrom=shop.example; dmarc=fail (p=reject) header.from=shop.example\r\n'
    const hop =
      'Received: from a.shop.example (a.shop.example [203.0.113.7]) by mx.kontor.example; Sun, 1 Mar 2026 10:00:01 +0000\r\n'
    const theirs = 'Received: from x (x [203.0.113.8]) by a.shop.example; Sun, 1 Mar 2026 10:00:00 +0000\r\n'
    const fails = async (raw: string, ...args: string[]) =>
      lines(await scan([...args, '-'], raw))[0].signals.some((s: Line) => s.id === 'authentication-failure')
    expect(await fails(results + hop + theirs + mail(1))).toBe(true)
    expect(await fails(hop + theirs + results + mail(1))).toBe(false)
    expect(await fails(results + mail(1))).toBe(false)
    expect(await fails(results + mail(1), '--trust-authserv', 'mx.kontor.example')).toBe(true)
    const chain =
      'ARC-Seal: i=1; d=lists.example; cv=none; b=x\r\nARC-Authentication-Results: i=1; mx.lists.example; dmarc=pass header.from=shop.example\r\n'
    const sealed = results.replace('\r\n', '; arc=pass\r\n') + chain + mail(1)
    const trust = ['--trust-authserv', 'mx.kontor.example', '--trust-arc-sealer', 'lists.example']
    const [{ signals }] = lines(await scan([...trust, '-'], sealed))
    expect(signals.find((s: Line) => s.id === 'authentication-failure')).toMatchObject({ weight: 0 })
  })

  test('a reader that has seen enough ends it, and Ctrl-C after whole lines', async () => {
    const many = join(work, 'many')
    mkdirSync(many)
    for (let n = 0; n < 400; n++) writeFileSync(join(many, `${n}.eml`), mail(n, 'word '.repeat(500)))
    const closed = await scan(['many'], '', (child) => child.stdout?.once('data', () => child.stdout?.destroy()))
    expect(closed.code).toBe(0)
    const stopped = await scan(['many'], '', (child) => child.stdout?.once('data', () => child.kill('SIGINT')))
    expect(stopped.code).toBe(130)
    expect(lines(stopped).length).toBeGreaterThan(0)
    expect(lines(stopped).length).toBeLessThan(400)
  })

  test('60 MB in one message', async () => {
    writeFileSync(join(work, 'large.eml'), mail('large', `${'x'.repeat(76)}\r\n`.repeat(800_000)))
    const ran = await scan(['large.eml'])
    expect(ran.err).toBe('')
    const [large] = lines(ran)
    expect(large).toMatchObject({ messageId: 'large@shop.example', action: expect.any(String) })
  })
})
