import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parsedMail } from '../../../test/rig/parsed-mail.ts'
import { decide, decidePolicy, entitiesOf, type Verdict } from '../../judgement/index.ts'
import type { EntryRule } from '../../lists/index.ts'
import type { ParsedMail, UrlPlace } from '../../mail/index.ts'
import { gather } from '../signals/index.ts'
import { createFeeds, type FeedFile, type Feeds, feedsListing } from './index.ts'

const dir = mkdtempSync(join(tmpdir(), 'recourse-feed-signal-'))
const HASH = 'ab'.repeat(32)
const OURS = { domains: ['ours.example'], protectedDomains: ['northbank.com'], people: [] }
let feeds: Feeds

function publish(name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
  return path
}
beforeAll(async () => {
  const file = (name: string, kind: FeedFile['kind'], text: string, part: Partial<FeedFile> = {}): FeedFile => ({
    ...{ name, kind, path: publish(name, text), confidence: 'high' },
    ...part,
  })
  feeds = createFeeds({
    files: [
      file('pages', 'url', 'http://bad.example/login\nhttp://bad.example/other\n'),
      file('copies', 'url', 'http://bad.example/login\n', { confidence: 'medium' }),
      file('domains', 'domain', 'evil.example\nxn--bser-5qa.example\npaypal.com\nours.example\nnorthbank.com\n', {
        confidence: 'medium',
      }),
      file('hosts', 'ip', '192.0.2.0/24\n10.0.0.0/8\n', { confidence: 'low' }),
      file('files', 'sha256', `${HASH}\n`),
    ],
    limits: { maxBytes: 1e6, maxEntries: 1e5 },
    log: { info: () => {}, warn: () => {} },
  })
  await feeds.check()
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const links = (...urls: string[]): Partial<ParsedMail> => ({
  urls: urls.map((url) => ({
    url,
    host: new URL(url).hostname,
    domain: null,
    place: 'link' as UrlPlace,
    anchor: null,
  })),
})
const from = (address: string): Partial<ParsedMail> => ({ from: [{ name: '', address, raw: '' }] })
const about = (mail: Partial<ParsedMail>, clientIp: string | null = null) => ({
  mail: parsedMail(mail),
  context: { mailFrom: null, clientIp, helo: null },
  organisation: OURS,
})
const signals = (mail: Partial<ParsedMail>, clientIp: string | null = null) =>
  gather({ ...about(mail, clientIp), feeds: feeds.lookup }).filter((s) => s.id.startsWith('feed'))
const short = (mail: Partial<ParsedMail>, clientIp: string | null = null) =>
  signals(mail, clientIp).map((s) => [s.id, s.weight, s.threat, s.technology])

function judge(mail: Partial<ParsedMail>, entries: readonly EntryRule[] = [], suspended: string[] = []): Verdict {
  const input = about(mail)
  return decide({
    signals: gather({ ...input, feeds: feeds.lookup }).filter((s) => s.id.startsWith('feed')),
    entities: entitiesOf(input.mail, input.context),
    authentication: input.mail.authentication,
    entries,
    policy: {
      ...decidePolicy({ mode: 'standard', version: 1 }),
      suspended: suspended.map((id) => ({ id, version: null })),
    },
    unparsable: null,
    now: '2026-11-24T12:00:00.000Z',
  })
}
const allow = (kind: EntryRule['kind'], value: string): EntryRule => ({
  ...{ id: `allow-${value}`, version: 1, action: 'allow', kind, value, expiresAt: null, origin: 'submission' },
})

describe('what feeds list is a signal of each feed, with its evidence', () => {
  it('pages, wherever the link stands and whatever rewrites it', () => {
    const bad = 'http://bad.example/login'
    const wrapped = `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(bad)}&data=x`
    const expected = [
      ['feed:pages', 10, 'phish', 'url-reputation'],
      ['feed:copies', 6, 'phish', 'url-reputation'],
    ]
    expect(short(links(bad))).toEqual(expected)
    expect(short(links(wrapped))).toEqual(expected)
    expect(short({ urls: [{ url: bad, host: 'bad.example', domain: null, place: 'qr', anchor: null }] })).toEqual(
      expected,
    )
    expect(short(links('http://user@BAD.example.:8080/%6Cog%69n'))).toEqual(expected)
    expect(short(links('http://bad.example/', 'http://fine.example/login'))).toEqual([])
    const [signal] = signals(links(`${bad}?who=you`))
    expect(signal?.summary).toMatch(/^The feed pages lists bad\.example\/login \(a link\), since \d{4}-\d\d-\d\d$/)
    expect(signal?.entities).toEqual([{ kind: 'url', value: 'http://bad.example/login?who=you' }])
    expect(signal?.evidence).toMatchObject({
      feed: 'pages',
      confidence: 'high',
      listed: [{ entry: 'bad.example/login', place: 'a link' }],
    })
    // Two things of one feed are more than one, one thing twice is not.
    expect(short(links(bad, 'http://bad.example/other'))[0]?.[1]).toBe(12)
    expect(short(links(bad, `${bad}?again`))[0]?.[1]).toBe(10)
  })

  it('domains of links and senders, addresses, files', () => {
    expect(short(links('https://a.evil.example/x'))).toEqual([['feed:domains', 6, 'phish', 'url-reputation']])
    expect(short(from('jo@mail.evil.example'))).toEqual([['feed:domains', 6, 'phish', 'url-reputation']])
    for (const sender of ['jo@BÖSER.example', 'jo@mail.böser.example.', 'jo@xn--bser-5qa.example'])
      expect(short(from(sender)), sender).toEqual([['feed:domains', 6, 'phish', 'url-reputation']])
    expect(short({}, '192.0.2.5')).toEqual([['feed:hosts', 3, 'spam', 'content']])
    expect(short(links('http://192.0.2.5/x'))).toEqual([['feed:hosts', 3, 'spam', 'content']])
    const attachment = { name: 'a.doc', declaredType: 'x/y', realType: null, size: 1, inline: false, contentId: null }
    expect(short({ attachments: [{ ...attachment, sha256: HASH }] })).toEqual([
      ['feed:files', 10, 'malware', 'file-analysis'],
    ])
    const packed = { ...attachment, name: 'a.zip', sha256: 'cd'.repeat(32) }
    expect(short({ attachments: [packed] })).toEqual([])
    const entries = [{ name: 'b.exe', type: null, size: 1, encrypted: false, sha256: HASH }]
    const archive = { kind: 'zip' as const, entries, count: 1, encrypted: false, depth: 1, stopped: null }
    const [inner] = signals({ attachments: [{ ...packed, inside: { archive } }] })
    expect(inner).toMatchObject({ weight: 10, entities: [{ kind: 'file-hash', value: HASH }] })
    expect(inner?.summary).toContain('a.zip/b.exe')
  })

  it('what cannot be meant is told and does not count: our own domain, a protected one, all of a known company, the server next door (lesson #39)', () => {
    for (const url of ['https://www.ours.example/', 'https://paypal.com/x', 'https://northbank.com/']) {
      expect(short(links(url))[0]?.[1], url).toBe(0)
      expect(signals(links(url))[0]?.summary).toContain('not counted')
    }
    expect(short({}, '10.1.2.3')).toEqual([])
    expect(short(links('https://paypal.com/x', 'https://evil.example/'))[0]?.[1]).toBe(6)
  })

  it('feeds copy from each other: two that list one page count once and a bit', () => {
    const { score } = judge(links('http://bad.example/login'))
    expect(score).toBe(13)
    expect(judge(links('http://bad.example/login')).threat).toBe('high-confidence-phish')
  })
})

describe('an allow entry wins over feeds', () => {
  const mail = links('http://bad.example/login')
  it('for the page it names, and not for another listed page beside it', () => {
    const entry = allow('url', 'bad.example/login')
    expect(judge(mail, [entry])).toMatchObject({ threat: 'none', placement: 'deliver', score: 0 })
    expect(judge(links('http://bad.example/login', 'http://bad.example/other'), [entry]).placement).toBe('quarantine')
  })

  it('also when the feed lists the same thing again after it was taken out (lesson #23)', async () => {
    const entry = allow('url', 'bad.example/login')
    publish('pages', 'http://bad.example/other\n')
    publish('copies', 'http://else.example/x\n')
    await feeds.check()
    expect(judge(mail)).toMatchObject({ threat: 'none', causes: [] })
    publish('pages', 'http://bad.example/login\nhttp://bad.example/other\n')
    publish('copies', 'http://bad.example/login\n')
    await feeds.check()
    expect(judge(mail).placement).toBe('quarantine')
    expect(judge(mail, [entry]).placement).toBe('deliver')
  })

  it('and one feed that is wrong can be suspended without the others', () => {
    expect(judge(mail, [], ['feed:pages'])).toMatchObject({ threat: 'phish', score: 6 })
    expect(judge(mail, [], ['feed:pages', 'feed:copies']).threat).toBe('none')
    expect(judge(mail).causes.map((c) => c.id)).toEqual(['feed:pages', 'feed:copies'])
  })
})

it('what is found in a message is found by its entities too, when it is looked at again (air #132)', () => {
  const pages = ['http://bad.example/login', 'HTTPS://user@BAD.example:8443/login/?id=1#top', 'http://evil.example/']
  const urls = fc.constantFrom(
    ...pages,
    ...[
      'https://www.evil.example./a',
      'http://192.0.2.9/x',
      'http://10.1.2.3/',
      'https://fine.example/',
      'https://[2001:db8::1]/',
    ],
    ...['http://bad.example\\@fine.example/login', 'https://www.paypal.com/', 'https://ours.example/'],
    ...pages.map((page) => `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(page)}&data=05`),
  )
  const senders = fc.constantFrom('a@evil.example', 'b@MAIL.evil.example', 'c@fine.example', 'd@paypal.com')
  const ips = fc.constantFrom(null, '192.0.2.7', '10.0.0.1', '198.51.100.1')
  let found = 0
  fc.assert(
    fc.property(fc.array(urls, { maxLength: 3 }), senders, ips, (some, sender, ip) => {
      const parts = { ...links(...some), ...from(sender) }
      const { mail, context } = about(parts, ip)
      const names = signals(parts, ip).map((s) => s.id.slice('feed:'.length))
      found += names.length
      expect([...feedsListing(feeds.look, entitiesOf(mail, context))]).toEqual(expect.arrayContaining(names))
    }),
    { numRuns: 500 },
  )
  expect(found).toBeGreaterThan(100)
})
