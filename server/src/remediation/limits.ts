import { sql } from 'kysely'
import { AppError } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'
import type { LedgerContext } from './ledger.ts'
import type { Requester, Selection } from './types.ts'

/** How much may be asked for; configuration `remediation`. */
export interface Limits {
  readonly maxByHand: number
  readonly maxByQuery: number
  /** Actions that wait for their turn or run. */
  readonly maxActive: number
  /** While an action on more copies than this runs, no other one begins. */
  readonly maxActiveCopies: number
  /** Messages that one plan submits. */
  readonly maxSubmit: number
}

export const DEFAULT_LIMITS: Limits = {
  maxByHand: 10_000,
  maxByQuery: 1_000_000,
  maxActive: 50,
  maxActiveCopies: 1_000_000,
  maxSubmit: 100,
}

const number = (n: number): string => n.toLocaleString('en')

/** Throws AppError `too-many`. */
export function checkSize(limits: Limits, select: Selection, copies: number): void {
  const query = 'filter' in select
  const most = query || 'actionId' in select ? limits.maxByQuery : limits.maxByHand
  if (copies <= most) return
  throw new AppError(
    'too-many',
    `The selection has ${number(copies)} copies; an action may have ${number(most)}${query ? '' : ' that are chosen by hand'}.`,
    query
      ? 'Narrow the query, for example by time, or raise remediation.maxByQuery.'
      : 'Select by a query, or raise remediation.maxByHand.',
    { status: 422 },
  )
}

/** Throws AppError `too-many-active`, `large-action-running`. Automation is not held up: what it removes is dangerous meanwhile. */
export async function checkActive(
  tx: Tx,
  context: LedgerContext,
  limits: Limits,
  requester: Pick<Requester, 'user'>,
): Promise<void> {
  if (requester.user === null) return
  const found = await sql<{ active: number; largest: number | null; name: string | null }>`
    select count(*)::int as active, max(n_total) as largest, (array_agg(name order by n_total desc))[1] as name
    from action where tenant_id = ${context.tenant} and state in ('queued', 'running')`.execute(tx)
  const [row] = found.rows
  if (!row) return
  if (row.largest !== null && row.largest > limits.maxActiveCopies)
    throw new AppError(
      'large-action-running',
      `“${row.name}” is running on ${number(row.largest)} copies; beside one on more than ${number(limits.maxActiveCopies)} no other is begun.`,
      'Wait until it has ended, cancel it, or raise remediation.maxActiveCopies.',
      { status: 409 },
    )
  if (row.active >= limits.maxActive)
    throw new AppError(
      'too-many-active',
      `${row.active} actions are queued or running; there may be ${limits.maxActive}.`,
      'Wait until some have ended, cancel some, or raise remediation.maxActive.',
      { status: 409 },
    )
}
