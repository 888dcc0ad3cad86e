import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { homesAt, type IntakeRig, saveCompany, savePolicy, startIntake } from '../../test/rig/intake.ts'
import { type LmtpPeer, startLmtpPeer } from '../../test/rig/lmtp-peer.ts'
import { analyst, quietLog } from '../../test/rig/office.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { convict, waitingMail } from '../../test/rig/waiting.ts'
import type { MessageId } from '../base/index.ts'
import { createMemoryProvider, type MemoryProvider, ProviderError } from '../mailboxes/index.ts'
import { expireHeld } from '../quarantine/index.ts'
import { deliveriesOf, timeline } from '../records/index.ts'
import { createRemediation, type Remediation } from '../remediation/index.ts'
import { createNextHop } from '../transport/index.ts'
import { lookUpDoubts } from './doubts.ts'
import { actOnLateVerdicts } from './late-action.ts'
import type { HomeOf } from './types.ts'

// Mail that was convicted while its answer was lost, and a mailbox that cannot be asked for hours, or never.

let t: TestStorage
let peer: LmtpPeer
let provider: MemoryProvider
let rig: IntakeRig
let remediation: Remediation
let homeOf: HomeOf
let impatient: IntakeRig
/** Why the mailbox cannot be asked; null: it can. */
let mute: 'no home' | 'unavailable' | null = null
const MAILBOX = { login: 'ann@a.example' }

beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await savePolicy(t.storage, t.a, { mode: 'standard' })
  peer = await startLmtpPeer()
  provider = createMemoryProvider()
  const nextHop = createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 1500 })
  const home = homesAt(t.storage, provider)
  homeOf = async (...of) => {
    if (mute === 'unavailable') throw new ProviderError('unavailable', 'it is down')
    return mute === null ? home(...of) : null
  }
  rig = await startIntake({ storage: t.storage, provider, nextHop, intake: { homeOf } })
  impatient = await startIntake({ storage: t.storage, provider, nextHop, intake: { homeOf, doubtMs: 10 * 60_000 } })
  remediation = createRemediation({ storage: t.storage, mailboxes: provider, nextHop, log: quietLog })
  actOnLateVerdicts(t.storage.outbox, remediation)
  await t.storage.start()
})
afterAll(async () => {
  await remediation.stop()
  await rig.close()
  await impatient.close()
  await peer.close()
  await t.close()
})
beforeEach(() => {
  peer.taken.length = 0
  mute = null
})

const { inTenant, send, idOf, copiesOf, sinceMinutes } = waitingMail(() => ({
  storage: t.storage,
  tenant: t.a,
  lmtp: rig.lmtp,
}))
const told = (id: MessageId) =>
  inTenant(async (tx) => (await timeline(tx, id)).filter((e) => e.kind !== 're-judged').at(-1)?.summary)
/** The action is asked for by an event, a moment later. */
const settled = async (id: MessageId) => {
  await remediation.drain(t.a)
  return await copiesOf(id)
}
async function expire(): Promise<void> {
  const clock = () => new Date(Date.now() + 40 * 86_400_000)
  const { copies } = await expireHeld(
    { storage: t.storage, mailboxes: provider, loginOf: async () => null, log: quietLog, clock },
    t.a,
  )
  expect(copies).toBeGreaterThan(0)
}
const IN_DOUBT = ['blocked possibly-twice quarantine']
const lookUp = () => lookUpDoubts({ storage: t.storage, homeOf }, t.a)
const arrives = async () =>
  void (await provider.deliver(MAILBOX, 'inbox', peer.taken[0]?.bytes ?? Buffer.from('nothing was sent')))

/** Sent, its answer lost, convicted, and held after hours in which nobody could look. */
async function heldInDoubt(subject: string, why: typeof mute): Promise<MessageId> {
  peer.next('die-after-data-taken')
  expect(await send(subject)).toBe('451')
  const id = await idOf(subject)
  await inTenant((tx) => convict(tx, id))
  mute = why
  await sinceMinutes(id, 90)
  expect(await send(subject)).toBe('451')
  expect(await copiesOf(id)).toEqual(['pending handing-over unknown'])
  await sinceMinutes(id, 125)
  expect(await send(subject)).toBe('250')
  expect(await copiesOf(id)).toEqual(IN_DOUBT)
  expect(await told(id)).toMatch(/^Held in quarantine as malware, in doubt: .*may lie in the mailbox, too/)
  // Once it is answered it stays so, and nothing more is handed over.
  expect(await send(subject)).toBe('250')
  expect(peer.taken).toHaveLength(1)
  // Nobody can say more yet.
  expect(await lookUp()).toBe(0)
  expect(await copiesOf(id)).toEqual(IN_DOUBT)
  mute = null
  return id
}

