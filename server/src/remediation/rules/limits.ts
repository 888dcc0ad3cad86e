import { sql } from 'kysely'
import { type ActionId, AppError } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import type { Requester, Selection } from '../types.ts'

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
  const { others, largest, name } = await activeNow(tx, context, [])
  refuse(limits, { others, own: 1, largest, name })
}

/**
 * The same once more for what this transaction begins (`own`), as its very last step: two people who ask together do not see each other
 * before, so they come here one after the other. Nothing may be waited for while this lock is held. Throws as `checkActive` does.
 */
export async function confirmActive(
  tx: Tx,
  context: LedgerContext,
  limits: Limits,
  requester: Pick<Requester, 'user'>,
  own: readonly ActionId[],
): Promise<void> {
  if (requester.user === null || own.length === 0) return
  await sql`select pg_advisory_xact_lock(hashtextextended(${`recourse active actions ${context.tenant}`}, 0))`.execute(
    tx,
  )
  const active = await activeNow(tx, context, own)
  if (active.own > 0) refuse(limits, active)
}

interface Active {
  readonly others: number
  readonly own: number
  /** Of the others. */
  readonly largest: number | null
  readonly name: string | null
}

async function activeNow(tx: Tx, context: LedgerContext, own: readonly ActionId[]): Promise<Active> {
  const mine = sql`id = any(${[...own]}::uuid[])`
  const found = await sql<Active>`
    select count(*) filter (where not ${mine})::int as others, count(*) filter (where ${mine})::int as own,
      max(n_total) filter (where not ${mine}) as largest,
      (array_agg(name order by n_total desc) filter (where not ${mine}))[1] as name
    from action where tenant_id = ${context.tenant} and state in ('queued', 'running')`.execute(tx)
  return found.rows[0] ?? { others: 0, own: 0, largest: null, name: null }
}

function refuse(limits: Limits, { others, own, largest, name }: Active): void {
  if (largest !== null && largest > limits.maxActiveCopies)
    throw new AppError(
      'large-action-running',
      `“${name}” is running on ${number(largest)} copies; beside one on more than ${number(limits.maxActiveCopies)} no other is begun.`,
      'Wait until it has ended, cancel it, or raise remediation.maxActiveCopies.',
      { status: 409 },
    )
  if (others + own > limits.maxActive)
    throw new AppError(
      'too-many-active',
      `${others} actions are queued or running; there may be ${limits.maxActive}.`,
      'Wait until some have ended, cancel some, or raise remediation.maxActive.',
      { status: 409 },
    )
}
