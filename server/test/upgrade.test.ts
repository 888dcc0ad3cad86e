// A database of the first version, with rows in it, brought to today's: every row is there afterwards, and means what it meant.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TenantId, uuidv7 } from '../src/base/index.ts'
import { ALL_MIGRATIONS } from '../src/migrations.ts'
import { migrate, type Tx, tenantWalls } from '../src/storage/index.ts'
import { type Older, older } from './rig/older.ts'
import { type TestStorage, testStorage } from './rig/storage.ts'

const FIRST = { audit: 1, access: 1, organisation: 1, lists: 1, records: 1, remediation: 1 }
const AT = '2026-03-01T10:00:00Z'
let t: TestStorage
let first: Older
/** By name, of both tenants alike: nothing of one may come to the other. */
const id = Object.fromEntries(
  [
    ...['mailbox', 'message', 'unread', 'verdict', 'delivery', 'other', 'vault'],
    ...['moved', 'undone', 'proposed', 'done', 'begun', 'waiting', 'again', 'over', 'doubtful', 'back', 'planned'],
  ].map((name) => [name, uuidv7()]),
)
const copy = (uid: number) => JSON.stringify({ kind: 'imap', folder: 'INBOX', uid })
const looks = (flag: string) => JSON.stringify({ flags: [flag], date: AT })

beforeAll(async () => {
  first = older(FIRST)
  t = await testStorage({ migrations: first.migrations })
  for (const tenant of [t.a, t.b]) await t.storage.tenant(tenant, (tx) => fill(tx, tenant))
  await migrate(t.storage, ALL_MIGRATIONS)
})
afterAll(async () => {
  await t?.close()
  first?.drop()
})

async function insert(tx: Tx, table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const columns = sql.join(Object.keys(row).map((name) => sql.ref(name)))
  await sql`insert into ${sql.table(table)} (${columns}) values (${sql.join(Object.values(row))})`.execute(tx)
}

async function fill(tx: Tx, tenant: TenantId): Promise<void> {
  await mail(tx, tenant)
  const action = (name: string, row: object) =>
    insert(tx, 'action', {
      ...{ tenant_id: tenant, id: id[name], kind: 'move', target: 'junk', params: '{}', name, description: '' },
      ...{ requested_by: '{"id":null,"name":"Recourse"}', state: 'completed', created_at: AT, ...row },
    })
  await action('moved', { cause: '{"kind":"entry","id":"e1","version":1}' })
  await action('undone', {
    ...{ kind: 'undo', target: null, undo_of: id['moved'] },
    approvals: `[{"id":"u1","name":"Ada","at":"${AT}"},{"id":"u2","name":"Bea","at":"2026-03-02T10:00:00Z"}]`,
  })
  await action('proposed', { kind: 'soft-delete', target: 'deleted-items', state: 'pending-approval' })
  const item = (name: string, of: string, row: object) =>
    insert(tx, 'action_item', {
      ...{ tenant_id: tenant, id: id[name], action_id: id[of], delivery_id: id['other'], message_id: id['message'] },
      ...{ mailbox_id: id['mailbox'], recipient: 'ann@kontor.example', target_kind: 'folder', target_location: 'junk' },
      ...{ updated_at: AT, ...row },
    })
  const before = { before_ref: copy(1), before_state: looks('seen') }
  await item('done', 'moved', {
    ...{ state: 'done', delivery_id: id['delivery'], reverted_by: id['back'], vault_id: id['vault'] },
    ...{ ...before, after_ref: copy(2), after_state: looks('junk') },
  })
  await item('begun', 'moved', { state: 'executing', ...before, hold_position: '{"next":7}' })
  await item('waiting', 'moved', { state: 'approved', source_ref: copy(3), source_state: looks('answered') })
  await item('again', 'moved', { state: 'failed', next_attempt_at: AT, attempts: 2, reason: 'server away' })
  await item('over', 'moved', { state: 'failed', reason: 'no such mailbox' })
  await item('doubtful', 'moved', { state: 'ambiguous', ...before, after_ref: copy(4) })
  await item('back', 'undone', { state: 'done', delivery_id: id['delivery'], undoes: id['done'] })
  await item('planned', 'proposed', { state: 'planned' })
  for (const [from, to] of [
    [null, 'planned'],
    ['planned', 'approved'],
    ['approved', 'executing'],
    ['executing', 'done'],
  ])
    await insert(tx, 'item_transition', {
      ...{ tenant_id: tenant, item_id: id['done'], action_id: id['moved'], at: AT, who: 'w1', from_state: from },
      ...{ to_state: to, why: to === 'done' ? 'read back' : null },
    })
  await insert(tx, 'vault', {
    ...{ tenant_id: tenant, id: id['vault'], delivery_id: id['delivery'], prefix: Buffer.from('X: y\r\n') },
    ...{ blob_key: 'b1', sha256: 's1', size: 7, created_at: AT, retention_until: '2030-01-01' },
  })
  await insert(tx, 'guard', {
    ...{ tenant_id: tenant, delivery_id: id['delivery'], cause_kind: 'entry', cause_id: 'e1', cause_version: 1 },
    ...{ set_by: id['undone'], at: AT },
  })
}

