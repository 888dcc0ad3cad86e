import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createMetrics, testClock } from '../../base/index.ts'
import { normalValue, urlMatches } from '../../lists/index.ts'
import { canonicalUrl } from '../../mail/index.ts'
import { createFeeds, type FeedFile, type Feeds } from './index.ts'
import { entryKey, hostKeys, ipKeys, sizeOf, urlKeys } from './keys.ts'
import { splitCsv } from './lines.ts'
import { HashTable } from './table.ts'

const dir = mkdtempSync(join(tmpdir(), 'recourse-feeds-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const path = join(dir, 'feed.txt')
beforeEach(() => rmSync(path, { recursive: true, force: true }))

/** As feeds are published: a complete file takes the place of the old one. */
function publish(text: string | Uint8Array): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
const told: string[] = []
const log = { info: () => {}, warn: (_: unknown, text?: string) => void told.push(text ?? '') }
const clock = testClock(new Date('2026-11-24T12:00:00Z'))
const LIMITS = { maxBytes: 1_000_000, maxEntries: 10_000 }
const make = (part: Partial<FeedFile>, limits = LIMITS): Feeds =>
  createFeeds({ files: [{ name: 'test', path, kind: 'url', ...part }], limits, log, clock })
async function read(part: Partial<FeedFile>, text: string): Promise<Feeds> {
  publish(text)
  const feeds = make(part)
  await feeds.check()
  return feeds
}
const entries = (hits: readonly { entry: string }[]) => hits.map((h) => h.entry)

describe('files as feeds publish them', () => {
  it('plain lists of URLs with comments (URLhaus text, OpenPhish)', async () => {
    const feeds = await read(
      {},
      '################\r\n# abuse.example URL text list\r\n################\r\nhttp://198.51.100.7:4521/bin.sh\r\nHTTPS://Bad.Example/Login/?id=1#top\r\n\r\nhttps://start.example/\r\nftp://files.example/a.exe\r\n',
    )
    expect(feeds.statuses()).toMatchObject([{ state: 'ok', entries: 4, refused: 0 }])
    const { lookup } = feeds
    expect(entries(lookup.url('http://198.51.100.7/bin.sh'))).toEqual(['198.51.100.7/bin.sh'])
    expect(entries(lookup.url('http://user@bad.example/login?id=1'))).toEqual(['bad.example/login?id=1'])
    expect(entries(lookup.url('ftp://files.example/a.exe'))).toEqual(['files.example/a.exe'])
    expect(lookup.url('https://bad.example/login?id=2')).toEqual([])
    expect(lookup.url('https://bad.example/')).toEqual([])
    expect(lookup.url('https://start.example/?utm=x')).toHaveLength(1)
    expect(lookup.url('https://start.example/elsewhere')).toEqual([])
    expect(lookup.url('https://a.start.example/')).toEqual([])
  })

  it('a range of addresses is refused and counted, not taken for its first one', async () => {
    const feeds = await read(
      { kind: 'ip' },
      '198.51.100.0 - 198.51.100.255\n203.0.113.0/24 - a note\n192.0.2.7 -\n2001:db8:: - 2001:db8::ff\n192.0.2.9 ; SBL1\n',
    )
    expect(feeds.statuses()).toMatchObject([{ state: 'ok', entries: 3, refused: 2 }])
    expect(feeds.lookup.ip('198.51.100.0')).toEqual([])
    for (const ip of ['203.0.113.200', '192.0.2.7', '192.0.2.9']) expect(feeds.lookup.ip(ip)).toHaveLength(1)
  })

  it('CSV with its head in the first line, quotes and dates (PhishTank)', async () => {
    const feeds = await read(
      { format: 'csv', column: 'url', sinceColumn: 'submission_time' },
      'phish_id,url,phish_detail_url,submission_time,verified,target\n7,"https://evil.example/a,b?x=""1""",http://tank.example/7,2024-05-06T07:08:09+00:00,yes,Other\n8,https://worse.example/p,http://tank.example/8,2024-06-01T00:00:00+02:00,yes,Other\n',
    )
    expect(feeds.lookup.url('https://evil.example/a,b?x=%221%22')).toEqual([
      expect.objectContaining({ since: '2024-05-06T07:08:09.000Z' }),
    ])
    expect(feeds.lookup.url('https://worse.example/p?any=thing')[0]?.since).toBe('2024-05-31T22:00:00.000Z')
    expect(feeds.lookup.url('http://tank.example/7')).toEqual([])
  })

  it('CSV with its head in the last comment, dates without zone (URLhaus, MalwareBazaar)', async () => {
    const hash = 'ab'.repeat(32)
    const feeds = await read(
      { kind: 'sha256', format: 'csv', column: 'sha256_hash', sinceColumn: 'first_seen_utc' },
      `################\n# "first_seen_utc","sha256_hash","md5_hash"\n"2024-01-02 03:04:05", "${hash.toUpperCase()}", "x"\n"2024-01-02 03:04:05","${hash.slice(2)}cd","x"\n`,
    )
    expect(feeds.lookup.file(hash)).toMatchObject([{ entry: hash, since: '2024-01-02T03:04:05.000Z' }])
    const other = await read({ format: 'csv', column: 2, delimiter: ';' }, 'x;http://bad.example/1\ny;bad.example/2\n')
    expect(other.statuses()).toMatchObject([{ state: 'ok', entries: 2 }])
  })

  it('hosts files and lists of domains: the domain and all below, no public suffix, not what only ends alike', async () => {
    const feeds = await read(
      { kind: 'domain', format: 'hosts' },
      '# block\n127.0.0.1 localhost localhost.localdomain\n::1 ip6-localhost\n0.0.0.0\tbad.example worse.example # since May\n0.0.0.0 BÜCHER.example\n0.0.0.0 co.uk\n',
    )
    expect(feeds.statuses()).toMatchObject([{ entries: 3, refused: 1 }])
    expect(entries(feeds.lookup.host('a.b.bad.example'))).toEqual(['bad.example'])
    expect(feeds.lookup.host('worse.example')).toHaveLength(1)
    expect(feeds.lookup.host('xn--bcher-kva.example')).toHaveLength(1)
    for (const host of ['notbad.example', 'example', 'shop.co.uk', 'localhost'])
      expect(feeds.lookup.host(host), host).toEqual([])
  })

  it('addresses and networks with notes behind them (Spamhaus DROP); none that is half the world', async () => {
    const feeds = await read(
      { kind: 'ip' },
      '; list\n192.0.2.0/24 ; SBL1\n192.0.2.9 ; SBL2\n2001:db8:5::/48 ; SBL3\n0.0.0.0/0\n',
    )
    expect(feeds.statuses()).toMatchObject([{ entries: 3, refused: 1 }])
    expect(entries(feeds.lookup.ip('192.0.2.77'))).toEqual(['192.0.2.0/24'])
    expect(entries(feeds.lookup.ip('::ffff:192.0.2.9'))).toEqual(['192.0.2.9'])
    expect(entries(feeds.lookup.ip('2001:db8:5:1::1'))).toEqual(['2001:db8:5::/48'])
    for (const ip of ['192.0.3.1', '2001:db8:6::1', 'nonsense']) expect(feeds.lookup.ip(ip), ip).toEqual([])
  })
})

describe('a file that cannot be used: the last good one stays and its state says so', () => {
  const GOOD = 'http://bad.example/1\n'
  const broken: readonly (readonly [string, string | Uint8Array, Partial<FeedFile>, string])[] = [
    ['empty', '', {}, 'empty'],
    ['an error page', '<html>\n<body>\n503 Service Unavailable\n</body></html>\n', {}, 'most of it is no url'],
    ['compressed', new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3]), {}, 'compressed'],
    ['binary', new Uint8Array([65, 0, 66, 10]), {}, 'no text'],
    ['of another kind', `${'ab'.repeat(32)}\n`, {}, 'most of it is no url'],
    ['without the column', 'id,link\n1,http://bad.example/1\n', { format: 'csv', column: 'url' }, 'no column url'],
    ['too many entries', Array.from({ length: 12 }, (_, i) => `http://e${i}.example/x\n`).join(''), {}, 'more than 10'],
    ['too large', `${GOOD}${'#'.repeat(2_000)}\n`, {}, 'larger than'],
    ['one endless line', 'x'.repeat(1_500), {}, 'most of it is no url'],
  ]
  it.each(broken)('%s', async (_, text, part, why) => {
    publish(part.column === undefined ? GOOD : `id,url\n1,${GOOD}`)
    const feeds = make(part, { maxBytes: 2_000, maxEntries: 10 })
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({ state: 'ok', entries: 1, lastError: null })
    publish(text)
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({ state: 'failed', entries: 1 })
    expect(feeds.statuses()[0]?.lastError?.message).toContain(why)
    expect(feeds.lookup.url('http://bad.example/1')).toHaveLength(1)
    publish(part.column === undefined ? 'http://bad.example/2\n' : 'id,url\n1,http://bad.example/2\n')
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({ state: 'ok', entries: 1, lastError: null })
    expect(feeds.lookup.url('http://bad.example/1')).toEqual([])
  })

  it('missing from the start, there later, then gone, a directory, a pipe that nobody writes to', async () => {
    const feeds = make({})
    expect(feeds.statuses()[0]?.state).toBe('loading')
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({
      state: 'failed',
      entries: 0,
      lastError: { message: 'it is not there' },
    })
    told.length = 0
    await feeds.check()
    expect(told).toEqual([]) // the same trouble is told once
    publish(GOOD)
    await feeds.check()
    expect(feeds.statuses()[0]?.state).toBe('ok')
    rmSync(path)
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({ state: 'failed', entries: 1 })
    expect(told).toEqual(['a feed cannot be used; the last good one stays'])
    mkdirSync(path)
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({ entries: 1, lastError: { message: 'it is no file' } })
    rmSync(path, { recursive: true })
    execFileSync('mkfifo', [path])
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({ entries: 1, lastError: { message: 'it is no file' } })
  })

  it('one that is written to while it is read is not used, and read again when it is left alone', async () => {
    publish(GOOD)
    const feeds = make({}, { maxBytes: 50_000_000, maxEntries: 200_000 })
    await feeds.check()
    publish(Array.from({ length: 60_000 }, (_, i) => `http://e${i}.example/x\n`).join(''))
    const writing = setInterval(() => appendFileSync(path, 'http://more.example/x\n'), 1)
    await feeds.check().finally(() => clearInterval(writing))
    expect(feeds.statuses()[0]).toMatchObject({ state: 'failed', entries: 1 })
    expect(feeds.statuses()[0]?.lastError?.message).toContain('changed while it was read')
    await feeds.check()
    expect(feeds.statuses()[0]).toMatchObject({ state: 'ok', entries: 60_001 })
  })

  it('replaced by another while it is read, each is read whole', async () => {
    const limits = { maxBytes: 50_000_000, maxEntries: 200_000 }
    const many = (name: string) => Array.from({ length: 40_000 }, (_, i) => `http://${name}${i}.example/x\n`).join('')
    publish(many('old'))
    const feeds = make({}, limits)
    const reading = feeds.check()
    for (let i = 0; i < 3; i++) await new Promise((done) => setImmediate(done))
    publish(many('new'))
    await reading
    const has = (name: string) =>
      [0, 20_000, 39_999].map((i) => feeds.lookup.url(`http://${name}${i}.example/x`).length).join('')
    expect([has('old'), has('new')].sort()).toEqual(['000', '111'])
    await feeds.check()
    expect([has('old'), has('new')]).toEqual(['000', '111'])
  })

  it('a file that nobody renews is told as old, and still counts', async () => {
    publish(GOOD)
    const feeds = make({ maxAgeHours: 24 })
    const hour = 3_600_000
    const at = (hours: number) => utimesSync(path, clock.now(), new Date(clock.now().getTime() - hours * hour))
    at(23)
    await feeds.check()
    expect(feeds.statuses()[0]?.state).toBe('ok')
    at(25)
    await feeds.check()
    expect(feeds.statuses()[0]?.state).toBe('old')
    expect(feeds.lookup.url('http://bad.example/1')).toHaveLength(1)
  })

  it('is read when it has changed and only then; since when is kept over readings', async () => {
    publish(GOOD)
    const feeds = make({})
    await feeds.check()
    const [first] = feeds.statuses()
    clock.advance(60_000)
    await feeds.check()
    expect(feeds.statuses()[0]?.loadedAt).toBe(first?.loadedAt)
    publish(`${GOOD}http://bad.example/2\n`)
    await feeds.check()
    expect(feeds.statuses()[0]?.loadedAt).not.toBe(first?.loadedAt)
    const since = (url: string) => feeds.lookup.url(url)[0]?.since
    expect(since('http://bad.example/1')).toBe(first?.loadedAt)
    expect(since('http://bad.example/2')).toBe(feeds.statuses()[0]?.loadedAt)
  })

  it('figures for Prometheus', async () => {
    publish(GOOD)
    const metrics = createMetrics()
    const feeds = createFeeds({ files: [{ name: 'a.b-c', path, kind: 'url' }], limits: LIMITS, log, metrics, clock })
    await feeds.check()
    const text = await metrics.registry.metrics()
    expect(text).toContain('recourse_feed_up{feed="a.b-c"} 1')
    expect(text).toContain('recourse_feed_entries{feed="a.b-c"} 1')
    expect(text).toContain(`recourse_feed_time_seconds{feed="a.b-c"} ${Math.floor(statSync(path).mtimeMs) / 1000}`)
  })
})

