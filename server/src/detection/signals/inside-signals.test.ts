import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growth, LINEAR } from '../../../test/rig/growth.ts'
import { parsedMail } from '../../../test/rig/parsed-mail.ts'
import type { Signal } from '../../judgement/index.ts'
import type { AttachmentFound, HtmlFacts, Inside, ParsedMail, UrlFound, UrlPlace } from '../../mail/index.ts'
import { linksOf } from '../links.ts'
import { unwrap } from '../rewriters.ts'
import { ANALYSES, gather } from './index.ts'

const NOBODY = { domains: [], protectedDomains: [], people: [] }
const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const signal = (id: string, mail: Partial<ParsedMail>): Signal | undefined =>
  ANALYSES[id]?.({ mail: parsedMail(mail), context: CONTEXT, organisation: NOBODY })[0]
const weight = (id: string, mail: Partial<ParsedMail>): number => signal(id, mail)?.weight ?? 0

const link = (url: string, anchor: string | null = null, place: UrlPlace = 'link'): UrlFound => {
  const host = URL.parse(/^[a-z]+:/i.test(url) ? url : `http://${url}`)?.hostname ?? ''
  return { url, host, domain: null, place, anchor }
}
const HTML: HtmlFacts = {
  size: 2_000,
  visible: 400,
  hidden: 0,
  hiddenBy: [],
  hiddenSample: '',
  comments: 0,
  forms: [],
  passwords: 0,
  images: { remote: 0, inline: 0, data: 0, linked: 0, pixels: 0 },
  links: 1,
  scripts: 0,
  handlers: 0,
  frames: 0,
  refreshes: 0,
  odd: [],
  base: null,
  drawn: 0,
}
const html = (part: Partial<HtmlFacts>): Partial<ParsedMail> => ({ hasHtml: true, html: { ...HTML, ...part } })
const file = (name: string, inside: Inside, realType: string | null = null): AttachmentFound => ({
  name,
  declaredType: 'application/octet-stream',
  realType,
  size: 10,
  sha256: 'a'.repeat(64),
  inline: false,
  contentId: null,
  inside,
})
const withFile = (name: string, inside: Inside, part: Partial<ParsedMail> = {}): Partial<ParsedMail> => ({
  ...part,
  attachments: [file(name, inside)],
})
const TO = { to: [{ name: '', address: 'anna@firm.example', raw: '' }] }
const PROVEN: Partial<ParsedMail> = {
  authentication: { ...parsedMail().authentication, source: 'trusted-header', aligned: true },
}
const BULK: Partial<ParsedMail> = { ...PROVEN, headers: [{ name: 'List-Unsubscribe', value: '<https://x.example/u>' }] }

describe('url-host', () => {
  const at = (url: string, part: Partial<ParsedMail> = {}) => weight('url-host', { ...part, urls: [link(url)] })
  it.each([
    ['http://203.0.113.9/login', 3.5],
    ['http://3405803785/login', 6],
    ['http://0xcb.0x0.0x71.0x9/', 6],
    ['https://paypal.com@evil.example/', 6],
    ['https://evil.example:2087/x', 1.8],
    ['https://a.b.c.d.e.evil.example/', 1.2],
    ['https://qzxkvbtr7f2.example/', 1],
    ['https://win-big-now-today.example/', 0.8],
    ['https://shop.xyz/', 1.2],
    ['https:\\\\evil.example/x', 3],
  ])('%s: %f', (url, points) => expect(at(url)).toBe(points))
  it.each([
    'https://shop.example/',
    'http://192.168.1.1/',
    'http://127.0.0.1:8080/',
    'https://www.shop.example:8443/x',
    'https://xn--mnchen-3ya.example/',
  ])('%s is everyday', (url) => expect(at(url)).toBeLessThanOrEqual(1))
  it('letters that only look Latin', () => expect(at(`https://${new URL('https://pаypal.com').hostname}/`)).toBe(6))
  it("counts the sender's own machines for nothing, and text for less than links", () => {
    expect(at('https://news.example:2087/')).toBe(0)
    expect(weight('url-host', { urls: [link('http://203.0.113.9/', null, 'text')] })).toBeCloseTo(2.1)
  })
  it('names every URL that it hangs on', () =>
    expect(
      signal('url-host', { urls: [link('http://203.0.113.9/a'), link('http://203.0.113.9/b')] })?.entities,
    ).toEqual([
      { kind: 'url', value: 'http://203.0.113.9/a' },
      { kind: 'url', value: 'http://203.0.113.9/b' },
    ]))
})