async function mail(tx: Tx, tenant: TenantId): Promise<void> {
  const message = (name: string, row: object) =>
    insert(tx, 'message', {
      ...{ tenant_id: tenant, id: id[name], received_at: AT, direction: 'inbound', source: 'lmtp', subject: name },
      ...{ sender_name: '', size: 7, blob_key: 'b1', sha256: 's1', snippet: '', verdict_id: id['verdict'], ...row },
    })
  const parsed = JSON.stringify({ urls: [{}, {}], attachments: [{}] })
  await message('message', { parse_state: 'parsed', mail: parsed, threat: 'spam' })
  await message('unread', { parse_state: 'unparsable', mail: '{}', threat: 'none', verdict_id: uuidv7() })
  const verdict = JSON.stringify({ technology: 'list-entry', policy: 'standard' })
  await insert(tx, 'verdict', {
    ...{
      tenant_id: tenant,
      id: id['verdict'],
      message_id: id['message'],
      at: AT,
      verdict,
      signals: '[]',
      inputs: '{}',
    },
  })
  for (const [name, latest_location] of [
    ['delivery', 'inbox'],
    ['other', 'quarantine'],
  ])
    await insert(tx, 'delivery', {
      ...{ tenant_id: tenant, id: id[name ?? ''], message_id: id['message'], recipient: 'ann@kontor.example' },
      ...{ recipient_key: 'ann@kontor.example', mailbox_id: id['mailbox'], action: 'delivered' },
      ...{ original_location: 'inbox', latest_location, handover: 'delivered', updated_at: AT },
    })
  for (const kind of ['received', 'moved'])
    await insert(tx, 'message_event', {
      ...{ tenant_id: tenant, id: uuidv7(), message_id: id['message'], delivery_id: id['delivery'], at: AT, kind },
      ...{ actor: 'Recourse', summary: kind, detail: '{}' },
    })
  await insert(tx, 'entity', {
    ...{ tenant_id: tenant, kind: 'domain', hash: 'h', message_id: id['message'], value: 'x.example', received_at: AT },
  })
}

/** Of both tenants, which must be the same. */
async function rows(select: string): Promise<unknown[]> {
  const read = (tenant: TenantId) => t.storage.tenant(tenant, async (tx) => (await sql.raw(select).execute(tx)).rows)
  const found = await read(t.a)
  expect(await read(t.b)).toEqual(found)
  return found
}
const named = (select: string) => rows(select).then((all) => JSON.parse(name(JSON.stringify(all))))
const name = (text: string) => Object.entries(id).reduce((said, [word, uuid]) => said.replaceAll(uuid, word), text)

test('the walls stand, and no row is lost or doubled', async () => {
  expect(await tenantWalls(t.storage)).toEqual([])
  for (const [table, n] of Object.entries({
    ...{ message: 2, delivery: 2, message_event: 2, verdict: 1, entity: 1, held_copy: 1 },
    ...{ action: 3, action_item: 8, item_transition: 4, vault: 1, guard: 1, plan: 0 },
  }))
    expect(await rows(`select count(*)::int as n from ${table}`), table).toEqual([{ n }])
})

