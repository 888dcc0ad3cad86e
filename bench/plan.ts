/**
 * Preview of an undo by cause over a million copies, from recorded state: `bin/bench plan [copies] [runs]`. The rows are written directly
 * (no mail, no mailboxes); each run is a preview in a transaction of its own, as the API makes it. Baseline in the same turn: a bare
 * `count(*)` over the same items by their action.
 */
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type ActionId, AppError, type TenantId, uuidv7 } from '../server/src/base/index.ts'
import { createMemoryProvider } from '../server/src/mailboxes/index.ts'
import { ALL_MIGRATIONS } from '../server/src/migrations.ts'
import { createRemediation, type Requester, type UndoPreview } from '../server/src/remediation/index.ts'
import { connect, migrate, type OpenStorage, type Tx } from '../server/src/storage/index.ts'
import { unprivileged } from '../server/test/rig/account.ts'
import { quietLog } from '../server/test/rig/office.ts'

const copies = Number(process.argv[2] ?? 1_000_000)
const runs = Number(process.argv[3] ?? 20)
const MAILBOXES = 5000
/** Every so many copies are of one message. */
const PER_MESSAGE = 3
const ACTIONS = 10
/** One in so many was taken on by a second action: layers. One in so many could not be kept exactly. */
const LAYERED = 100
const INEXACT = 50
/** One mailbox in so many has left since. */
const GONE = 1000

const dir = await mkdtemp(join(tmpdir(), 'recourse-plan-'))
const account = unprivileged()
if (account) await chown(dir, account.uid, account.gid)
const storage = await connect({
  embedded: { dir: join(dir, 'postgres'), account },
  blobs: { dir: join(dir, 'blobs'), keyFile: join(dir, 'key') },
})
try {
  await migrate(storage, ALL_MIGRATIONS)
  const tenant = await storage.createTenant('Bench')
  const beside = await storage.createTenant('Beside')
  for (const id of [beside, tenant]) await seed(storage, id, id === tenant ? copies : Math.ceil(copies / 10))
  await sql`vacuum analyze`.execute(storage.db)
  await measure(storage, tenant)
} finally {
  await storage.close()
  await rm(dir, { recursive: true, force: true })
}

