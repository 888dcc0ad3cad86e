import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type LmtpPeer, startLmtpPeer } from '../../test/rig/lmtp-peer.ts'
import { createMemoryProvider } from '../mailboxes/index.ts'
import { createNextHop, type HandOver, type NextHop } from './next-hop.ts'

let peer: LmtpPeer
let hop: NextHop
beforeAll(async () => {
  peer = await startLmtpPeer()
  hop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 30_000 })
})
beforeEach(() => {
  peer.taken.length = 0
})
afterAll(async () => {
  await hop.close()
  await peer.close()
})

const mail = (bytes: string, ...recipients: string[]): HandOver => ({
  mailFrom: 'a@client.example',
  recipients: recipients.map((address) => ({ address, login: address })),
  bytes: Buffer.from(bytes),
  placement: 'deliver',
  smtpUtf8: false,
  deadline: Date.now() + 60_000,
})
const BODY = 'Subject: x\r\n\r\n.\r\n..\r\n.dot\r\nend\r\n'

test('dots are stuffed, results come per recipient', async () => {
  peer.next({ data: ['250 2.0.0 ok', '452 4.2.2 full', '550 5.7.1 no'] })
  const results = await hop.handOver(mail(BODY, 'one', 'two', 'three'))
  expect(results.map((r) => r.kind)).toEqual(['delivered', 'temporary', 'permanent'])
  expect(results[1]).toMatchObject({ reply: { code: 452, enhanced: '4.2.2', text: 'full' } })
  expect(peer.taken).toEqual([{ recipient: 'one', mailFrom: 'a@client.example', bytes: Buffer.from(BODY) }])
})

test('connections are kept, and a kept one that the server closed meanwhile is no failure', async () => {
  await hop.handOver(mail(BODY, 'one'))
  const before = peer.connections()
  await hop.handOver(mail(BODY, 'one'))
  expect(peer.connections()).toBe(before)
  peer.drop()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await hop.handOver(mail(BODY, 'one'))).toMatchObject([{ kind: 'delivered' }])
  peer.next('die-at-mail')
  expect(await hop.handOver(mail(BODY, 'one'))).toMatchObject([{ kind: 'delivered' }])
})

test('dead before the end of the data: certainly not taken', async () => {
  // Twice where the first goes over a kept connection, which is tried once more on a fresh one.
  for (const script of [['die-in-data', 'die-in-data'], [{ rcpt: '451 4.3.0 later' }]] as const) {
    peer.next(...script)
    expect(await hop.handOver(mail(BODY, 'one', 'two'))).toMatchObject([{ kind: 'temporary' }, { kind: 'temporary' }])
  }
})

test('a store that refuses DATA and keeps the transaction: the next message is not refused for it', async () => {
  peer.next({ refuseData: '451 4.3.0 later' })
  expect(await hop.handOver(mail(BODY, 'one'))).toMatchObject([{ kind: 'temporary', reply: { code: 451 } }])
  const before = peer.connections()
  expect(await hop.handOver(mail(BODY, 'two'))).toMatchObject([{ kind: 'delivered' }])
  expect(peer.connections()).toBe(before)
})

test.each(['refused', 'die'] as const)(
  '… and whose RSET is %s: what it said stands, and the next goes over a fresh connection',
  async (rset) => {
    peer.next({ refuseData: '552 5.3.4 too large', rset })
    expect(await hop.handOver(mail(BODY, 'one'))).toMatchObject([{ kind: 'permanent', reply: { code: 552 } }])
    const before = peer.connections()
    expect(await hop.handOver(mail(BODY, 'two'))).toMatchObject([{ kind: 'delivered' }])
    expect(peer.connections()).toBe(before + 1)
  },
)

test('dead or silent after the data: nobody knows', async () => {
  const impatient = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 400 })
  for (const [b, by] of [
    ['die-after-data', hop],
    ['die-after-data-taken', hop],
    ['silent', impatient],
  ] as const) {
    peer.next(b)
    expect(
      (await by.handOver(mail(BODY, 'one'))).map((r) => r.kind),
      b,
    ).toEqual(['unknown'])
  }
  await impatient.close()
})

test('a server that is down, and one that refuses the recipient', async () => {
  const nowhere = await startLmtpPeer()
  await nowhere.close()
  const down = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: nowhere.port })
  const [result] = await down.handOver(mail(BODY, 'one'))
  expect(result).toMatchObject({ kind: 'temporary', reply: { code: 451, enhanced: '4.4.1' } })
  peer.next({ rcpt: '550 5.1.1 unknown' })
  expect(await hop.handOver(mail(BODY, 'one'))).toMatchObject([{ kind: 'permanent', reply: { code: 550 } }])
})

test('past the deadline nothing is handed over', async () => {
  const late = { ...mail(BODY, 'one'), deadline: Date.now() - 1 }
  expect((await hop.handOver(late))[0]?.kind).toBe('temporary')
  expect(peer.taken).toHaveLength(0)
})

test('straight into mailboxes: Inbox or Junk, with the place; a mailbox that does not exist is permanent', async () => {
  const provider = createMemoryProvider({ logins: ['one'] })
  const direct = createNextHop({ kind: 'mailbox', provider })
  const results = await direct.handOver({ ...mail(BODY, 'one', 'two'), placement: 'junk' })
  expect(results).toMatchObject([{ kind: 'delivered', ref: { folder: 'Junk' } }, { kind: 'permanent' }])
})
