import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { offices } from '../../../test/rig/offices.ts'

const t = offices()

/** What is written down of copies after their move, by item; null: as before. */
const after = async () => {
  const { rows } = await t.storage.tenant(t.a, (tx) =>
    sql<{ after_state: { flags: string[]; subscribed: boolean | null } | null }>`select s.after_state from item_seen s
      join action_item i on i.tenant_id = s.tenant_id and i.id = s.item_id where i.after_location = 'soft-deleted' order by s.item_id`.execute(
      tx,
    ),
  )
  return rows.map((r) => r.after_state)
}

test('how a copy looks after its move is written down only where it looks otherwise than before; both are shown, and go back exactly', async () => {
  const o = t.office()
  const { copies } = await o.deliver(['ann', 'bob'], { flags: ['\\Seen'] })
  const before = o.snapshots()
  o.fails('bob', 'move', {
    inEarnest: true,
    before: () => o.user('bob').flag('INBOX', o.uids('bob', 'INBOX')[0] ?? 0, ['\\Seen', '\\Flagged']),
  })
  const take = await o.run({ kind: 'soft-delete' }, copies)
  const stored = await after()
  expect(stored.filter((s) => s === null)).toHaveLength(1)
  expect(stored.filter((s) => s !== null)).toMatchObject([{ flags: ['\\Flagged', '\\Seen'], subscribed: null }])
  const shown = (await o.items(take)).map((i) => [i.before?.flags, i.after?.flags])
  expect(shown).toContainEqual([['\\Seen'], ['\\Seen']])
  expect(shown).toContainEqual([['\\Seen'], ['\\Flagged', '\\Seen']])
  await o.undo(take)
  expect(o.user('ann').snapshot()).toEqual(before[0])
  expect(o.user('bob').list('INBOX')[0]?.flags).toEqual(['\\Flagged', '\\Seen'])
})
