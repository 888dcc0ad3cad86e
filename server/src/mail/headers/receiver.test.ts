import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createParser, parseReceived, receivedContext } from '../index.ts'

describe('parseReceived', () => {
  it.each([
    [
      'from mx.a.example (host7.b.example [203.0.113.7]) by in.c.example (Postfix) with ESMTPS id X for <y@c.example>; Mon, 29 Jul 2024 15:53:48 +0200 (CEST)',
      {
        helo: 'mx.a.example',
        rdns: 'host7.b.example',
        ip: '203.0.113.7',
        by: 'in.c.example',
        at: '2024-07-29T13:53:48.000Z',
      },
    ],
    [
      'from mail.a.example ([203.0.113.7]:24485) by in.c.example with esmtps (Exim 4.93) id 1k0; Tue, 28 Jul 2020 17:28:30 GMT',
      { helo: 'mail.a.example', ip: '203.0.113.7', by: 'in.c.example' },
    ],
    [
      'from [203.0.113.7] (port=59222 helo=a.example) by in.c.example with esmtp',
      { helo: 'a.example', ip: '203.0.113.7' },
    ],
    [
      'from mail.a.example (203.0.113.7) by DB5.mail.protection.outlook.com (10.1.2.3) with Microsoft SMTP Server id 15; Mon, 2 Sep 2024 10:00:00 +0000',
      { helo: 'mail.a.example', ip: '203.0.113.7', by: 'db5.mail.protection.outlook.com' },
    ],
    [
      'from unknown (HELO ?192.168.11.139?) (203.0.113.9) by mail.c.example with SMTP; 28 Jul 2020 17:28:30 -0000',
      { ip: '203.0.113.9', rdns: null },
    ],
    [
      'by 2002:a05:612c::1 with SMTP id x; Thu, 13 Jan 2022 20:08:38 -0800 (PST)',
      { helo: null, ip: null, by: '2002:a05:612c::1' },
    ],
    ['nonsense', { helo: null, rdns: null, ip: null, by: null, at: null }],
  ])('%s', (value, hop) => expect(parseReceived(value)).toMatchObject(hop))

  it('never throws, and gives only names and addresses', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        const hop = parseReceived(`from ${text} by ${text}; ${text}`)
        expect(hop.helo ?? 'x').toMatch(/^[a-z0-9_.-]+$/)
        expect(hop.ip ?? '::1').toMatch(/^[0-9a-f:.]+$/)
      }),
    ))
})

describe('receivedContext', () => {
  const read = (...lines: string[]) => receivedContext(Buffer.from(`${lines.join('\r\n')}\r\n\r\nx`))
  const hop = (from: string, by: string) => `Received: from ${from} by ${by}; Mon, 2 Sep 2024 10:00:00 +0000`
  const results = (server: string) => `Authentication-Results: ${server}; spf=pass smtp.mailfrom=a.example`

  it('believes what stands beside the topmost hops in the name of their domain', () =>
    expect(
      read(
        'Return-Path: <bounce@a.example>',
        hop('mx1.c.example (mx1.c.example [10.0.0.3])', 'store.c.example'),
        results('mx1.c.example'),
        hop('out.a.example (out.a.example [203.0.113.7])', 'mx1.c.example'),
        hop('inner (inner [192.168.1.1])', 'out.a.example'),
        results('mx1.c.example'),
      ),
    ).toEqual({
      mailFrom: 'bounce@a.example',
      clientIp: '203.0.113.7',
      helo: 'out.a.example',
      clientName: 'out.a.example',
      trustedAuthserv: ['mx1.c.example'],
      trustedResults: 1,
    }))
  it('passes over hops of this machine', () =>
    expect(
      read(
        hop('localhost (localhost [127.0.0.1])', 'laptop'),
        results('mx.kontor.org'),
        hop('out.sender.org ([203.0.113.7])', 'mx.kontor.org'),
      ),
    ).toMatchObject({ trustedAuthserv: ['mx.kontor.org'], clientIp: '203.0.113.7' }))
  it('believes a header without a name only where the receiver is one that gives none', () => {
    const nameless = 'Authentication-Results: spf=pass smtp.mailfrom=a.example'
    const microsoft = hop('out.sender.org (203.0.113.7)', 'DB5.mail.protection.outlook.com')
    expect(
      read(hop('DB5.eurprd.prod.outlook.com (::1)', 'AM0.eurprd.prod.outlook.com'), nameless, microsoft),
    ).toMatchObject({
      trustedAuthserv: [''],
      trustedResults: 1,
      clientIp: '203.0.113.7',
    })
    expect(read(nameless, hop('out.sender.org (203.0.113.7)', 'mx.kontor.org'))).toMatchObject({ trustedResults: 0 })
  })
  it('believes nothing in the name of another, nothing below it, and nothing without a Received header', () => {
    expect(
      read(results('evil.org'), results('mx.kontor.org'), hop('a (203.0.113.7)', 'mx.kontor.org')).trustedResults,
    ).toBe(0)
    expect(read(results('mx.kontor.org')).trustedResults).toBe(0)
  })

  it('what stands below the receiver’s hops is not read, although it bears its name', async () => {
    const parser = createParser({ workers: 1 })
    try {
      const mail = (above: string[], below: string[]) =>
        Buffer.from(
          `${[...above, hop('out.sender.org ([203.0.113.7])', 'mx.kontor.org'), hop('x ([203.0.113.8])', 'out.sender.org'), ...below, 'From: x@a.example', 'Subject: hi'].join('\r\n')}\r\n\r\nhello\r\n`,
        )
      const sourceOf = async (raw: Buffer) => (await parser.parse(raw, receivedContext(raw))).mail.authentication.source
      expect(await sourceOf(mail([results('mx.kontor.org')], []))).toBe('trusted-header')
      expect(await sourceOf(mail([], [results('mx.kontor.org')]))).toBe('none')
    } finally {
      await parser.close()
    }
  })
})
