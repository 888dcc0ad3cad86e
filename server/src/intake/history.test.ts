import { afterAll, beforeAll, expect, test } from 'vitest'
import { homesAt, saveCompany } from '../../test/rig/intake.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import { type TenantId, uuidv7 } from '../base/index.ts'
import type { EntityRef } from '../judgement/index.ts'
import { addEntry } from '../lists/index.ts'
import { createParser, type Parser } from '../mail/index.ts'
import { createMemoryProvider } from '../mailboxes/index.ts'
import { setUserSenders } from '../organisation/index.ts'
import { currentVerdict } from '../records/index.ts'
import { createDirectory, createIntake, createJudge, createView, type ImportDeps, importMessage } from './index.ts'

let t: TestStorage
let parser: Parser
let deps: ImportDeps
beforeAll(async () => {
  t = await testStorage()
  await saveCompany(t.storage, t.a, 'a.example')
  await saveCompany(t.storage, t.b, 'b.example')
  parser = createParser({ workers: 1, trustedAuthserv: ['mx.own.example'] })
  const intake = createIntake({
    storage: t.storage,
    parser,
    judge: createJudge(createView(t.storage)),
    nextHop: null,
    homeOf: homesAt(t.storage, createMemoryProvider()),
    hostname: 'mx.recourse.example',
    handoverMs: 0,
    doubtMs: 0,
  })
  deps = { intake, directory: createDirectory(t.storage) }
})
afterAll(async () => {
  await parser.close()
  await t.close()
})

let n = 0
/** What the signal says of one more message; null when it says nothing. */
async function next(tenant: TenantId, from: string, daysAgo = 0): Promise<{ weight: number; summary: string } | null> {
  const to = tenant === t.a ? 'ann@a.example' : 'ann@b.example'
  const domain = from.slice(from.indexOf('@') + 1)
  const raw = Buffer.from(
    `Authentication-Results: mx.own.example; dmarc=pass header.from=${domain}\nFrom: ${from}\nTo: ${to}\nSubject: Letter ${++n}\nDate: Thu, 1 Jan 2026 10:00:00 +0000\nMessage-ID: <${n}@${domain}>\n\nbody ${n}\n`,
  )
  const receivedAt = new Date(Date.now() - daysAgo * 86_400_000 - 1000)
  const { messageId } = await importMessage(deps, tenant, { raw, receivedAt })
  const stored = await t.storage.tenant(tenant, (tx) => currentVerdict(tx, messageId))
  const found = stored?.signals.find((s) => s.id === 'first-contact')
  return found ? { weight: found.weight, summary: found.summary } : null
}

test('who is new says nothing while the records are young, and something later; of each organisation by its own', async () => {
  expect(await next(t.a, 'first@client.example')).toBeNull()
  // The record that makes organisation A's records reach back; B's stay young.
  await next(t.a, 'old@partner.example', 60)
  expect(await next(t.a, 'stranger@new.example')).toMatchObject({
    weight: 0.9,
    summary: expect.stringContaining('new.example'),
  })
  expect((await next(t.a, 'colleague@new.example'))?.weight).toBe(0.3)
  expect((await next(t.a, 'stranger@new.example'))?.weight).toBe(0)
  expect(await next(t.b, 'stranger@new.example')).toBeNull()
  await next(t.b, 'old@partner.example', 60)
  expect((await next(t.b, 'other@new.example'))?.weight).toBe(0.3)
})

test('who has written to the same people for a week, proven and never convicted, is trusted a little', async () => {
  for (const days of [40, 30, 20]) await next(t.a, 'weekly@letters.example', days)
  expect((await next(t.a, 'weekly@letters.example'))?.weight).toBeLessThanOrEqual(0)
  const known = await next(t.a, 'weekly@letters.example')
  expect(known).toMatchObject({ weight: expect.any(Number), summary: expect.stringContaining('regularly') })
  expect(known?.weight).toBe(-1.5)
})

test('messages that are looked up together see what each would see alone, of their own organisation', async () => {
  await next(t.a, 'known@together.example')
  const admin = { user: uuidv7(), name: 'Nadia' }
  await t.storage.tenant(t.a, async (tx) => {
    for (const value of ['x@one.example', 'x@two.example'])
      await addEntry(tx, t.storage.outbox, admin, { action: 'block', kind: 'sender', value })
    await setUserSenders(tx, 'ann@a.example', { safe: ['y@three.example'], blocked: ['one.example'] }, admin)
  })
  const view = createView(t.storage)
  const now = new Date()
  const ask = async (tenant: TenantId, ...senders: string[]) => {
    const entities = senders.flatMap((value): EntityRef[] => [
      { kind: 'sender', value },
      { kind: 'sender-domain', value: value.slice(value.indexOf('@') + 1) },
    ])
    const { policyOf: _, ...data } = await view(tenant, entities, now, [
      tenant === t.a ? 'ann@a.example' : 'ann@b.example',
    ])
    return data
  }
  const asked = ['x@one.example', 'x@two.example', 'y@three.example', 'known@together.example', 'x@one.example']
  const alone = []
  for (const sender of asked) alone.push([await ask(t.a, sender), await ask(t.b, sender)])
  const together = await Promise.all(asked.map((sender) => Promise.all([ask(t.a, sender), ask(t.b, sender)])))
  expect(together).toEqual(alone)
  const inA = together.map(([a]) => ({
    entries: a.entries.map((e) => e.value),
    own: a.senderLists?.get('ann@a.example'),
    before: a.history?.fromSender,
  }))
  expect(inA).toEqual([
    { entries: ['x@one.example'], own: 'blocked', before: 0 },
    { entries: ['x@two.example'], own: undefined, before: 0 },
    { entries: [], own: 'safe', before: 0 },
    { entries: [], own: undefined, before: 1 },
    { entries: ['x@one.example'], own: 'blocked', before: 0 },
  ])
  for (const [, b] of together) expect([b.entries, b.senderLists?.size, b.history?.fromSender]).toEqual([[], 0, 0])
  // Who writes under several names is not known by any.
  expect(
    (await Promise.all([ask(t.a, 'x@one.example', 'x@two.example'), ask(t.a, 'x@one.example')])).map(
      (v) => v.history === undefined,
    ),
  ).toEqual([true, false])
})
