import { sql } from 'kysely'
import type { ActionId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { PlanDesk } from '../contract.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import { approvalFor } from '../rules/approval.ts'
import type { Limits } from '../rules/limits.ts'
import { mayRun, need } from '../rules/rights.ts'
import type { ActionRequest, Requester } from '../types.ts'
import { submitUndoOf } from '../undo/index.ts'
import { beginPlan, insertStep, type PlanRequest, sizeOfSelection } from './plans.ts'
import { previewAction } from './preview.ts'
import { joinAction, type SubmitOptions, type SubmittedAction } from './submit.ts'

/** What the service lends to a plan. */
export interface ServiceParts {
  readonly limits: Limits
  readonly proveAbove: number
  context(requester: Requester): LedgerContext
  options(tx: Tx): Promise<SubmitOptions>
  submitIn(requester: Requester, request: ActionRequest, how: Partial<SubmitOptions>, tx: Tx): Promise<SubmittedAction>
  waking<T extends { readonly id: ActionId }>(
    requester: Requester,
    done: string,
    detail: Record<string, unknown>,
    work: (tx: Tx) => Promise<T>,
    within: Tx,
  ): Promise<T>
}

export type BegunPlan = PlanRequest & { readonly id: string; readonly approvalId: string }
export interface OpenPlan {
  readonly desk: PlanDesk
  readonly ref: () => BegunPlan | null
  readonly begunHere: readonly ActionId[]
}

/** A plan's steps in its transaction; all of them name it. `ref`: the plan, once it has begun; `begunHere`: the actions that it began. */
export function planDesk(s: ServiceParts, tx: Tx, requester: Requester, key: string | null, wish: unknown): OpenPlan {
  let plan: BegunPlan | null = null
  const at = s.context(requester)
  const begunHere: ActionId[] = []
  const begun = () => {
    if (plan === null) throw new Error('a plan has to begin before its steps')
    return plan
  }
  const desk: PlanDesk = {
    tx,
    now: at.now,
    size: (select) => sizeOfSelection(tx, at, select, s.limits),
    preview: (request, scope) => previewAction(tx, at, requester, request, scope),
    approval: async (actions, propose) => {
      const { rules } = await s.options(tx)
      const each = actions.map((a) => approvalFor({ ...a, propose }, mayRun(requester, a.kind), rules))
      const most = each.toSorted((a, b) => b.needed - a.needed)[0]
      return { needed: most?.needed ?? 0, why: most?.why ?? null }
    },
    begin: async (asked) => {
      const { id, approvalId, name } = await beginPlan(tx, at, requester, { ...asked, key, wish })
      plan = { ...asked, key, wish, id, approvalId }
      return { name, approvalId }
    },
    submit: async (request, scope) => {
      const made = await s.submitIn(requester, request, { plan: begun(), ...(scope ? { scope } : {}) }, tx)
      begunHere.push(made.id)
      return made
    },
    join: (to, request, scope) => {
      need(requester, 'remediation.propose')
      const work = async (t: Tx) =>
        await joinAction(t, at, requester, to, request, { ...(await s.options(t)), ...(scope ? { scope } : {}) })
      return s.waking(requester, 'join', { select: request.select }, work, tx)
    },
    undo: async (of, how) => {
      const { id: planId, approvalId } = begun()
      const undone = await s.waking(
        requester,
        'undo',
        { of, ...how },
        (t) => submitUndoOf(t, at, requester, of, how, s.proveAbove),
        tx,
      )
      await sql`update action set plan_id = ${planId}, approval_id = ${approvalId}
        where tenant_id = ${at.tenant} and id = ${undone.id}`.execute(tx)
      return undone
    },
    note: (step) => insertStep(tx, at, requester, begun(), step),
  }
  return { desk, ref: () => plan, begunHere }
}
