import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type IntakeRig, saveCompany, savePolicy, startIntake } from '../../test/rig/intake.ts'
import { type LmtpPeer, startLmtpPeer } from '../../test/rig/lmtp-peer.ts'
import { sendAsMta } from '../../test/rig/mta.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import { policyOfMessage } from '../detection/index.ts'
import type { Signal } from '../judgement/index.ts'
import { createMemoryProvider, type MemoryProvider } from '../mailboxes/index.ts'
import { getPolicies, setOrganisation, setPolicies, setUserSenders, userSenders } from '../organisation/index.ts'
import { currentVerdict, deliveriesOf } from '../records/index.ts'
import { createNextHop } from '../transport/index.ts'
import { createJudge } from './judge.ts'
import { createSplit, createView } from './organisation.ts'

let t: TestStorage
let peer: LmtpPeer
let rig: IntakeRig
let provider: MemoryProvider
const admin = { user: 'u', name: 'Admin' }
/** Six points of spam in every message: junk for the Standard preset, quarantine for Strict. */
const SPAM: Signal = {
  ...{ id: 'test', version: 1, weight: 6, threat: 'spam', technology: 'content', summary: 'six points of spam' },
  evidence: {},
  entities: [],
}

beforeAll(async () => {
  t = await testStorage()
  for (const [tenant, domain] of [
    [t.a, 'a.example'],
    [t.b, 'b.example'],
  ] as const) {
    const people = ['ann', 'bo', 'cy', 'sec'].map((name) => ({
      address: `${name}@${domain}`,
      kind: name === 'sec' ? 'secops' : 'user',
    }))
    const groups = [
      { address: `board@${domain}`, members: [`ann@${domain}`] },
      { address: `all@${domain}`, members: [`board@${domain}`, `bo@${domain}`, `cy@${domain}`, `sec@${domain}`] },
    ]
    await t.storage.tenant(tenant, (tx) =>
      setOrganisation(tx, t.storage.outbox, { domains: [domain], mailboxes: people, groups }, admin),
    )
  }
  peer = await startLmtpPeer()
  provider = createMemoryProvider()
  rig = await startIntake({
    storage: t.storage,
    provider,
    nextHop: createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: peer.port, timeoutMs: 5000 }),
    intake: {
      trustedAuthserv: async () => ['mx.a.example'],
      judge: createJudge(createView(t.storage), async () => ({ signals: [SPAM], absent: [] })),
      split: createSplit(t.storage),
    },
  })
})
afterAll(async () => {
  await rig.close()
  await peer.close()
  await t.close()
})
beforeEach(() => {
  peer.taken.length = 0
})

const NONE = { recipients: [], groups: [], domains: [] }
const policy = (part: Record<string, unknown>) => ({
  ...{ name: String(part['id']), kind: 'custom', priority: 0, enabled: true, mail: ['inbound'], applies: NONE },
  ...{ except: NONE, mode: 'standard', thresholds: null, unparsable: null },
  ...part,
})
const save = (tenant: TenantId, policies: unknown[]) =>
  t.storage.tenant(tenant, async (tx) => {
    const { version } = await getPolicies(tx)
    return await setPolicies(tx, t.storage.outbox, { version, policies }, admin)
  })
const board = (domain: string) =>
  policy({ id: 'board', kind: 'strict', applies: { ...NONE, groups: [`board@${domain}`] } })
let serial = 0
const send = (subject: string, recipients: string[], ident = `P${++serial}`) =>
  sendAsMta(rig.lmtp, {
    mailFrom: 'f@client.example',
    recipients,
    ident,
    raw: Buffer.from(
      `From: F <f@client.example>\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '.')}@client.example>\r\n\r\nbody\r\n`,
    ),
  })
