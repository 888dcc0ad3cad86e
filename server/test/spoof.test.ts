// Somebody sends in the name of a partner from servers that the partner's domain does not name: found, reported, allowed as a pair.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALL_PERMISSIONS } from '../src/access/index.ts'
import type { MessageId, TenantId } from '../src/base/index.ts'
import { register as registerLists } from '../src/lists/index.ts'
import { createMemoryProvider } from '../src/mailboxes/index.ts'
import { currentVerdict, deliveriesOf } from '../src/records/index.ts'
import { register, submissionExists } from '../src/submissions/index.ts'
import { createNextHop } from '../src/transport/index.ts'
import { type TestApi, testApi } from './rig/api.ts'
import { type IntakeRig, saveCompany, startIntake } from './rig/intake.ts'
import { type LmtpPeer, startLmtpPeer } from './rig/lmtp-peer.ts'
import { sendAsMta } from './rig/mta.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

let t: TestStorage
let peer: LmtpPeer
let rig: IntakeRig
let api: TestApi
const tokens = new Map<TenantId, string>()

beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await saveCompany(t.storage, t.b, 'b.example')
  peer = await startLmtpPeer()
  rig = await startIntake({
    storage: t.storage,
    provider: createMemoryProvider(),
    nextHop: createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 5000 }),
    intake: { trustedAuthserv: async () => ['mx.own.example'] },
  })
  api = await testApi(t.storage, (app) => {
    registerLists(app, { storage: t.storage, submissionExists })
    register(app, { storage: t.storage, emailOf: async () => null })
  })
  for (const tenant of [t.a, t.b]) tokens.set(tenant, await api.token(tenant, ALL_PERMISSIONS, 'Anna'))
})
afterAll(async () => {
  await api?.close()
  await rig?.close()
  await peer?.close()
  await t?.close()
})