describe('url-service', () => {
  it.each([
    ['https://bit.ly/3x', 'shortener'],
    ['https://login-x.pages.dev/', 'page host'],
    ['https://x.weebly.com/', 'site builder'],
    ['https://docs.google.com/forms/d/e/x/viewform', 'form'],
    ['https://bucket.s3.eu-west-1.amazonaws.com/x.html', 'storage'],
    ['https://abc.ngrok-free.app/', 'tunnel'],
    ['https://bafy.ipfs.dweb.link/', 'IPFS'],
  ])('%s', (url) => {
    const found = signal('url-service', { urls: [link(url, 'Open'), link('https://other.example/')] })
    expect(found?.weight).toBeGreaterThanOrEqual(1.2)
    expect(found?.weight).toBeLessThanOrEqual(4)
  })
  it('a document is no form, and an own page no strange one', () => {
    expect(weight('url-service', { urls: [link('https://docs.google.com/document/d/1')] })).toBe(0)
    expect(
      weight('url-service', {
        from: [{ name: '', address: 'a@me.pages.dev', raw: '' }],
        urls: [link('https://me.pages.dev/')],
      }),
    ).toBe(0)
  })
})

describe('url-redirect', () => {
  const at = (url: string, part: Partial<ParsedMail> = {}) =>
    weight('url-redirect', { ...TO, ...part, urls: [link(url, 'Open it')] })
  it('open redirectors', () => {
    expect(at('https://www.google.com/amp/s/evil.example/')).toBeGreaterThanOrEqual(2.5)
    expect(at('https://www.youtube.com/redirect?q=https%3A%2F%2Fevil.example%2F')).toBeGreaterThanOrEqual(2)
    expect(at('https://www.google.com/search?q=x')).toBe(0)
  })
  it('another address inside, plain or packed', () => {
    expect(at('https://go.example/?u=https%3A%2F%2Fevil.example%2F')).toBe(1.2)
    expect(at(`https://go.example/${Buffer.from('https://evil.example/x').toString('base64')}`)).toBe(1.2)
    expect(at('https://go.example/?u=https%3A%2F%2Fgo.example%2Fx')).toBe(0)
    expect(at('https://go.example/?u=https%3A%2F%2Fnews.example%2Fx')).toBe(0)
    expect(at('https://go.example/?u=https%3A%2F%2Fevil.example%2F', BULK)).toBe(0.4)
  })
  it("the reader's address, worst behind #", () => {
    expect(at('https://evil.example/x#anna@firm.example')).toBe(5)
    expect(at(`https://evil.example/#${Buffer.from('anna@firm.example').toString('base64')}`)).toBe(5)
    expect(at(`https://evil.example/?e=${Buffer.from('anna@firm.example').toString('base64')}`)).toBe(2.5)
    expect(at('https://evil.example/?e=anna%40firm.example')).toBe(1.5)
    expect(at('https://evil.example/unsubscribe?e=anna%40firm.example')).toBe(0)
    expect(at('https://news.example/?e=anna%40firm.example')).toBe(0)
  })
  it('one of thirty links counts less than the only one', () => {
    const many = Array.from({ length: 30 }, (_, i) => link(`https://shop.example/${i}`))
    const odd = link('https://shop.example/?e=anna%40firm.example')
    expect(weight('url-redirect', { ...TO, urls: [...many, odd] })).toBeLessThan(0.5)
  })
})

describe('url-brand', () => {
  it('a host or path that names somebody else', () => {
    expect(weight('url-brand', { urls: [link('https://paypal-secure.example/')] })).toBeGreaterThan(2)
    expect(weight('url-brand', { urls: [link('https://paypa1.com/')] })).toBeGreaterThan(3)
    expect(weight('url-brand', { urls: [link('https://evil.example/paypal/login.php')] })).toBe(1.5)
  })
  it('their own pages, and shops', () => {
    expect(weight('url-brand', { urls: [link('https://www.paypal.com/signin')] })).toBe(0)
    expect(weight('url-brand', { urls: [link('https://shop.example/netflix-cards')] })).toBe(0)
  })
})

