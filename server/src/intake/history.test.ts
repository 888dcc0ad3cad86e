import { afterAll, beforeAll, expect, test } from 'vitest'
import { homesAt, saveCompany } from '../../test/rig/intake.ts'
import { type TestStorage, testStorage } from '../../test/rig/storage.ts'
import type { TenantId } from '../base/index.ts'
import { createParser, type Parser } from '../mail/index.ts'
import { createMemoryProvider } from '../mailboxes/index.ts'
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
