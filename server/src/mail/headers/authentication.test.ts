import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'
import { afterEach, describe, expect, it } from 'vitest'
import { createParser, type Parser, type ParserOptions } from '../index.ts'
import { isTrusted, parseAuthHeader } from './auth-header.ts'

const CONTEXT = { mailFrom: 'bounce@mail.example.org', clientIp: '192.0.2.1', helo: 'mail.example.org' }
const TRUSTED = ['mx.ours.example']
const GOOD =
  'Authentication-Results: mx.ours.example; spf=pass smtp.mailfrom=bounce@mail.example.org; dkim=pass (2048 bits) header.d=example.org header.s=s1; dmarc=pass (p=REJECT dis=none) header.from=example.org; arc=pass\r\n'
const FORGED = GOOD
const FROM = 'From: Bob <bob@example.org>\r\n'
const BODY = 'Subject: x\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n'

let parser: Parser | undefined
afterEach(async () => {
  await parser?.close()
  parser = undefined
})
async function authenticationOf(raw: string, options: ParserOptions) {
  parser = createParser({ workers: 1, ...options })
  return (await parser.parse(Buffer.from(raw), CONTEXT)).mail.authentication
}

describe('Authentication-Results of a trusted server', () => {
  it('are read', async () => {
    expect(await authenticationOf(GOOD + FROM + BODY, { trustedAuthserv: TRUSTED })).toEqual({
      source: 'trusted-header',
      spf: { result: 'pass', domain: 'mail.example.org' },
      dkim: [{ result: 'pass', domain: 'example.org', selector: 's1', reason: '2048 bits' }],
      dmarc: { result: 'pass', domain: 'example.org', policy: 'reject' },
      arc: 'pass',
      aligned: true,
    })
  })

  it('several of the same server at the top count together', async () => {
    const raw = `Authentication-Results: mx.ours.example; spf=fail smtp.mailfrom=x.example\r\nAuthentication-Results: mx.ours.example; dkim=pass header.i=@example.org\r\n${FROM}${BODY}`
    const found = await authenticationOf(raw, { trustedAuthserv: TRUSTED })
    expect(found).toMatchObject({
      spf: { result: 'fail' },
      dkim: [{ result: 'pass', domain: 'example.org' }],
      aligned: true,
    })
  })

  it('a forged one below a foreign one is not believed', async () => {
    const foreign = 'Authentication-Results: mx.other.example; spf=fail smtp.mailfrom=example.org\r\n'
    const found = await authenticationOf(foreign + FORGED + FROM + BODY, { trustedAuthserv: TRUSTED })
    expect(found).toMatchObject({ source: 'none', aligned: false })
  })

  it('nor is one of a server that is not configured', async () => {
    expect(await authenticationOf(GOOD + FROM + BODY, { trustedAuthserv: [] })).toMatchObject({ source: 'none' })
  })

  it('a pass of another domain is not aligned', async () => {
    const raw = `Authentication-Results: mx.ours.example; spf=pass smtp.mailfrom=evil.example.net; dkim=pass header.d=evil.example.net\r\n${FROM}${BODY}`
    expect(await authenticationOf(raw, { trustedAuthserv: TRUSTED })).toMatchObject({ aligned: false })
  })

  it('with two From headers, or two addresses, nothing is aligned', async () => {
    expect(
      await authenticationOf(`${GOOD}${FROM}From: eve@evil.example.net\r\n${BODY}`, { trustedAuthserv: TRUSTED }),
    ).toMatchObject({ aligned: false })
    await parser?.close()
    expect(
      await authenticationOf(`${GOOD}From: bob@example.org, eve@evil.example.net\r\n${BODY}`, {
        trustedAuthserv: TRUSTED,
      }),
    ).toMatchObject({ aligned: false })
  })

  it('Microsoft’s header names no server', async () => {
    const raw = `Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=example.org; dkim=none (message not signed)\r\n header.d=none;dmarc=pass action=none header.from=example.org;compauth=pass reason=100\r\n${FROM}${BODY}`
    expect(await authenticationOf(raw, { trustedAuthserv: [''] })).toEqual({
      source: 'trusted-header',
      spf: { result: 'pass', domain: 'example.org', reason: 'sender IP is 192.0.2.1' },
      dkim: [],
      dmarc: { result: 'pass', domain: 'example.org', policy: null },
      arc: 'none',
      aligned: true,
    })
  })

  it('with why, in the words of the server: a reason, else a comment, on one line and not without end (explorer #58)', async () => {
    const results = [
      ...[
        'spf=softfail (192.0.2.9 is\r\n  not (quite) permitted) smtp.mailfrom=a@example.org',
        'dkim=fail reason="body hash\r\n did not verify" header.d=example.org header.s=s1 (x)',
      ],
      ...[`dkim=neutral (${'long '.repeat(200)}) header.d=example.org`, 'dkim=pass () header.d=example.org'],
    ]
    const raw = `Authentication-Results: mx.ours.example;\r\n ${results.join(';\r\n ')}\r\n${FROM}${BODY}`
    const { spf, dkim } = await authenticationOf(raw, { trustedAuthserv: TRUSTED })
    expect(spf).toMatchObject({ result: 'softfail', reason: '192.0.2.9 is not (quite) permitted' })
    expect(dkim.map((d) => d.reason?.length)).toEqual([24, 300, undefined])
    expect(dkim[0]?.reason).toBe('body hash did not verify')
  })

  it('names may stand for all hosts of a domain, and for nothing else', () => {
    expect(isTrusted('mailin028.protonmail.ch', ['*.protonmail.ch'])).toBe(true)
    expect(isTrusted('protonmail.ch', ['*.protonmail.ch'])).toBe(false)
    expect(isTrusted('evilprotonmail.ch', ['*.protonmail.ch'])).toBe(false)
    expect(isTrusted('', ['mx.ours.example'])).toBe(false)
  })

  it('the reader never throws and invents no result', () => {
    const token = fc.constantFrom(
      ';',
      '(',
      ')',
      '"',
      '\\',
      '=',
      ' ',
      'spf=pass',
      'dkim',
      'header.d=example.org',
      'mx.example',
      '\0',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(token, fc.string()), { maxLength: 40 }), (list) => {
        const value = list.join('')
        for (const { result } of parseAuthHeader(value).results) {
          if (result === 'pass') expect(value.toLowerCase()).toContain('pass')
        }
      }),
    )
  })
})