describe('url-scheme', () => {
  const at = (scheme: string, sample: string) => weight('url-scheme', html({ odd: [{ scheme, sample }] }))
  it('what no letter needs', () => {
    expect(at('javascript', 'javascript:eval(1)')).toBe(5)
    expect(at('data', 'data:text/html;base64,xx')).toBe(5)
    expect(at('file', 'file://203.0.113.9/x')).toBe(5)
    expect(at('search-ms', 'search-ms:query=x')).toBe(8)
    expect(at('mailto', 'mailto:someone@gmail.com?subject=Yes&body=I%20agree')).toBe(2.5)
  })
  it('what is harmless', () => {
    expect(at('javascript', 'javascript:void(0)')).toBe(0)
    expect(at('data', 'data:image/png;base64,xx')).toBe(0)
    expect(at('mailto', 'mailto:unsubscribe@esp.example?body=stop')).toBe(0)
    expect(at('mailto', 'mailto:help@news.example?body=x')).toBe(0)
  })
})

describe('url-sender', () => {
  it('one way out, and it is not the sender', () => {
    expect(weight('url-sender', { ...html({}), urls: [link('https://other.example/', 'Verify now')] })).toBe(1.2)
    expect(weight('url-sender', { ...html({}), urls: [link('https://other.example/', 'a story')] })).toBe(0.7)
  })
  it('own pages, many pages, plain text', () => {
    expect(
      weight('url-sender', {
        ...html({}),
        urls: [link('https://news.example/', 'Verify'), link('https://other.example/', 'x')],
      }),
    ).toBe(0)
    expect(
      weight('url-sender', { ...html({}), urls: [1, 2, 3, 4].map((n) => link(`https://other${n}.example/`, 'open')) }),
    ).toBe(0)
    expect(weight('url-sender', { urls: [link('https://other.example/', 'Verify')] })).toBe(0)
  })
  it('speaks for a known, proven sender with its own links', () =>
    expect(
      weight('url-sender', {
        ...html({}),
        ...PROVEN,
        from: [{ name: 'PayPal', address: 'service@paypal.com', raw: '' }],
        urls: [link('https://www.paypal.com/x', 'Log in')],
      }),
    ).toBe(-0.8))
})

describe('html-hidden', () => {
  const hid = (how: HtmlFacts['hiddenBy'][number]['how'], characters: number, part: Partial<ParsedMail> = {}) =>
    weight('html-hidden', {
      ...html({
        hidden: characters,
        hiddenBy: [{ how, characters }],
        hiddenSample: 'the quarterly minutes of the board',
      }),
      ...part,
    })
  it('text that only filters read', () => {
    expect(hid('zero-font', 100)).toBe(2)
    expect(hid('zero-font', 600)).toBe(3)
    expect(hid('same-colour', 100)).toBe(1.8)
    expect(hid('off-screen', 100)).toBe(2.5)
    expect(hid('not-shown', 400)).toBe(1)
  })
  it('a few signs, a second layout', () => {
    expect(hid('zero-font', 10)).toBe(0)
    expect(hid('not-shown', 200)).toBe(0)
    expect(hid('not-shown', 400, { text: 'the quarterly minutes of the board meeting' })).toBe(0)
  })
  it('split and mixed words, a gap', () => {
    const written = (part: Partial<ParsedMail['writing']>) =>
      weight('html-hidden', { writing: { ...parsedMail().writing, ...part } })
    expect(written({ invisible: 4, invisibleWords: ['PayPal', 'account'] })).toBe(2)
    expect(written({ invisible: 4, invisibleWords: ['Datenschutzgrundverordnung'] })).toBe(0)
    expect(written({ mixed: ['Аpple'] })).toBe(2)
    expect(written({ afterGap: 100 })).toBe(1.5)
    expect(written({ turning: 2, language: 'he' })).toBe(0)
  })
})

