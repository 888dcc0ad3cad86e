import { type RawBuilder, sql } from 'kysely'
import { type ActionId, AppError, type TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { Frozen } from '../ledger/tables.ts'
import { proposedBy } from '../rules/approval.ts'
import { mayRun } from '../rules/rights.ts'
import { type ActionRow, type ActionView, undoneBy, viewOf } from './action.ts'
import { classOf, type ResultClass } from './items.ts'

/** When an action last changed, as far as people notice: made, decided, begun, ended. */
const UPDATED = sql`greatest(a.created_at, a.started_at, a.decided_at, a.ended_at)`

// What the database writes a sort value as, and takes back from a cursor.
const INSTANT = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?([+-]\d\d(:\d\d)?)|infinity)$/
const TEXT = /^[^\0]*$/
const NUMBER = /^\d{1,9}$/

const SORTS = {
  updated: { by: UPDATED, type: sql`timestamptz`, form: INSTANT },
  created: { by: sql`a.created_at`, type: sql`timestamptz`, form: INSTANT },
  expires: { by: sql`coalesce(a.expires_at, 'infinity')`, type: sql`timestamptz`, form: INSTANT },
  name: { by: sql`lower(a.name)`, type: sql`text`, form: TEXT },
  kind: { by: sql`a.kind`, type: sql`text`, form: TEXT },
  state: { by: sql`a.state`, type: sql`text`, form: TEXT },
  decided: { by: sql`lower(coalesce(a.decided_by, ''))`, type: sql`text`, form: TEXT },
  copies: { by: sql`a.n_total`, type: sql`integer`, form: NUMBER },
} as const
export const ACTION_SORTS = Object.keys(SORTS) as readonly (keyof typeof SORTS)[]
export type ActionSort = keyof typeof SORTS

/** The periods of the Action center, in days. */
export const PERIODS = { '1d': 1, '7d': 7, '30d': 30, '180d': 180 } as const

export interface ActionQuery {
  /** What waits for a decision, or everything else. */
  readonly tab?: 'pending' | 'history'
  /** Changed at or after, and before. */
  readonly from?: Date
  readonly to?: Date
  readonly kind?: readonly string[]
  readonly state?: readonly string[]
  readonly source?: readonly string[]
  readonly severity?: readonly string[]
  readonly decidedBy?: readonly string[]
  readonly requestedBy?: readonly string[]
  readonly approval?: readonly string[]
  /** Text in name, description or approval ID. */
  readonly q?: string
  readonly sort?: ActionSort
  readonly dir?: 'asc' | 'desc'
  readonly limit: number
  readonly cursor?: string
}

function conditions(query: ActionQuery): RawBuilder<unknown>[] {
  const all: RawBuilder<unknown>[] = []
  const of = (column: RawBuilder<unknown>, values: readonly string[] | undefined) => {
    if (values && values.length > 0) all.push(sql`${column} = any(${[...values]}::text[])`)
  }
  if (query.tab)
    all.push(query.tab === 'pending' ? sql`a.state = 'pending-approval'` : sql`a.state <> 'pending-approval'`)
  if (query.from) all.push(sql`${UPDATED} >= ${query.from}::timestamptz`)
  if (query.to) all.push(sql`${UPDATED} < ${query.to}::timestamptz`)
  of(sql`a.kind`, query.kind)
  of(sql`a.state`, query.state)
  of(sql`a.source`, query.source)
  of(sql`a.severity`, query.severity)
  of(
    sql`lower(a.decided_by)`,
    query.decidedBy?.map((d) => d.toLowerCase()),
  )
  of(
    sql`lower(a.requested_by->>'name')`,
    query.requestedBy?.map((d) => d.toLowerCase()),
  )
  of(
    sql`a.approval_id`,
    query.approval?.map((a) => a.trim().toLowerCase()),
  )
  if (query.q?.trim()) {
    const text = `%${query.q.trim().replace(/[\\%_]/g, '\\$&')}%`
    all.push(sql`(a.name ilike ${text} or a.description ilike ${text} or a.approval_id ilike ${text})`)
  }
  return all
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Sort value and id of the last row. */
function readCursor(cursor: string, form: RegExp): readonly [value: string, id: string] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (Array.isArray(read)) {
      const [value, id] = read
      if (typeof value === 'string' && typeof id === 'string' && form.test(value) && UUID.test(id)) return [value, id]
    }
  } catch {
    // not ours
  }
  throw new AppError('bad-cursor', 'This cursor was not given by a list.', 'Begin again without cursor.')
}