describe('keys', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/)
  const host = fc.tuple(label, label).map(([a, b]) => `${a}.${b}.example`)
  const part = fc.stringMatching(/^[a-zA-Z0-9._-]{1,6}$/).filter((p) => !/^\.+$/.test(p))
  const rest = fc
    .tuple(fc.array(part, { minLength: 1, maxLength: 3 }), fc.option(part))
    .map(([path, query]) => `/${path.join('/')}${query === null ? '' : `?${query}=1`}`)

  it('whatever a block entry for that page matches, a feed that lists it matches, too', () => {
    fc.assert(
      fc.property(host, rest, fc.constantFrom('', '?x=1', '/', '/deeper'), (h, r, more) => {
        const listed = entryKey('url', `http://${h}${r}`)
        const seen = canonicalUrl(`https://${h}${r}${more}`) ?? ''
        const block = urlMatches(normalValue('url', 'block', `${h}${r}`), seen, { action: 'block', deeper: false })
        if (block) expect(urlKeys(seen)).toContain(listed)
        if (more === '/deeper') expect(urlKeys(seen)).not.toContain(listed)
      }),
    )
  })

  it('an address is found by exactly the networks that hold it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 8, max: 32 }), (address, base, prefix) => {
        const key = entryKey('ip', `${base}/${prefix}`) ?? ''
        const number = (ip: string) => ip.split('.').reduce((sum, p) => sum * 256 + Number(p), 0)
        const same = Math.floor(number(address) / 2 ** (32 - prefix)) === Math.floor(number(base) / 2 ** (32 - prefix))
        expect(ipKeys(address, new Set([sizeOf(key)])).includes(key)).toBe(same)
        expect(ipKeys(base, new Set([sizeOf(key)]))).toContain(key)
      }),
    )
  })

  it('a hostile host asks by a bounded number of keys; hostile lines break nothing', () => {
    expect(hostKeys('a.'.repeat(5_000)).length).toBeLessThanOrEqual(10)
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.constantFrom('url', 'domain', 'ip', 'sha256'),
        (text, kind) => {
          entryKey(kind as 'url', text)
          expect(splitCsv(text, ',').length).toBeGreaterThan(0)
        },
      ),
    )
  })
})