describe('mime-oddity', () => {
  const written = (part: Partial<ParsedMail['writing']>, more: Partial<ParsedMail> = {}) =>
    weight('mime-oddity', { ...more, writing: { ...parsedMail().writing, ...part } })
  it('forms that disagree, packed letters, a foreign charset', () => {
    expect(written({ agreement: 3 })).toBe(1.8)
    expect(written({ agreement: 20 })).toBe(0.8)
    expect(written({ packed: true })).toBe(0.8)
    expect(written({ language: 'en', charsets: ['koi8-r'] }, { text: 'word '.repeat(100) })).toBe(0.8)
  })
  it('what everybody sends', () => {
    expect(written({ agreement: 90, plain: true })).toBe(0)
    expect(written({ agreement: null })).toBe(0)
    expect(written({ language: 'ru', charsets: ['koi8-r'] }, { text: 'слово '.repeat(100) })).toBe(0)
    expect(written({ language: null, charsets: ['gb2312'] })).toBe(0)
  })
})

describe('html-form', () => {
  const form = (part: Partial<HtmlFacts['forms'][number]>) => ({
    host: null,
    method: 'post' as const,
    fields: 0,
    passwords: 0,
    ...part,
  })
  it('passwords, data for strangers, forwarding', () => {
    expect(weight('html-form', html({ passwords: 1 }))).toBe(7)
    expect(weight('html-form', html({ forms: [form({ host: 'evil.example', fields: 3 })] }))).toBe(2.2)
    expect(weight('html-form', html({ refreshes: 1 }))).toBe(2.5)
  })
  it('a search field, an own form', () => {
    expect(weight('html-form', html({ forms: [form({ host: 'evil.example', fields: 1 })] }))).toBe(0)
    expect(weight('html-form', html({ forms: [form({ host: 'www.news.example', fields: 3 })] }))).toBe(0)
  })
})

describe('image-only', () => {
  const images = (part: Partial<HtmlFacts['images']>) => ({ ...HTML.images, ...part })
  it('a picture to click on and nothing to read', () => {
    expect(
      weight('image-only', {
        ...html({ visible: 10, images: images({ remote: 1, linked: 1 }) }),
        urls: [link('https://x.example/')],
      }),
    ).toBe(2.4)
    expect(weight('image-only', html({ visible: 10, images: images({ inline: 1 }) }))).toBe(1)
  })
  it('a letter with a logo', () => {
    expect(weight('image-only', html({ visible: 900, images: images({ remote: 3, linked: 1 }) }))).toBe(0)
    expect(weight('image-only', html({ visible: 10 }))).toBe(0)
  })
})

describe('page-attachment', () => {
  const PAGE: Required<Inside>['page'] = {
    scripts: 0,
    handlers: 0,
    forms: [],
    passwords: 0,
    frames: 0,
    redirects: false,
    builds: [],
    encoded: 0,
    visible: 500,
    addresses: [],
  }
  const page = (part: Partial<Required<Inside>['page']>, name = 'open.html') =>
    withFile(name, { page: { ...PAGE, ...part } }, TO)
  it('a password, a smuggled file, a reader it knows, a picture with scripts', () => {
    expect(signal('page-attachment', page({ passwords: 1 }))).toMatchObject({ weight: 8, threat: 'phish' })
    expect(
      signal('page-attachment', page({ builds: ['atob', 'Blob', 'createObjectURL'], encoded: 5_000, scripts: 1 })),
    ).toMatchObject({ weight: 9, threat: 'malware', technology: 'file-analysis' })
    expect(weight('page-attachment', page({ addresses: ['anna@firm.example'], scripts: 1 }))).toBe(4)
    expect(weight('page-attachment', page({ scripts: 1, visible: 0 }, 'a.svg'))).toBe(7)
    expect(weight('page-attachment', page({ redirects: true, scripts: 1, visible: 0 }))).toBe(6)
  })
  it('a report', () => {
    expect(signal('page-attachment', page({}))).toBeUndefined()
    expect(weight('page-attachment', page({ scripts: 2 }))).toBe(0)
  })
})