/** Actions as the Action center lists them. Throws AppError `bad-cursor`. */
export async function listActions(
  tx: Tx,
  tenant: TenantId,
  query: ActionQuery,
): Promise<{ items: readonly ActionView[]; next: string | null }> {
  const { by, type, form } = SORTS[query.sort ?? 'created']
  const up = query.dir === 'asc'
  const all = conditions(query)
  if (query.cursor !== undefined) {
    const [value, id] = readCursor(query.cursor, form)
    const than = up ? sql`>` : sql`<`
    all.push(sql`(${by}, a.id) ${than} (${value}::text::${type}, ${id}::uuid)`)
  }
  const where = all.length > 0 ? sql`and ${sql.join(all, sql` and `)}` : sql``
  const direction = up ? sql`asc` : sql`desc`
  const rows = await sql<ActionRow & { sort_value: string }>`
    select a.*, ${undoneBy}, (${by})::text as sort_value from action a where a.tenant_id = ${tenant} ${where}
    order by ${by} ${direction}, a.id ${direction} limit ${query.limit + 1}`.execute(tx)
  const page = rows.rows.slice(0, query.limit)
  const last = page.at(-1)
  const more = rows.rows.length > query.limit && last !== undefined
  return {
    items: page.map(viewOf),
    next: more ? Buffer.from(JSON.stringify([last.sort_value, last.id])).toString('base64url') : null,
  }
}

export interface ActionDetail extends ActionView {
  /** How its targets were chosen; null: not by a plan. */
  readonly selection: Frozen | null
  /** Other steps under the same approval ID. */
  readonly together: readonly Brief[]
  /** What was done instead of it. */
  readonly derived: readonly Brief[]
}
export type Brief = Pick<ActionView, 'id' | 'kind' | 'name' | 'state'>

export async function detailOf(tx: Tx, tenant: TenantId, action: ActionView): Promise<ActionDetail> {
  const frozen = await sql<{ selection: Frozen }>`
    select p.selection from plan p join action a on a.tenant_id = p.tenant_id and a.plan_id = p.id
    where a.tenant_id = ${tenant} and a.id = ${action.id}`.execute(tx)
  const together = await sql<Brief>`
    select o.id, o.kind, o.name, o.state from action a join action o on o.tenant_id = a.tenant_id and o.plan_id = a.plan_id
      and o.id <> a.id
    where a.tenant_id = ${tenant} and a.id = ${action.id} order by o.id limit 200`.execute(tx)
  const derived = await sql<Brief>`
    select id, kind, name, state from action where tenant_id = ${tenant} and derived_from = ${action.id} order by id`.execute(
    tx,
  )
  return { ...action, selection: frozen.rows[0]?.selection ?? null, together: together.rows, derived: derived.rows }
}

export interface Results {
  readonly class: ResultClass
  readonly count: number
  readonly reasons: readonly { readonly reason: string; readonly count: number }[]
}

const REASONS = 300

/** How the items of an action ended, and why, the most frequent first. */
export async function resultsOf(tx: Tx, tenant: TenantId, action: ActionId): Promise<readonly Results[]> {
  const rows = await sql<{ class: ResultClass; reason: string | null; count: number; total: number }>`
    select class, reason, count, total from (
      select class, reason, count(*)::int as count, sum(count(*)) over (partition by class)::int as total
      from (select ${classOf} as class, i.reason from action_item i
        where i.tenant_id = ${tenant} and i.action_id = ${action}) x group by class, reason) y
    order by count desc, reason limit ${REASONS}`.execute(tx)
  return [...Map.groupBy(rows.rows, (r) => r.class)].map(([name, part]) => ({
    class: name,
    count: part[0]?.total ?? 0,
    reasons: part.flatMap((r) => (r.reason === null ? [] : [{ reason: r.reason, count: r.count }])),
  }))
}

/** What the asker may do with an action in its state: a button that would be refused is not offered. */
export interface Can {
  readonly approve: boolean
  readonly reject: boolean
  readonly approvePart: boolean
  readonly cancel: boolean
  readonly undo: boolean
  readonly redo: boolean
}

/** Pure. */
export function canDo(
  action: ActionView,
  asker: { readonly user: string | null; readonly permissions: ReadonlySet<string> },
  rules: { readonly ownProposals: boolean; readonly purges: boolean; readonly now: Date },
): Can {
  const may = asker.permissions.has('remediation.approve')
  // To take back needs no other right than to act: who may only propose proposes the undo.
  const ask = may || asker.permissions.has('remediation.propose')
  const waits = action.state === 'pending-approval'
  // Its time may be over before that is written down.
  const pending = waits && (action.expiresAt === null || Date.parse(action.expiresAt) > rules.now.getTime())
  const approvedIt = action.approvals.some((a) => a.decision === 'approved' && a.id === asker.user)
  const own = !rules.ownProposals && proposedBy(asker.user, action.requestedBy, action.joined)
  const approve = mayRun(asker, rules.purges ? 'hard-delete' : action.kind) && pending && !approvedIt && !own
  const running = action.state === 'queued' || action.state === 'running'
  const { done, doubtful, reverted } = action.counts
  // What ended in doubt with a copy somewhere can be taken back, too.
  const left = !waits && !running && done + doubtful > reverted
  return {
    approve,
    reject: may && pending,
    approvePart: approve && action.counts.planned > 1 && action.kind !== 'undo',
    cancel: may && (pending || running),
    undo: ask && left && action.kind !== 'undo',
    redo: ask && left && action.kind === 'undo',
  }
}