const places = (tenant: TenantId, subject: string) =>
  t.storage.tenant(tenant, async (tx) => {
    const rows = await tx.selectFrom('message').selectAll().where('subject', '=', subject).orderBy('id').execute()
    const found: Record<string, string> = {}
    for (const row of rows)
      for (const d of await deliveriesOf(tx, row.id)) {
        const verdict = (await currentVerdict(tx, row.id))?.verdict
        // Copies for members of a group bear the group's address.
        found[`${d.recipient.split('@')[0]}${found[d.recipient.split('@')[0] ?? ''] ? ` ${d.id}` : ''}`] =
          `${verdict?.policy} ${verdict?.placement} ${d.latest_location}`
      }
    return { messages: rows.length, found }
  })

test('recipients with different policies: judged once for each, each copy where its own policy puts it; the other organisation keeps its own', async () => {
  await save(t.a, [board('a.example')])
  for (const [tenant, domain] of [
    [t.a, 'a.example'],
    [t.b, 'b.example'],
  ] as const) {
    const replies = await send('to all', [`ann@${domain}`, `bo@${domain}`, `sec@${domain}`])
    expect(replies.map((r) => r?.slice(0, 3))).toEqual(['250', '250', '250'])
    const strict = tenant === t.a
    expect(await places(tenant, 'to all')).toEqual({
      messages: strict ? 3 : 2,
      found: {
        ann: strict ? 'strict quarantine quarantine' : 'standard junk junk',
        bo: 'standard junk junk',
        sec: 'observe deliver inbox',
      },
    })
  }
})

test('a group address leads to each member by their own policy, and is answered once (lists #24 for the security team)', async () => {
  const replies = await send('to the group', ['all@a.example'])
  expect(replies.map((r) => r?.slice(0, 3))).toEqual(['250'])
  const { found } = await places(t.a, 'to the group')
  expect(Object.values(found).sort()).toEqual([
    'observe deliver inbox',
    'standard junk junk',
    'standard junk junk',
    'strict quarantine quarantine',
  ])
  expect(peer.taken.map((c) => c.recipient).sort()).toEqual(['bo@a.example', 'cy@a.example', 'sec@a.example'])
})

test('a retry finds each group again, whoever it still names', async () => {
  peer.next({ data: ['452 4.2.2 full'] })
  const first = await send('retried by policy', ['bo@a.example', 'ann@a.example'], 'AGAIN')
  expect(first.map((r) => r?.slice(0, 3))).toEqual(['452', '250'])
  expect(
    (await send('retried by policy', ['ann@a.example', 'bo@a.example'], 'AGAIN')).map((r) => r?.slice(0, 3)),
  ).toEqual(['250', '250'])
  expect((await send('retried by policy', ['ann@a.example'], 'AGAIN')).map((r) => r?.slice(0, 3))).toEqual(['250'])
  expect(await places(t.a, 'retried by policy')).toEqual({
    messages: 2,
    found: { ann: 'strict quarantine quarantine', bo: 'standard junk junk' },
  })
})

test('what judges has changed before the MTA tries again: each recipient’s copy goes on as it was begun, none is begun twice', async () => {
  const before = (await t.storage.tenant(t.a, getPolicies)).policies
  const strict = (name: string) =>
    policy({
      id: name,
      kind: 'custom',
      mode: 'strict',
      priority: 3,
      applies: { ...NONE, recipients: [`${name}@a.example`] },
    })
  // From the policy for everybody to one of their own, from that to another, and back.
  for (const [round, policies] of [[strict('bo')], [{ ...strict('bo'), id: 'bo2' }], [board('a.example')]].entries()) {
    const subject = `changed meanwhile ${round}`
    peer.taken.length = 0
    peer.next(round === 0 ? 'die-after-data-taken' : { rcpt: '452 4.2.2 full' })
    const all = ['bo@a.example', 'cy@a.example']
    await send(subject, all, subject)
    const was = await places(t.a, subject)
    await t.storage.tenant(t.a, (tx) =>
      sql`update delivery set updated_at = now() - interval '1 hour' where action = 'pending'`.execute(tx),
    )
    for (const copy of peer.taken) await provider.deliver({ login: copy.recipient }, 'inbox', copy.bytes)
    await save(t.a, policies)
    const replies = await send(subject, all, subject)
    expect(replies.map((r) => r?.slice(0, 3))).toEqual(['250', '250'])
    const now = await places(t.a, subject)
    expect([now.messages, Object.keys(now.found)]).toEqual([was.messages, Object.keys(was.found)])
    expect(new Set(peer.taken.map((c) => c.recipient)).size).toBe(peer.taken.length)
    // Somebody who is named for the first time is judged by today's policy.
    await send(subject, ['sec@a.example'], subject)
    expect((await places(t.a, subject)).found['sec']).toBe('observe deliver inbox')
  }
  await save(t.a, [...before])
})