describe('the table', () => {
  it('holds what was added, with the earliest time, and nothing else, before and after trimming', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ maxLength: 6 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })), { maxLength: 300 }),
        fc.array(fc.string({ maxLength: 6 }), { maxLength: 50 }),
        (added, others) => {
          const table = new HashTable(10, 7)
          const truth = new Map<string, number>()
          for (const [text, since] of added) {
            table.add(text, since)
            truth.set(text, Math.min(since, truth.get(text) ?? since))
          }
          for (const trimmed of [false, true]) {
            if (trimmed) table.trim()
            expect(table.size).toBe(truth.size)
            for (const text of [...truth.keys(), ...others]) expect(table.get(text)).toBe(truth.get(text) ?? null)
          }
        },
      ),
    )
  })

  it('a million entries take 15 MB', () => {
    const table = new HashTable(1_000_000)
    for (let i = 0; i < 1_000_000; i++) table.add(`h${i}.example/p`, 1_700_000_000)
    table.trim()
    expect(table.size).toBe(1_000_000)
    expect(table.bytes).toBeLessThan(15_100_000)
    let missed = 0
    for (let i = 0; i < 20_000; i++) {
      if (table.get(`h${i * 50}.example/p`) === null) missed++
      if (table.get(`x${i}.example/p`) !== null) missed++
    }
    expect(missed).toBe(0)
  })
})