/** Actions of one signal, some of other causes, and their items, as they stand after all was done. */
async function seed(on: OpenStorage, tenant: TenantId, n: number): Promise<void> {
  const started = performance.now()
  await on.tenant(tenant, async (tx) => {
    await sql`insert into mailbox (tenant_id, id, address, login, display_name, kind, protected, created_at, removed_at)
      select ${tenant}, recourse_uuidv7(now()), 'u' || k || '@bench.example', 'u' || k || '@' || ${tenant}::text, '', 'user', false, now(),
        case when k % ${GONE}::int = 0 then now() end
      from generate_series(1, ${MAILBOXES}::int) k`.execute(tx)
    await sql`create temporary table box on commit drop as
      select id, row_number() over (order by address) - 1 as k from mailbox where tenant_id = ${tenant}`.execute(tx)
    await sql`create temporary table msg on commit drop as
      select recourse_uuidv7(now()) as id, k from generate_series(0, ${Math.ceil(n / PER_MESSAGE)}::int) k`.execute(tx)
    await sql`analyze box`.execute(tx)
    await sql`analyze msg`.execute(tx)
    for (let a = 0; a < ACTIONS * 2; a++) await seedAction(tx, tenant, a, Math.ceil(n / ACTIONS))
    await sql`insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, via, target_kind,
        target_location, before_kind, before_location, after_location, after_folder, layered, verified_at, updated_at)
      select i.tenant_id, recourse_uuidv7(now()), s.id, i.delivery_id, i.message_id, i.mailbox_id, i.recipient, 'done', 'move', 'hold',
        'hard-deleted', 'hold', 'soft-deleted', 'hard-deleted', 'Hold', true, now() + interval '1 minute', now()
      from action_item i, (select id from action where tenant_id = ${tenant} and name like 'signal%' order by id desc limit 1) s
      where i.tenant_id = ${tenant} and ('x' || right(i.delivery_id::text, 7))::bit(28)::int % ${LAYERED}::int = 0
        and i.action_id in (select id from action where tenant_id = ${tenant} and name like 'signal%')`.execute(tx)
  })
  console.log(`${n} copies written in ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** Even ones are of the signal that is undone, odd ones of others. */
async function seedAction(tx: Tx, tenant: TenantId, a: number, n: number): Promise<void> {
  const id = uuidv7<ActionId>()
  const name = a % 2 === 0 ? 'signal' : 'other'
  const size = a % 2 === 0 ? n : Math.ceil(n / 5)
  const cause = { kind: 'signal', id: name, version: 1 + (a % 4) }
  await sql`insert into action (tenant_id, id, kind, params, name, description, cause, requested_by, state, created_at, started_at,
      ended_at, proven, n_total, n_done, n_verified)
    values (${tenant}, ${id}, 'soft-delete', '{}', ${`${name} ${a}`}, '', ${JSON.stringify(cause)}, '{"id":null,"name":"Policy"}', 'completed',
      now(), now(), now(), true, ${size}, ${size}, ${size})`.execute(tx)
  await sql`insert into action_item (tenant_id, id, action_id, delivery_id, message_id, mailbox_id, recipient, state, via, target_kind,
      target_location, before_kind, before_location, before_folder, after_location, after_folder, restorable, lost, verified_at, updated_at)
    select ${tenant}, recourse_uuidv7(now()), ${id}, recourse_uuidv7(now()), m.id, b.id, 'u@bench.example', 'done', 'move', 'hold',
      'soft-deleted', 'folder', case when g.k % 10 = 0 then 'folder' else 'inbox' end, case when g.k % 10 = 0 then 'Work/' || g.k % 70 end,
      'soft-deleted', 'Hold', g.k % ${INEXACT} <> 0, case when g.k % ${INEXACT} = 0 then '["a keyword"]'::jsonb end, now(), now()
    from generate_series(0, ${size - 1}::int) g(k)
    join box b on b.k = g.k % ${MAILBOXES}
    join msg m on m.k = (g.k + ${a}::int * ${Math.floor(size / PER_MESSAGE)}::int * ${PER_MESSAGE}::int) / ${PER_MESSAGE} % ${Math.ceil((n * ACTIONS) / PER_MESSAGE)}::int`.execute(
    tx,
  )
}

async function measure(on: OpenStorage, tenant: TenantId): Promise<void> {
  const remediation = createRemediation({
    storage: on,
    mailboxes: createMemoryProvider(),
    nextHop: null,
    log: quietLog,
  })
  const analyst: Requester = { tenant, user: null, name: 'Bench', permissions: new Set(['remediation.propose']) }
  const previews: number[] = []
  const counts: number[] = []
  let last: UndoPreview | null = null
  for (let k = 0; k < runs; k++) {
    let at = performance.now()
    last = await remediation.previewUndoOf(analyst, { signal: { id: 'signal' } })
    previews.push(performance.now() - at)
    at = performance.now()
    await on.tenant(tenant, (tx) =>
      sql`select count(*) from action_item where tenant_id = ${tenant} and action_id in
        (select id from action where tenant_id = ${tenant} and cause->>'kind' = 'signal' and cause->>'id' = 'signal')`.execute(
        tx,
      ),
    )
    counts.push(performance.now() - at)
  }
  if (!last) throw new AppError('usage', 'No run was asked for.', 'Give the number of runs.')
  const { messages, mailboxes, exact, notExact, impossible } = last
  console.log({
    copies: last.copies,
    messages,
    mailboxes,
    exact,
    notExact,
    impossible,
    actions: last.actions.length,
    folders: last.byFolder.length,
  })
  const line = (what: string, all: readonly number[]) =>
    console.log(`${what}: p50 ${at50(all)} ms, p95 ${at95(all)} ms over ${all.length} runs`)
  line('preview of the undo by cause', previews)
  line('bare count(*) of the same items', counts)
}

function quantile(all: readonly number[], q: number): string {
  const sorted = [...all].sort((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN).toFixed(0)
}
function at50(all: readonly number[]): string {
  return quantile(all, 0.5)
}
function at95(all: readonly number[]): string {
  return quantile(all, 0.95)
}