test('users’ own Safe and Blocked Senders count for their mailbox only (lists #13-15)', async () => {
  const lists = (name: string, body: unknown) =>
    t.storage.tenant(t.a, (tx) => setUserSenders(tx, `${name}@a.example`, body, admin))
  await lists('bo', { safe: ['F@client.example'], blocked: [] })
  await lists('cy', { safe: [], blocked: ['client.example'] })
  const proved = 'Authentication-Results: mx.a.example; spf=pass smtp.mailfrom=f@client.example\r\n'
  await savePolicy(t.storage, t.a, { trustedAuthserv: ['mx.a.example'] })
  for (const [subject, header, bo] of [
    ['proved', proved, 'standard deliver inbox'],
    ['not proved', '', 'standard junk junk'],
  ] as const) {
    await sendAsMta(rig.lmtp, {
      mailFrom: 'f@client.example',
      recipients: ['bo@a.example', 'cy@a.example', 'sec@a.example'],
      ident: subject,
      raw: Buffer.from(`${header}From: F <f@client.example>\r\nSubject: ${subject}\r\n\r\nbody\r\n`),
    })
    expect((await places(t.a, subject)).found).toEqual({ bo, cy: 'standard junk junk', sec: 'observe deliver inbox' })
  }
  expect(await t.storage.tenant(t.a, (tx) => userSenders(tx, 'bo@a.example'))).toEqual({
    safe: ['f@client.example'],
    blocked: [],
  })
  await expect(lists('bo', { safe: ['not an address'], blocked: [] })).rejects.toMatchObject({ code: 'senders' })
  await expect(t.storage.tenant(t.b, (tx) => userSenders(tx, 'bo@a.example'))).rejects.toMatchObject({
    code: 'no-mailbox',
  })
  await lists('bo', { safe: [], blocked: [] })
  await lists('cy', { safe: [], blocked: [] })
})

test('a message is judged anew by the policy of its own recipients', async () => {
  const today = await t.storage.tenant(t.a, async (tx) => {
    const rows = await tx.selectFrom('message').selectAll().where('subject', '=', 'to all').orderBy('id').execute()
    return await Promise.all(rows.map(async (row) => (await policyOfMessage(tx, row)).id ?? 'everybody'))
  })
  expect(today.sort()).toEqual(['board', 'everybody', 'secops'])
})

test('what cannot be is refused, all of it at once; a change of somebody else’s is not overwritten', async () => {
  const wrong = [
    policy({
      id: 'x',
      applies: { recipients: ['no@a.example'], groups: ['none@a.example'], domains: ['other.example'] },
    }),
    policy({ id: 'x', priority: 1, thresholds: { suspicious: 9, high: 3 } }),
    policy({ id: 'secops', priority: 2 }),
    policy({ id: 's1', kind: 'strict' }),
    policy({ id: 's2', kind: 'strict' }),
  ]
  const refused = await save(t.a, wrong).catch((e: unknown) => e)
  for (const part of [
    'no@a.example',
    'none@a.example',
    'other.example',
    'the id x',
    'high must not',
    'the id secops',
    'the preset strict',
  ])
    expect(String(refused)).toContain(part)
  await expect(
    t.storage.tenant(t.a, (tx) => setPolicies(tx, t.storage.outbox, { version: 0, policies: [] }, admin)),
  ).rejects.toMatchObject({ code: 'version', status: 409 })
  expect((await t.storage.tenant(t.b, getPolicies)).policies).toEqual([])
  await saveCompany(t.storage, t.b, 'b.example')
})
