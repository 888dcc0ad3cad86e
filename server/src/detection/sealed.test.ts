import { generateKeyPairSync } from 'node:crypto'
import { sealMessage } from 'mailauth'
import { afterAll, describe, expect, it } from 'vitest'
import { createParser } from '../mail/index.ts'
import { gather } from './signals/index.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const SEALERS = ['lists.example', 'forward.example', 'evil.example']
const keyOf = (domain: string): [string, string[][]] => [`TXT s1._domainkey.${domain}`, [[`v=DKIM1; k=rsa; p=${key}`]]]
const zone = new Map<string, string[][]>([
  ...SEALERS.map(keyOf),
  ['TXT lists.example', [['v=spf1 ip4:192.0.2.1 -all']]],
  ['TXT example.org', [['v=spf1 ip4:198.51.100.1 -all']]],
  ['TXT _dmarc.example.org', [['v=DMARC1; p=reject']]],
])
const resolver = async (name: string, type: string) => {
  const records = zone.get(`${type} ${name}`)
  if (records === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  return records
}
const checking = createParser({ workers: 1, resolver })
const trusting = createParser({ workers: 1, trustedAuthserv: ['mx.ours.example'] })
afterAll(async () => {
  await checking.close()
  await trusting.close()
})

const PROVED = 'spf=pass smtp.mailfrom=example.org; dmarc=pass (p=REJECT) header.from=example.org'
const FAILED = 'spf=pass smtp.mailfrom=lists.example; dmarc=fail (p=REJECT) header.from=example.org'
const letter = (text = 'Hello, all.', from = 'bob@example.org') =>
  `From: Bob <${from}>\r\nTo: all@lists.example\r\nSubject: [all] Hello\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n${text}\r\n`

/** As a forwarder does: says what it had found, signs what it sends on, seals both and everything below. */
async function sealed(mail: string, domain: string, said: string, cv: 'none' | 'pass' = 'none'): Promise<string> {
  const seal = { signingDomain: domain, selector: 's1', privateKey: pem, cv, authResults: `mx.${domain}; ${said}` }
  const headers = (await sealMessage(Buffer.from(mail), seal)).toString()
  expect(headers).toContain('ARC-Seal')
  return headers + mail
}
const CONTEXT = { mailFrom: 'bounces@lists.example', clientIp: '192.0.2.1', helo: 'mx.lists.example' }
async function failureOf(raw: string, trustedArcSealers?: string[], parser = checking) {
  const { mail } = await parser.parse(Buffer.from(raw), CONTEXT)
  const organisation = { domains: [], protectedDomains: [], people: [] }
  const signals = gather({
    ...{ mail, context: CONTEXT },
    organisation: trustedArcSealers ? { ...organisation, trustedArcSealers } : organisation,
  })
  const found = signals.find((s) => s.id === 'authentication-failure')
  return { weight: found?.weight, summary: found?.summary, evidence: found?.evidence, arc: mail.authentication.arc }
}

describe('what a list or forwarder had found before it changed the message (ARC)', () => {
  it('counts where its seals are trusted: nothing is held against the sender, and the evidence says why', async () => {
    const mail = await sealed(letter(), 'lists.example', PROVED)
    const believed = await failureOf(mail, ['Lists.example'])
    expect(believed).toMatchObject({ weight: 0, arc: 'pass' })
    expect(believed.summary).toContain('lists.example, whose seals are trusted, had found it proved')
    expect(believed.evidence).toMatchObject({ sealed: { sealer: 'lists.example', dmarc: { result: 'pass' } } })
  })

  it('counts nothing where nobody trusts its seals, or the chain is broken', async () => {
    const mail = await sealed(letter(), 'lists.example', PROVED)
    for (const trusted of [undefined, [], ['example'], ['forward.example'], ['evil.lists.example']])
      expect(await failureOf(mail, trusted), String(trusted)).toMatchObject({ weight: 10, arc: 'pass' })
    const changed = await failureOf(mail.replace('Hello, all.', 'Pay me, all.'), ['lists.example'])
    expect(changed).toMatchObject({ weight: 10, arc: 'fail' })
    expect((await failureOf(letter(), ['lists.example'])).weight).toBe(10)
  })

  it('reaches down as far as sealers are trusted, and no further', async () => {
    const onward = await sealed(await sealed(letter(), 'lists.example', PROVED), 'forward.example', FAILED, 'pass')
    expect((await failureOf(onward, ['lists.example', 'forward.example'])).weight).toBe(0)
    // The forwarder alone is trusted: what it had found itself counts, and that was a failure.
    expect(await failureOf(onward, ['forward.example'])).toMatchObject({
      weight: 10,
      evidence: { sealed: { sealer: 'forward.example', aligned: false } },
    })
    // Whoever sealed last may have changed everything and lied about what was below.
    expect((await failureOf(onward, ['lists.example'])).weight).toBe(10)
    // The first word is a liar's; a trusted list has passed it on.
    const lie = await sealed(await sealed(letter(), 'evil.example', PROVED), 'lists.example', FAILED, 'pass')
    expect((await failureOf(lie, ['lists.example'])).weight).toBe(10)
    const taken = await sealed(await sealed(letter(), 'lists.example', PROVED), 'evil.example', PROVED, 'pass')
    expect((await failureOf(taken, ['lists.example'])).weight).toBe(10)
  })

  it('proves the address that stands in From, not another', async () => {
    const said = 'dmarc=pass header.from=other.example; spf=pass smtp.mailfrom=other.example'
    expect((await failureOf(await sealed(letter(), 'lists.example', said), ['lists.example'])).weight).toBe(10)
    const signed = 'dmarc=none; dkim=pass header.d=mail.example.org header.s=x'
    expect((await failureOf(await sealed(letter(), 'lists.example', signed), ['lists.example'])).weight).toBe(0)
  })

  it('is read from the headers where a trusted server has found the chain valid, and only there', async () => {
    const mail = await sealed(letter(), 'lists.example', PROVED)
    const received = (arc: string) =>
      `Authentication-Results: mx.ours.example; spf=pass smtp.mailfrom=lists.example; dmarc=fail (p=reject) header.from=example.org; arc=${arc}\r\n${mail}`
    expect((await failureOf(received('pass'), ['lists.example'], trusting)).weight).toBe(0)
    for (const arc of ['fail', 'none', 'temperror'])
      expect((await failureOf(received(arc), ['lists.example'], trusting)).weight, arc).toBe(10)
    expect((await failureOf(received('pass'), [], trusting)).weight).toBe(10)
    // A second set with the same number: which of them was checked is not known.
    const twice = `ARC-Authentication-Results: i=1; mx.lists.example; ${PROVED}\r\n`
    expect(
      (await failureOf(received('pass').replace('ARC-', `${twice}ARC-`), ['lists.example'], trusting)).weight,
    ).toBe(10)
  })
})