test.each(['no home', 'unavailable'] as const)(
  '%s: held after two hours; it lay in the mailbox, is found there and taken out',
  async (why) => {
    const id = await heldInDoubt(`there ${why}`.replace(' ', '-').replace(' ', '-'), why)
    await arrives()
    expect(await lookUp()).toBe(1)
    await expect.poll(() => settled(id)).toEqual(['delivered possibly-twice quarantine'])
    expect(provider.user(MAILBOX.login).list('INBOX')).toEqual([])
    expect(await lookUp()).toBe(0)
  },
)

test('it is not in the mailbox: held as if it had never been sent, and no longer in doubt', async () => {
  const id = await heldInDoubt('absent', 'unavailable')
  expect(await lookUp()).toBe(1)
  expect(await copiesOf(id)).toEqual(['blocked none quarantine'])
  expect(await told(id)).toMatch(/not found in the mailbox/)
  expect(await lookUp()).toBe(0)
})

test('released while in doubt: looked for before it is sent', async () => {
  for (const there of [false, true]) {
    const id = await heldInDoubt(`released-${there}`, 'unavailable')
    if (there) await arrives()
    const [copy] = await inTenant((tx) => deliveriesOf(tx, id))
    await remediation.submit(analyst(t.a), { kind: 'release', select: { deliveryIds: copy ? [copy.id] : [] } })
    await remediation.drain(t.a)
    expect(peer.taken).toHaveLength(there ? 1 : 2)
    if (there) expect(await copiesOf(id)).toEqual(['delivered handed-over inbox'])
    peer.taken.length = 0
  }
})

test('how long the MTA is kept waiting is a setting', async () => {
  const soon = waitingMail(() => ({ storage: t.storage, tenant: t.a, lmtp: impatient.lmtp }))
  peer.next('die-after-data-taken')
  expect(await soon.send('impatient')).toBe('451')
  const id = await idOf('impatient')
  await inTenant((tx) => convict(tx, id))
  mute = 'unavailable'
  await sinceMinutes(id, 9)
  expect(await soon.send('impatient')).toBe('451')
  await sinceMinutes(id, 11)
  expect(await soon.send('impatient')).toBe('250')
  expect(await copiesOf(id)).toEqual(IN_DOUBT)
  mute = null
  expect(await lookUp()).toBe(1)
})

describe('its time in quarantine is over before its mailbox could be asked', () => {
  const inInbox = (id: MessageId) =>
    provider
      .user(MAILBOX.login)
      .list('INBOX')
      .filter((copy) => copy.networkMessageId === id).length
  const EXPIRED = ['blocked possibly-twice dropped']

  test('it lay in the mailbox: found there all the same, and taken out', async () => {
    const id = await heldInDoubt('expired-there', 'unavailable')
    await expire()
    expect(await copiesOf(id)).toEqual(EXPIRED)
    mute = 'unavailable'
    expect(await lookUp()).toBe(0)
    mute = null
    await arrives()
    expect(await lookUp()).toBe(1)
    await expect.poll(() => settled(id)).toEqual(['delivered possibly-twice quarantine'])
    expect(inInbox(id)).toBe(0)
    // Held anew, and can be given back.
    const [copy] = await inTenant((tx) => deliveriesOf(tx, id))
    await remediation.submit(analyst(t.a), { kind: 'release', select: { deliveryIds: copy ? [copy.id] : [] } })
    await expect.poll(() => settled(id)).toEqual(['delivered possibly-twice inbox'])
    expect(inInbox(id)).toBe(1)
  })

  test('it was not there: gone, and no longer in doubt', async () => {
    const id = await heldInDoubt('expired-absent', 'unavailable')
    await expire()
    expect(await lookUp()).toBe(1)
    expect(await copiesOf(id)).toEqual(['blocked none dropped'])
    expect(await told(id)).toBe('Looked for and not found in the mailbox')
    expect(await lookUp()).toBe(0)
  })
})