describe('our own check', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const zone: Record<string, string[][]> = {
    'TXT s1._domainkey.example.org': [[`v=DKIM1; k=rsa; p=${key}`]],
    'TXT mail.example.org': [['v=spf1 ip4:192.0.2.1 -all']],
    'TXT _dmarc.example.org': [['v=DMARC1; p=quarantine']],
  }
  const asked: string[] = []
  const resolver = async (name: string, type: string) => {
    asked.push(`${type} ${name}`)
    const records = zone[`${type} ${name}`]
    if (records === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    return records
  }
  async function signed(text: string): Promise<string> {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const signer = { signingDomain: 'example.org', selector: 's1', privateKey: pem }
    const { signatures } = await dkimSign(text, { ...signer, signatureData: [signer] })
    expect(signatures).toContain('DKIM-Signature')
    return signatures + text
  }

  it('verifies SPF, DKIM and DMARC with the resolver given', async () => {
    const found = await authenticationOf(await signed(FROM + BODY), { resolver })
    expect(found).toMatchObject({
      source: 'own-check',
      spf: { result: 'pass', domain: 'mail.example.org' },
      dkim: [{ result: 'pass', domain: 'example.org', selector: 's1' }],
      dmarc: { result: 'pass', domain: 'example.org', policy: 'quarantine' },
      aligned: true,
    })
    expect(asked).toContain('TXT s1._domainkey.example.org')
  })

  it('a changed body fails', async () => {
    const found = await authenticationOf((await signed(FROM + BODY)).replace('Hello', 'Hallo'), { resolver })
    expect(found.dkim[0]?.result).not.toBe('pass')
  })

  it('a trusted header is preferred, and nothing is asked', async () => {
    asked.length = 0
    expect(await authenticationOf(GOOD + FROM + BODY, { resolver, trustedAuthserv: TRUSTED })).toMatchObject({
      source: 'trusted-header',
    })
    expect(asked).toEqual([])
  })

  it('a resolver that fails or never answers makes temperror, not an unparsable message', async () => {
    const failing = async () => Promise.reject(Object.assign(new Error('no'), { code: 'ESERVFAIL' }))
    expect(await authenticationOf(await signed(FROM + BODY), { resolver: failing })).toMatchObject({
      source: 'own-check',
      aligned: false,
      spf: { result: 'temperror' },
    })
    await parser?.close()
    const silent = () => new Promise<never>(() => undefined)
    expect(await authenticationOf(FROM + BODY, { resolver: silent })).toMatchObject({
      source: 'own-check',
      aligned: false,
    })
  })
})
