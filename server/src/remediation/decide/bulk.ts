import { sql } from 'kysely'
import { type ActionId, AppError, type TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { ActionState } from '../ledger/states.ts'

/** What became of one action of a bulk decision. */
export interface BulkResult {
  readonly id: ActionId
  readonly ok: boolean
  readonly state: ActionState | null
  readonly error: { readonly code: string; readonly message: string; readonly cure: string } | null
}

/**
 * Several at once only where they are of the same type (air #83, #126), or the steps of one plan: that is one wish. Throws AppError
 * `no-action`, `mixed-types`.
 */
export async function sameKind(tx: Tx, tenant: TenantId, ids: readonly ActionId[]): Promise<void> {
  const found = await sql<{ kind: string; target: string | null; n: number }>`
    select kind, target, count(*)::int as n from action where tenant_id = ${tenant} and id = any(${[...ids]}::uuid[])
    group by kind, target`.execute(tx)
  const there = found.rows.reduce((sum, r) => sum + r.n, 0)
  if (there < ids.length)
    throw new AppError(
      'no-action',
      `${ids.length - there} of these ${ids.length} actions do not exist.`,
      'Look at the list of actions.',
      { status: 404 },
    )
  if (found.rows.length < 2 || (await isOnePlan(tx, tenant, ids))) return
  const kinds = found.rows.map((r) => `${r.n} × ${r.kind}${r.target === null ? '' : ` to ${r.target}`}`)
  throw new AppError(
    'mixed-types',
    `These actions are of different types: ${kinds.join(', ')}.`,
    'Decide on those of one type at a time.',
    { status: 409 },
  )
}

async function isOnePlan(tx: Tx, tenant: TenantId, ids: readonly ActionId[]): Promise<boolean> {
  const found = await sql<{ plans: number; without: number }>`
    select count(distinct plan_id)::int as plans, count(*) filter (where plan_id is null)::int as without
    from action where tenant_id = ${tenant} and id = any(${[...ids]}::uuid[])`.execute(tx)
  const [row] = found.rows
  return row?.plans === 1 && row.without === 0
}

export async function answerOf(id: ActionId, work: (id: ActionId) => Promise<ActionState>): Promise<BulkResult> {
  try {
    return { id, ok: true, state: await work(id), error: null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const { code, message, cure } = error
    return { id, ok: false, state: null, error: { code, message, cure } }
  }
}
