import { afterAll, beforeAll, expect, test } from 'vitest'
import { saveCompany } from '../../../test/rig/intake.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { type MailboxId, uuidv7 } from '../../base/index.ts'
import { createMemoryProvider } from '../../mailboxes/index.ts'
import { directory } from '../../organisation/index.ts'
import { oneServer } from './outside.ts'

let t: TestStorage
beforeAll(async () => {
  t = await testStorage()
})
afterAll(() => t.close())

test('a mailbox is known from the moment on in which the organisation has it', async () => {
  const homeOf = oneServer(t.storage, createMemoryProvider())
  const idOf = (address: string) =>
    t.storage.tenant(t.a, async (tx) => (await directory(tx)).resolve(address).mailboxes[0]?.id ?? uuidv7<MailboxId>())
  await saveCompany(t.storage, t.a, 'a.example', ['ann'])
  expect(await homeOf(t.a, await idOf('ann@a.example'))).toMatchObject({ address: 'ann@a.example' })
  await saveCompany(t.storage, t.a, 'a.example', ['ann', 'bo'])
  expect(await homeOf(t.a, await idOf('bo@a.example'))).toMatchObject({ address: 'bo@a.example' })
  expect(await homeOf(t.a, uuidv7())).toBe(null)
})