interface Sent {
  readonly from?: string
  readonly signer?: string
  /** The domain says nothing about who may send its mail. */
  readonly unsure?: true
}
/** Through the gateway, from 192.0.2.25, whose name is out.client.example. DMARC fails, and the domain asks to reject such mail. */
async function send(tenant: TenantId, subject: string, { from = 'news@partner.example', signer, unsure }: Sent = {}) {
  const domain = tenant === t.a ? 'a.example' : 'b.example'
  const dkim = signer ? `dkim=pass header.d=${signer} header.s=s; ` : ''
  const spf = `spf=${unsure ? 'none' : 'fail'} smtp.mailfrom=partner.example`
  const dmarc = unsure ? 'dmarc=none' : 'dmarc=fail (p=reject)'
  const raw = `Authentication-Results: mx.own.example; ${spf}; ${dkim}${dmarc} header.from=partner.example\r\nFrom: Partner <${from}>\r\nTo: ann@${domain}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@partner.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\nThe minutes of our meeting are below.\r\n`
  const recipients = [`ann@${domain}`]
  await sendAsMta(rig.lmtp, {
    mailFrom: 'news@partner.example',
    recipients,
    ident: subject.replaceAll(' ', '.'),
    raw: Buffer.from(raw),
  })
  return await t.storage.tenant(tenant, async (tx) => {
    const { id } = await tx.selectFrom('message').select('id').where('subject', '=', subject).executeTakeFirstOrThrow()
    const verdict = (await currentVerdict(tx, id))?.verdict
    const [copy] = await deliveriesOf(tx, id)
    return { id, is: `${verdict?.threat} ${copy?.latest_location}`, because: verdict?.because.join(' ') ?? '' }
  })
}
const call = (tenant: TenantId, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
  api.call(tokens.get(tenant) ?? '', method, path, body)
const entry = async (tenant: TenantId, action: 'allow' | 'block', value: string) => {
  const made = await call(tenant, 'POST', '/entries', { action, kind: 'spoof', value })
  return { status: made.status, body: made.body }
}
const remove = (id: unknown) => call(t.a, 'DELETE', `/entries/${String(id)}`)
const offers = async (id: MessageId) => {
  const wish = { as: 'analyst', opinion: 'should-not-have-been-blocked' }
  const { body } = await call(t.a, 'POST', `/messages/${id}/submissions`, wish)
  return (body['next'] as { kind: string; label: string; body: Record<string, unknown> }[]).filter(
    (step) => step.kind === 'allow-entry',
  )
}

test('a partner’s mailer is taken for a forger, reported, and allowed for that partner only (lists #18, #19, #69, #81)', async () => {
  const first = await send(t.a, 'minutes 1', { signer: 'mailer.example' })
  expect(first.is).toBe('spoof quarantine')
  const [offer, ...more] = await offers(first.id)
  expect(more).toEqual([])
  // Who has signed it is surest, and the entry lasts.
  expect(offer?.body).toMatchObject({
    action: 'allow',
    kind: 'spoof',
    value: 'partner.example, mailer.example',
    expiresInDays: null,
  })
  expect(offer?.label).toMatch(
    /^Allow mail of partner\.example that mailer\.example sends \(in 30 days it matches 1 message, of which 1 would/,
  )
  const made = await call(t.a, 'POST', '/entries', offer?.body)
  expect(made.body).toMatchObject({ kind: 'spoof', overrides: 'Spoofing', expiresAt: null, origin: 'submission' })

  const next = await send(t.a, 'minutes 2', { signer: 'eu.mailer.example' })
  expect([next.is, next.because]).toEqual([
    'none inbox',
    expect.stringContaining('Allow entry on news@partner.example, eu.mailer.example was applied'),
  ])
  expect((await send(t.a, 'forged', { signer: 'elsewhere.example' })).is).toBe('spoof quarantine')
  expect((await send(t.a, 'other name', { from: 'x@other.example', signer: 'mailer.example' })).is).toContain('spoof')
  // The other organisation has its own list.
  expect((await send(t.b, 'minutes 3', { signer: 'mailer.example' })).is).toBe('spoof quarantine')
  await remove(made.body['id'])
  expect((await send(t.a, 'minutes 4', { signer: 'mailer.example' })).is).toBe('spoof quarantine')
})

test('without a signature the name of the server is offered; its network by hand (lists #68)', async () => {
  const { id } = await send(t.a, 'unsigned 1')
  const [offer] = await offers(id)
  expect(offer?.body).toMatchObject({ kind: 'spoof', value: 'partner.example, out.client.example' })
  const made = await entry(t.a, 'allow', 'News@partner.example, 192.0.2.200/24')
  expect(made.body).toMatchObject({ value: 'news@partner.example, 192.0.2.0/24', expiresAt: null })
  expect((await send(t.a, 'unsigned 2')).is).toBe('none inbox')
  expect((await send(t.a, 'unsigned 3', { from: 'boss@partner.example' })).is).toBe('spoof quarantine')
  await remove(made.body['id'])
})

test('a pair on the block list is placed as the policy places spoofing, and its effect on the past is told before (lists #20)', async () => {
  const wish = { action: 'block', kind: 'spoof', value: '*, client.example' }
  const before = await call(t.a, 'POST', '/entries/preview', wish)
  expect(before.body).toMatchObject({ matching: expect.any(Number) })
  expect(before.body['matching']).toBeGreaterThan(5)
  const allowed = await entry(t.a, 'allow', 'partner.example, client.example')
  expect((await send(t.a, 'let in')).is).toBe('none inbox')
  expect((await send(t.a, 'unsure 1', { unsure: true })).is).toBe('none inbox')
  const made = await entry(t.a, 'block', '*, client.example')
  expect((await send(t.a, 'unsure 2', { unsure: true })).is).toBe('spoof junk')
  expect((await send(t.a, 'kept out')).is).toBe('spoof quarantine')
  await remove(made.body['id'])
  await remove(allowed.body['id'])
})

test('what is no pair is refused with what to write (lists #67)', async () => {
  for (const value of ['*, *', 'partner.example', 'partner.example, 192.0.2.0/25']) {
    const { status, body } = await entry(t.a, 'allow', value)
    expect([status, body['error']]).toEqual([
      400,
      expect.objectContaining({ code: 'bad-value', cure: expect.any(String) }),
    ])
  }
})