describe('file-contents', () => {
  const archive = (part: Partial<Required<Inside>['archive']>): Inside => ({
    archive: { kind: 'zip', entries: [], count: 1, encrypted: false, depth: 1, stopped: null, ...part },
  })
  const entry = (name: string, type: string | null = null) => ({ name, type, size: 1, encrypted: false })
  const office = (part: Partial<Required<Inside>['office']>): Inside => ({
    office: { macros: false, suspicious: [], external: [], dde: false, embedded: 0, encrypted: false, ...part },
  })
  it('programs in archives, by name and by type', () => {
    expect(
      weight('file-contents', withFile('a.zip', archive({ entries: [entry('x/invoice.pdf.js')] }))),
    ).toBeGreaterThan(10)
    expect(
      weight(
        'file-contents',
        withFile('a.zip', archive({ entries: [entry('invoice.pdf', 'application/x-msdownload')] })),
      ),
    ).toBeGreaterThan(10)
    expect(weight('file-contents', withFile('a.zip', archive({ entries: [entry('photo.jpg')] })))).toBe(0)
    expect(
      weight('file-contents', withFile('src.zip', archive({ entries: [entry('build.bat')], count: 200 }))),
    ).toBeLessThan(4)
  })
  it('a locked archive, and the letter that gives the password', () => {
    expect(weight('file-contents', withFile('a.zip', archive({ encrypted: true })))).toBe(2)
    for (const text of ['The password is: 4711', 'Passwort: Sommer24', 'Contraseña: 1234', 'パスワード：abc123'])
      expect(weight('file-contents', withFile('a.zip', archive({ encrypted: true }), { text })), text).toBe(7)
    expect(
      weight(
        'file-contents',
        withFile('a.zip', archive({ encrypted: true }), { text: 'I will tell you the password by telephone.' }),
      ),
    ).toBe(2)
  })
  it('archives that lie', () =>
    expect(weight('file-contents', withFile('a.zip', archive({ stopped: 'entries overlap' })))).toBe(3))
  it('macros, templates, DDE', () => {
    expect(
      weight('file-contents', withFile('a.docm', office({ macros: true, suspicious: ['autoopen', 'shell'] }))),
    ).toBe(9)
    expect(weight('file-contents', withFile('a.docm', office({ macros: true })))).toBe(3)
    expect(
      weight(
        'file-contents',
        withFile('a.docx', office({ external: ['attachedTemplate: https://evil.example/t.dotm'] })),
      ),
    ).toBe(7)
    expect(
      weight('file-contents', withFile('a.docx', office({ external: ['image: https://evil.example/x.png'] }))),
    ).toBe(0)
    expect(weight('file-contents', withFile('a.docx', office({ dde: true })))).toBe(8)
    expect(weight('file-contents', withFile('a.docx', office({})))).toBe(0)
  })
  it('notes and shortcuts that start something, a message with a program', () => {
    expect(weight('file-contents', withFile('a.one', { notes: ['embeds a script'] }))).toBe(9)
    expect(
      weight('file-contents', withFile('a.lnk', { notes: ['starts C:\\Windows\\System32\\cmd.exe /c powershell'] })),
    ).toBe(11)
    expect(
      weight('file-contents', withFile('a.msg', { message: { subject: '', from: null, files: ['scan.exe'] } })),
    ).toBeGreaterThan(7)
    expect(
      weight('file-contents', withFile('a.msg', { message: { subject: '', from: null, files: ['scan.pdf'] } })),
    ).toBe(0)
  })
})

describe('pdf-lure, qr-code, calendar-trap', () => {
  const pdf = (part: Partial<Required<Inside>['pdf']>): Inside => ({
    pdf: { pages: 1, links: 1, scripts: false, actions: [], images: 1, texts: 0, encrypted: false, ...part },
  })
  it('a picture with a link in a PDF', () => {
    expect(weight('pdf-lure', withFile('a.pdf', pdf({}), { text: 'See attached' }))).toBe(3.5)
    expect(weight('pdf-lure', withFile('a.pdf', pdf({ texts: 200 })))).toBe(0)
    expect(weight('pdf-lure', withFile('a.pdf', pdf({ links: 0 })))).toBe(0)
    expect(weight('pdf-lure', withFile('a.pdf', pdf({ links: 20, pages: 8 })))).toBe(0)
  })
  const qr = (url: string, part: Partial<ParsedMail> = {}) =>
    weight('qr-code', { ...TO, ...part, urls: [link(url, null, 'qr')] })
  it('a code that leads away', () => {
    expect(qr('https://evil.example/x')).toBe(3.2)
    expect(qr('https://evil.example/%FF?e=anna@firm.example')).toBe(6.2)
    expect(qr('https://news.example/app', PROVEN)).toBe(0)
    expect(qr('https://apps.example/', BULK)).toBe(1)
  })
  const invitation = (organiser: string | null, url: string): Partial<ParsedMail> => ({
    ...withFile('invite.ics', { calendar: { method: 'REQUEST', organiser, summary: '', events: 1, alarms: 0 } }),
    urls: [link(url, null, 'attachment')],
  })
  it('an invitation that is none', () => {
    expect(weight('calendar-trap', invitation('boss@elsewhere.example', 'https://evil.example/x'))).toBeGreaterThan(2)
    expect(weight('calendar-trap', invitation('letters@news.example', 'https://us02web.zoom.us/j/1'))).toBe(0)
    expect(weight('calendar-trap', invitation(null, 'https://news.example/agenda'))).toBe(0)
  })
})

