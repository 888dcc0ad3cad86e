import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMail } from './parse.ts'
import { readOutcome } from './schema.ts'

const SETTINGS = { maxParts: 1_000, maxDepth: 50, maxHeaderBytes: 1024 * 1024, trustedAuthserv: [''], resolver: null }
const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const parse = async (text: string | Buffer) => (await parseMail(Buffer.from(text), CONTEXT, SETTINGS)).mail
const crlf = (text: string) => text.replace(/\r?\n/g, '\r\n')

describe('a parsed message', () => {
  it('has its headers decoded and its envelope read', async () => {
    const mail = await parse(
      crlf(`Return-Path: <bounce@example.org>
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?Q?_aus?=
 Berlin
From: =?iso-8859-1?Q?J=F6rg?= <joerg@Example.ORG>
To: a@example.net, "B, C" <b@example.net>
Date: Thu, 11 Apr 2024 01:10:30 -0500
Message-ID: <id-1@example.org>

Hallo
`),
    )
    expect(mail).toMatchObject({
      subject: 'Grüße aus Berlin',
      from: [{ name: 'Jörg', address: 'joerg@example.org' }],
      fromHeaders: 1,
      date: '2024-04-11T06:10:30.000Z',
      internetMessageId: 'id-1@example.org',
      returnPath: 'bounce@example.org',
      text: 'Hallo',
      hasHtml: false,
      defects: [],
    })
    expect(mail.to.map((t) => t.address)).toEqual(['a@example.net', 'b@example.net'])
    expect(mail.headers[1]).toEqual({ name: 'Subject', value: 'Grüße aus Berlin' })
  })

  it('keeps several disagreeing From headers as evidence', async () => {
    const mail = await parse('From: ceo@ours.example\r\nFrom: eve@evil.example\r\n\r\nx')
    expect(mail.from.map((f) => f.address)).toEqual(['ceo@ours.example', 'eve@evil.example'])
    expect(mail.fromHeaders).toBe(2)
    expect(mail.defects).toContain('2 From headers')
  })

  it('has attachments with declared and real type, size and hash', async () => {
    const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)])
    const html = Buffer.from('<!DOCTYPE html><a href="https://evil.example.com/">x</a>')
    const part = (type: string, name: string, data: Buffer) =>
      `--b\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${data.toString('base64')}\r\n`
    const mail = await parse(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee attached\r\n${part('application/pdf', '=?utf-8?Q?Rechnung=2Epdf?=', exe)}${part('text/html', 'open.htm', html)}--b--`,
    )
    expect(mail.attachments).toEqual([
      {
        name: 'Rechnung.pdf',
        declaredType: 'application/pdf',
        realType: 'application/x-msdownload',
        size: 202,
        sha256: createHash('sha256').update(exe).digest('hex'),
        inline: false,
        contentId: null,
      },
      {
        name: 'open.htm',
        declaredType: 'text/html',
        realType: 'text/html',
        size: html.length,
        sha256: createHash('sha256').update(html).digest('hex'),
        inline: false,
        contentId: null,
        inside: { page: expect.objectContaining({ scripts: 0, visible: 1 }) },
      },
    ])
    expect(mail.urls).toEqual([
      {
        url: 'https://evil.example.com/',
        host: 'evil.example.com',
        domain: 'example.com',
        place: 'attachment',
        anchor: 'x',
      },
    ])
    expect(mail.text).toBe('see attached')
  })

  it('compares the forms of one message, and sees text packed without need', async () => {
    const words =
      'apple banana cherry damson elder figs grape hazel icing juniper kiwis lemon mango nectar olive peach quince'
    const other = words
      .split(' ')
      .reverse()
      .map((w) => `un${w}`)
      .join(' ')
    const both = (plain: string, html: string) =>
      parse(
        `Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(plain).toString('base64')}\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>${html}</p>\r\n--b--`,
      )
    expect((await both(words, words)).writing).toMatchObject({ agreement: 100, plain: true, packed: true })
    expect((await both(words, other)).writing.agreement).toBe(0)
    expect((await both('short', words)).writing.agreement).toBeNull()
    expect((await parse(`\r\n${words}`)).writing).toMatchObject({ plain: true, packed: false, agreement: null })
  })

  it('shows the HTML form of alternatives, and has the URLs of both', async () => {
    const mail = await parse(
      'Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nplain http://a.example.com/\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>rich <a href="http://b.example.com/">b</a>\r\n--b--',
    )
    expect(mail.text).toBe('rich b')
    expect(mail.hasHtml).toBe(true)
    expect(mail.urls.map((u) => u.url)).toEqual(['http://a.example.com/', 'http://b.example.com/'])
  })

  it('opens attached messages: their URLs and files are found', async () => {
    const inner =
      'Subject: inner\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nhttp://inner.example.com/\r\n--c\r\nContent-Type: image/png; name=p.png\r\n\r\nx\r\n--c--'
    const mail = await parse(
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nouter\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--b--`,
    )
    expect(mail.urls).toMatchObject([{ url: 'http://inner.example.com/', place: 'attachment' }])
    expect(mail.attachments.map((a) => a.name)).toEqual(['part-1.eml', 'p.png'])
    expect(mail.text).toBe('outer')
  })

  it('reads the text of a multipart whose parts cannot be found', async () => {
    const mail = await parse(
      'Content-Type: multipart/mixed; boundary=right\r\n\r\n--wrong\r\n\r\nhttp://hidden.example.com/\r\n--wrong--',
    )
    expect(mail.urls.map((u) => u.url)).toEqual(['http://hidden.example.com/'])
    expect(mail.defects).toContain('multipart without parts')
  })

  it.each([
    ['iso-2022-jp', Buffer.from('1b2442467c4b5c1b2842', 'hex'), '日本'],
    ['windows-1251', Buffer.from('cff0e8e2e5f2', 'hex'), 'Привет'],
    ['', Buffer.from('Gr\u00fc\u00dfe', 'latin1'), 'Grüße'],
    ['x-made-up', Buffer.from('Grüße'), 'Grüße'],
  ])('decodes charset %s', async (charset, bytes, text) => {
    const head = charset === '' ? 'Content-Type: text/plain' : `Content-Type: text/plain; charset=${charset}`
    expect((await parse(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]))).text).toBe(text)
  })

  it('unsubscribe links of the header are URLs too', async () => {
    const mail = await parse('List-Unsubscribe: <mailto:u@example.org>, <https://u.example.org/x>\r\n\r\nx')
    expect(mail.urls).toMatchObject([{ url: 'https://u.example.org/x', place: 'header' }])
  })

  it('any bytes give an outcome of the right shape and bounds', async () => {
    const token = fc.constantFrom(
      'From: ',
      'To: ',
      'Subject: ',
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Type: text/html',
      'Content-Type: message/rfc822',
      'Content-Transfer-Encoding: base64',
      'Content-Disposition: attachment; filename="',
      '\r\n',
      '\n',
      '\r\n\r\n',
      '--b',
      '--b--',
      ': ',
      '=?utf-8?b?',
      '?=',
      'http://x.example.com/',
      '<a href="',
      '<',
      '>',
      '"',
      'a@b.example',
      '\0',
      '\r',
      'Authentication-Results: ',
      'spf=pass',
      'charset=',
    )
    const bytes = fc.array(
      fc.oneof(
        token.map((t) => Buffer.from(t)),
        fc.uint8Array({ maxLength: 20 }),
      ),
      { maxLength: 60 },
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (list) => {
        const outcome = await parseMail(Buffer.concat(list), CONTEXT, SETTINGS)
        expect(readOutcome(outcome)).not.toBeNull()
        expect(outcome.kind).toBe('parsed')
      }),
      { numRuns: 500 },
    )
  })

  it('an answer that is not of this shape is refused', async () => {
    const outcome = await parseMail(Buffer.from('From: a@example.org\r\n\r\nx'), CONTEXT, SETTINGS)
    expect(readOutcome({ ...outcome, mail: { ...outcome.mail, subject: 1 } })).toBeNull()
    expect(readOutcome({ ...outcome, mail: { ...outcome.mail, subject: 'x'.repeat(10_000) } })).toBeNull()
    expect(readOutcome({ kind: 'parsed' })).toBeNull()
  })
})
