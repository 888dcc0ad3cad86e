import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dial } from '../../test/rig/gateway.ts'
import { type IntakeRig, startIntake } from '../../test/rig/intake.ts'
import { type LmtpPeer, startLmtpPeer } from '../../test/rig/lmtp-peer.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { addEntry } from '../lists/index.ts'
import { createMemoryProvider } from '../mailboxes/index.ts'
import { setOrganisation } from '../organisation/index.ts'
import { createNextHop } from '../transport/index.ts'

// Addresses as an MTA may write them, and a mail store that knows no SMTPUTF8.

let t: TestStorage
let peer: LmtpPeer
let rig: IntakeRig
beforeAll(async () => {
  t = await testStorage()
  const document = {
    domains: ['a.example', 'bücher.example'],
    mailboxes: ['ann@a.example', 'jörg@a.example', 'bo@bücher.example'].map((address) => ({ address })),
    aliases: [{ address: 'chief@a.example', target: 'ann@a.example' }],
  }
  await t.storage.tenant(t.a, (tx) => setOrganisation(tx, t.storage.outbox, document, { user: 'rig', name: 'Rig' }))
  peer = await startLmtpPeer()
  const nextHop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 1500 })
  rig = await startIntake({ storage: t.storage, provider: createMemoryProvider(), nextHop })
})
afterAll(async () => {
  await rig.close()
  await peer.close()
  await t.close()
})
beforeEach(() => {
  peer.taken.length = 0
})

let serial = 0
/** Codes of MAIL, of each RCPT, and of the message for each recipient that was let in. */
async function send(from: string, to: readonly string[], header = 'From: f@client.example\r\nSubject: hello') {
  const d = await dial(rig.lmtp)
  await d.say('LHLO mta.example')
  const code = (reply: string | null) => reply?.slice(0, 9).trim() ?? ''
  const mail = code(await d.say(`MAIL FROM:<${from}> SMTPUTF8`))
  const rcpt: string[] = []
  for (const address of to) rcpt.push(code(await d.say(`RCPT TO:<${address}>`)))
  const said: string[] = []
  if ((await d.say('DATA'))?.startsWith('354')) {
    d.write(`${header}\r\nMessage-ID: <${++serial}@client.example>\r\n\r\nGrüße\r\n.\r\n`)
    for (const one of rcpt) if (one.startsWith('250')) said.push(code(await d.reply()))
  }
  await d.say('QUIT')
  return { mail, rcpt, said, taken: peer.taken.splice(0).map((copy) => [copy.recipient, copy.mailFrom]) }
}
const ok = (n: number) => Array(n).fill('250 2.0.0')

test('our domain in letters of its own, in whatever form, is ours; one copy', async () => {
  const forms = [
    'bücher.example',
    'BÜCHER.example',
    'bu\u0308cher.example',
    'bücher。example',
    'xn--bcher-kva.example.',
  ]
  const { rcpt, said, taken } = await send(
    'f@client.example',
    forms.map((domain) => `bo@${domain}`),
  )
  expect(rcpt).toEqual(Array(5).fill('250 2.1.5'))
  expect(said).toEqual(ok(5))
  expect(taken).toEqual([['bo@xn--bcher-kva.example', 'f@client.example']])
})

test('one mailbox under several addresses, some of them twice: an answer for each, one copy', async () => {
  const to = [
    'ann@a.example',
    'ann@a.example',
    'ANN@A.example.',
    '"ann"@a.example',
    '"a\\nn"@a.example',
    'chief@a.example',
  ]
  const { said, taken } = await send('f@client.example', to)
  expect(said).toEqual(ok(6))
  expect(taken).toHaveLength(1)
})

test('SMTPUTF8 that was said and is not needed is no obstacle for a store that does not know it; where it is, those who need it are refused', async () => {
  expect((await send('f@client.example', ['ann@a.example'])).said).toEqual(ok(1))
  const both = await send('f@client.example', ['jörg@a.example', 'ann@a.example', 'JÖRG@a.example'])
  expect(both.said).toEqual(['550 5.6.7', '250 2.0.0', '550 5.6.7'])
  expect(both.taken).toEqual([['ann@a.example', 'f@client.example']])
  expect((await send('ü@client.example', ['ann@a.example'])).said).toEqual(['550 5.6.7'])
  expect((await send('f@client.example', ['ann@a.example'], 'From: f@client.example\r\nSubject: Grüße')).said).toEqual([
    '550 5.6.7',
  ])
})

test('senders that bounces come back to are longer than the standard asks to take', async () => {
  const long = `bounce+${'0123456789'.repeat(9)}=ann=a.example`
  const { mail, taken } = await send(`${long}@mail.client.example`, ['ann@a.example'])
  expect(mail).toBe('250 2.1.0')
  expect(taken).toEqual([['ann@a.example', `${long}@mail.client.example`]])
})

test('a blocked sender is blocked however the address is written', async () => {
  const actor = { user: 'u', name: 'Ann' }
  const entries = [
    ['sender', 'evil@odd.example'],
    ['sender-domain', 'bad.example'],
  ] as const
  for (const [kind, value] of entries)
    await t.storage.tenant(t.a, (tx) => addEntry(tx, t.storage.outbox, actor, { action: 'block', kind, value }))
  const written = [
    'evil@odd.example',
    '"evil"@odd.example',
    'Evil <"ev\\il"@odd.example>',
    'Evil <@relay.example:evil@odd.example>',
    'Evil <@relay.example,@other.example:"evil"@odd.example>',
    'Evil <evil(him)@odd.example>',
    'Evil < evil @ odd.example >',
    'evil (him) @ odd.example',
    'anybody @ bad.example',
    'Any <any . body @ bad . example>',
  ]
  for (const from of written)
    expect([from, (await send('f@client.example', ['ann@a.example'], `From: ${from}\r\nSubject: x`)).taken]).toEqual([
      from,
      [],
    ])
  const others = [
    '"evil "@odd.example',
    'evil@odd.example.org',
    'Evil (evil@odd.example) <good@odd.example>',
    'Support @ odd.example',
  ]
  for (const from of others)
    expect([
      from,
      (await send('f@client.example', ['ann@a.example'], `From: ${from}\r\nSubject: x`)).taken.length,
    ]).toEqual([from, 1])
})