test('messages show what lists need, held copies why and for what policy', async () => {
  expect(await rows('select subject, technology, url_count, attachment_count from message order by subject')).toEqual([
    { subject: 'message', technology: 'list-entry', url_count: 2, attachment_count: 1 },
    { subject: 'unread', technology: 'none', url_count: 0, attachment_count: 0 },
  ])
  expect(await named('select delivery_id, reason, policy_name, state from held_copy')).toEqual([
    { delivery_id: 'other', reason: 'spam', policy_name: 'Tenant Allow/Block List', state: 'held' },
  ])
})

test('actions keep who decided, what they undo, and what may be in doubt; what waits for approval still expires', async () => {
  const columns = `id, approval_id = right(id::text, 6) as short, decided_by, decided_at, approvals_needed as needed, n_doubtful as doubtful,
    expires_at - created_at = interval '7 days' as week`
  expect(await named(`select ${columns} from action order by created_at, id`)).toEqual([
    { ...{ id: 'moved', short: true, decided_by: null, decided_at: null, needed: 0, doubtful: 1, week: null } },
    {
      ...{ id: 'undone', short: true, decided_by: 'Bea', needed: 0, doubtful: 0, week: null },
      decided_at: expect.any(String),
    },
    { ...{ id: 'proposed', short: true, decided_by: null, decided_at: null, needed: 1, doubtful: 0, week: true } },
  ])
  expect(await named('select undo_id, action_id from action_undoes')).toEqual([
    { undo_id: 'undone', action_id: 'moved' },
  ])
  expect(await named('select delivery_id, cause_id, set_by from guard')).toEqual([
    { delivery_id: 'delivery', cause_id: 'e1', set_by: 'undone' },
  ])
})

test('items keep their copies as they were and as they came to be, what is due, what is begun, and their history', async () => {
  const at = (flag: string) => JSON.parse(looks(flag))
  const ref = (uid: number) => JSON.parse(copy(uid))
  expect(await named('select item_id, side, ref, state from item_copy order by item_id, side desc')).toEqual([
    { item_id: 'done', side: 'before', ref: ref(1), state: at('seen') },
    { item_id: 'done', side: 'after', ref: ref(2), state: at('junk') },
    { item_id: 'begun', side: 'before', ref: ref(1), state: at('seen') },
    { item_id: 'waiting', side: 'source', ref: ref(3), state: at('answered') },
    { item_id: 'doubtful', side: 'before', ref: ref(1), state: at('seen') },
    { item_id: 'doubtful', side: 'after', ref: ref(4), state: at('seen') },
  ])
  expect(
    await named('select item_id, action_id, retry_at is not null as later from item_due order by item_id'),
  ).toEqual([
    { item_id: 'begun', action_id: 'moved', later: false },
    { item_id: 'waiting', action_id: 'moved', later: false },
    { item_id: 'again', action_id: 'moved', later: true },
  ])
  expect(
    await named(
      'select i.id, b.items, b.position, b.before::json from item_batch b join action_item i on i.batch_id = b.id',
    ),
  ).toEqual([{ id: 'begun', items: ['begun'], position: { next: 7 }, before: [[ref(1), at('seen')]] }])
  expect(
    await named(
      'select id, undoes, reverted_by, vault_id from action_item where layered or vault_id is not null order by id',
    ),
  ).toEqual(
    expect.arrayContaining([
      { id: 'done', undoes: null, reverted_by: 'back', vault_id: 'vault' },
      { id: 'back', undoes: 'done', reverted_by: null, vault_id: null },
    ]),
  )
  expect(
    await named('select item_id, action_id, who, from_state, to_state, why from item_transition order by seq'),
  ).toEqual([
    { item_id: 'done', action_id: 'moved', who: 'w1', from_state: null, to_state: 'planned', why: null },
    { item_id: 'done', action_id: 'moved', who: 'w1', from_state: 'planned', to_state: 'approved', why: null },
    { item_id: 'done', action_id: 'moved', who: 'w1', from_state: 'approved', to_state: 'executing', why: null },
    { item_id: 'done', action_id: 'moved', who: 'w1', from_state: 'executing', to_state: 'done', why: 'read back' },
  ])
})