describe('links', () => {
  it.each([
    [
      'https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fx&data=1',
      'https://evil.example/x',
    ],
    ['https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_x&d=1', 'https://evil.example/x'],
    ['https://urldefense.com/v3/__https://evil.example/x__;!!abc', 'https://evil.example/x'],
    ['https://urldefense.com/v3/__https:/evil.example/x__;!!abc', 'https://evil.example/x'],
    ['https://secure-web.cisco.com/1a/https%3A%2F%2Fevil.example%2Fx', 'https://evil.example/x'],
    ['https://linkprotect.cudasvc.com/url?a=ftp%3a%2f%2fevil.example%2fx&c=E', 'ftp://evil.example/x'],
    ['https://shop.example/?url=https://evil.example/', 'https://shop.example/?url=https://evil.example/'],
  ])('behind a rewriter: %s', (url, target) => expect(unwrap(url)).toBe(target))
  it('a mismatch behind a rewriter is seen, a match is none', () => {
    const safe = (target: string) => `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(target)}`
    const at = (url: string) => weight('link-mismatch', { urls: [link(url, 'https://shop.example.com/login')] })
    expect(at(safe('https://evil.example.net/x'))).toBe(6)
    expect(at(safe('https://shop.example.com/login'))).toBe(0)
    expect(at('https://eur01.safelinks.protection.outlook.com/?url=x')).toBe(0)
  })
  it('each once, pictures and headers left out', () => {
    const mail = parsedMail({
      urls: [
        link('https://a.example/', null, 'text'),
        link('https://a.example/', 'x'),
        link('https://b.example/', null, 'image'),
        link('https://c.example/', null, 'header'),
      ],
    })
    expect(linksOf(mail).map((l) => [l.host, l.place])).toEqual([['a.example', 'link']])
  })
})

describe('any message', () => {
  const piece = fc.constantFrom(
    'https://',
    'http:',
    '\\',
    '/',
    '@',
    '%',
    '%ff',
    '%2568',
    '#',
    '?',
    '=',
    '.',
    'xn--',
    'a',
    'evil.example',
    '203.0.113.9',
    ':99999',
    '[::1]',
    'aHR0c',
    'ü',
    '\u202e',
  )
  const place = fc.constantFrom<UrlPlace>('link', 'text', 'form', 'attachment', 'qr', 'image', 'header')
  it('no analysis fails, and every weight is a number of two decimals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(piece, { maxLength: 12 }), place), { maxLength: 8 }),
        fc.string(),
        (urls, anchor) => {
          const mail = parsedMail({
            ...html({}),
            ...TO,
            urls: urls.map(([parts, p]) => link(parts.join(''), anchor, p)),
          })
          for (const found of gather({ mail, context: CONTEXT, organisation: NOBODY })) {
            expect(found.summary).not.toMatch(/failed and found nothing/)
            expect(Math.round(found.weight * 100) / 100).toBe(found.weight)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('texts that are made to be read in many ways', () => {
  it.each([
    ['blanks after the word', (n: number) => `password${' '.repeat(n)}(`],
    ['the word again and again', (n: number) => '密码'.repeat(n)],
    ['short words', (n: number) => 'pin '.repeat(n)],
  ])('cost no more than others: %s', (_, text) => {
    const look = (n: number) => signal('file-contents', withFile('a.pdf', {}, { text: text(n) }))
    expect(look(15_000)).toBeUndefined()
    expect(growth(look, 4_000)).toBeLessThan(LINEAR)
  })
})
