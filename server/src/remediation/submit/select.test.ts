import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Office, people } from '../../../test/rig/memory-office.ts'
import { type TestStorage, testStorage } from '../../../test/rig/storage.ts'
import { LOCATIONS } from '../../records/index.ts'
import type { ActionRequest } from '../types.ts'
import { classify, decisionTable } from './possible.ts'
import { chosen, classified } from './select.ts'

const KINDS: readonly Pick<ActionRequest, 'kind' | 'target'>[] = [
  { kind: 'move', target: 'inbox' },
  { kind: 'move', target: 'junk' },
  { kind: 'move', target: 'deleted-items' },
  { kind: 'soft-delete' },
  { kind: 'hard-delete' },
  { kind: 'quarantine' },
  { kind: 'release' },
]

let t: TestStorage
let office: Office
beforeAll(async () => {
  t = await testStorage()
  office = new Office(t, t.a, await people(t))
})
afterAll(async () => {
  await office.close()
  await t.close()
})

describe('what the database decides is what the rule says', () => {
  test('for copies in every state, and every action (explorer #83, air #102)', async () => {
    const mail = await office.deliver(['ann', 'bob', 'cem'])
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...KINDS),
        fc.array(fc.tuple(fc.constantFrom(...LOCATIONS), fc.boolean(), fc.boolean()), { minLength: 3, maxLength: 3 }),
        async (what, states) => {
          const found = await t.storage
            .tenant(t.a, async (tx) => {
              for (const [n, [location, inMailbox, delivered]] of states.entries())
                await sql`update delivery set latest_location = ${location},
                  mailbox_id = case when ${inMailbox} then mailbox_id end, ref = case when ${delivered} then ref end,
                  handover = case when ${delivered} then handover else 'none' end
                  where id = ${mail.copies[n]?.id}`.execute(tx)
              const request: ActionRequest = { ...what, select: { deliveryIds: mail.copies.map((c) => c.id) } }
              const k = classified(t.a, request, await chosen(tx, t.a, request.select), { automation: false })
              const rows = await sql<{ id: string; is: string; reason: string | null; target_location: string }>`
                with ${k} select id, "is", reason, target_location from k`.execute(tx)
              // Nothing of it stays for the next draw.
              throw new Seen(rows.rows)
            })
            .catch((error: unknown) => {
              if (error instanceof Seen) return error.rows
              throw error
            })
          for (const [n, [location, inMailbox, delivered]] of states.entries()) {
            const rule = classify(what.kind, what.target ?? null, { location, inMailbox, delivered, released: false })
            const row = found.find((r) => r.id === mail.copies[n]?.id)
            expect(row?.is).toBe(rule.is)
            if (rule.is === 'actionable') expect(row?.target_location).toBe(rule.target.location)
            else expect(row?.reason).toBe(rule.reason)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('the table knows every combination once; the door of Take action only takes away', () => {
    for (const { kind, target } of KINDS) {
      const own = decisionTable(kind, target ?? null, null)
      const take = decisionTable(kind, target ?? null, 'take')
      expect(new Set(own.map((r) => JSON.stringify([r.location, r.in_mailbox, r.delivered, r.released]))).size).toBe(88)
      for (const [n, rule] of take.entries())
        if (rule.is !== own[n]?.is) expect([own[n]?.is, rule.is]).toEqual(['actionable', 'impossible'])
    }
  })
})

class Seen extends Error {
  readonly rows: readonly { id: string; is: string; reason: string | null; target_location: string }[]
  constructor(rows: Seen['rows']) {
    super('seen')
    this.rows = rows
  }
}
