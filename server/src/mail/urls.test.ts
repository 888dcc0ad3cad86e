import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aligned, registrableDomain } from './headers/domains.ts'
import { readHtml } from './html/html.ts'
import { canonicalUrl, MAX_URLS, urlFound, urlsInText } from './urls.ts'

describe('URLs in text', () => {
  it.each([
    ['see http://example.com/a.', 'http://example.com/a'],
    ['(https://example.com/a_(b))', 'https://example.com/a_(b)'],
    ['(https://example.com/)', 'https://example.com/'],
    ['www.example.com/x!', 'www.example.com/x'],
    ['<https://example.com/?q=1&r=2>', 'https://example.com/?q=1&r=2'],
    ['HTTPS://EXAMPLE.com', 'HTTPS://EXAMPLE.com'],
  ])('%s', (text, url) => expect(urlsInText(text, 'text').map((u) => u.url)).toEqual([url]))

  it.each([
    'hxxp://example.com',
    'mailto:a@example.com',
    'javascript:alert(1)',
    'cid:x',
    'data:text/html,x',
    'file:///etc/passwd',
    'http://',
    'readme.txt',
  ])('is none: %s', (text) => expect(urlsInText(text, 'text').concat(urlFound(text, 'link') ?? [])).toEqual([]))
})

describe('the host is what a browser would ask', () => {
  it.each<[string, string, string | null]>([
    ['https://good.example.com@evil.example.net/', 'evil.example.net', 'example.net'],
    ['https://evil.co.uk\\@good.example.com/', 'evil.co.uk', 'evil.co.uk'],
    ['http://0x7f.1/', '127.0.0.1', null],
    ['http://3232235777/', '192.168.1.1', null],
    ['http://[2001:db8::1]/', '2001:db8::1', null],
    ['//cdn.example.com/x', 'cdn.example.com', 'example.com'],
    ['ht\ntp://exa\tmple.com/', 'example.com', 'example.com'],
    ['http://bücher.example.com/', 'xn--bcher-kva.example.com', 'example.com'],
    ['http://ｅxample.com/', 'example.com', 'example.com'],
    ['http://user.github.io/', 'user.github.io', 'user.github.io'],
    ['example.com/login', 'example.com', 'example.com'],
    ['https://example.com./', 'example.com', 'example.com'],
  ])('%s', (url, host, domain) => expect(urlFound(url, 'link')).toMatchObject({ host, domain }))

  it('canonical: without fragment, user, default port and case of the host', () => {
    expect(canonicalUrl('HTTPS://User:pw@Example.COM:443/Path?Q=1#frag')).toBe('https://example.com/Path?Q=1')
    expect(canonicalUrl('http://example.com.')).toBe('http://example.com/')
    expect(canonicalUrl('www.example.com')).toBe('http://www.example.com/')
    expect(canonicalUrl('FTP://User:pw@Example.COM:21/Path#frag')).toBe('ftp://example.com/Path')
    expect(canonicalUrl('javascript:alert(1)')).toBeNull()
  })

  it('registrable domains and relaxed alignment', () => {
    expect(registrableDomain('a.b.example.co.uk')).toBe('example.co.uk')
    expect(registrableDomain('localhost')).toBeNull()
    expect(registrableDomain('10.0.0.1')).toBeNull()
    expect(aligned('mail.example.org', 'example.org')).toBe(true)
    expect(aligned('a.github.io', 'b.github.io')).toBe(false)
    expect(aligned('mail.internal', 'mail.internal')).toBe(true)
    expect(aligned(null, 'example.org')).toBe(false)
  })
})

describe('URLs in HTML', () => {
  it('has place and anchor text of each', () => {
    const { urls } = readHtml(
      '<a href="https://evil.example.com/l">https://bank.example.com <b>log in</b></a><form action="https://evil.example.com/f"></form>' +
        '<img src="https://track.example.com/p.gif"><a href="http://x.example.com"><img src="cid:1" alt="Open invoice"></a>' +
        '<p>or type http://typed.example.com/x</p>',
    )
    expect(urls.map(({ url, place, anchor }) => [place, url, anchor])).toEqual([
      ['link', 'https://evil.example.com/l', 'https://bank.example.com log in'],
      ['form', 'https://evil.example.com/f', null],
      ['image', 'https://track.example.com/p.gif', null],
      ['link', 'http://x.example.com', 'Open invoice'],
      ['text', 'http://typed.example.com/x', null],
    ])
  })

  it('follows base, meta refresh, entities and button actions', () => {
    const { urls } = readHtml(
      '<base href="https://evil.example.com/dir/"><a href="login.html">x</a><meta http-equiv=refresh content="0; url=https://r.example.com/">' +
        '<a href="https&#58;//ent.example.com">y</a><button formaction=https://b.example.com/>z</button>',
    )
    expect(urls.map((u) => u.url)).toEqual([
      'https://evil.example.com/dir/login.html',
      'https://r.example.com/',
      'https://ent.example.com',
      'https://b.example.com/',
    ])
  })

  it('leaves out what no reader sees', () => {
    const { text } = readHtml(
      '<title>t</title><style>s</style><script>c</script><div style="display:none">hidden</div><span style="font-size:0">zero</span>' +
        '<p>seen <span hidden>not</span>too</p><div style="font-size:0.9em">small</div><!-- comment --><table><tr><td>a</td><td>b</td></tr></table>',
    )
    expect(text).toBe('seen too\nsmall\na b')
  })

  it('never throws, and output is bounded', () => {
    const token = fc.constantFrom(
      '<a href="http://x.example.com/',
      '">',
      '</a>',
      '<div ',
      'style="display:none"',
      '>',
      '</div>',
      '<!--',
      '<script>',
      '<base href=',
      '&#x0;',
      '\0',
      '<svg>',
      'http://y.example.com/',
      '"',
      "'",
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(token, fc.string()), { maxLength: 60 }), (list) => {
        const { urls } = readHtml(list.join(''))
        expect(urls.length).toBeLessThanOrEqual(MAX_URLS)
        for (const url of urls) {
          expect(url.url.length).toBeLessThanOrEqual(4_096)
          expect((url.anchor ?? '').length).toBeLessThanOrEqual(512)
          expect(url.host).not.toBe('')
        }
      }),
      { numRuns: 500 },
    )
  })
})
