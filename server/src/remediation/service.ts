import { sql } from 'kysely'
import { type AuditActor, record } from '../audit/index.ts'
import { type ActionId, AppError, type TenantId } from '../base/index.ts'
import type { MailboxProvider } from '../mailboxes/index.ts'
import { getPolicy } from '../organisation/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import type { NextHop } from '../transport/index.ts'
import { approvalFor } from './approval.ts'
import { answerOf, type BulkResult, sameKind } from './bulk.ts'
import { type Decided, decideAction, type Part, type Verb } from './decide.ts'
import type { RemediationLog, Tuning, WorkDeps } from './desk.ts'
import { expirePending } from './expire.ts'
import type { LedgerContext } from './ledger.ts'
import { confirmActive, DEFAULT_LIMITS, type Limits } from './limits.ts'
import { type HomeOf, oneServer } from './outside.ts'
import {
  answeredBefore,
  beginPlan,
  type Chosen,
  endPlan,
  insertStep,
  type PlanRequest,
  sizeOfSelection,
} from './plans.ts'
import { type Plan, previewAction } from './preview.ts'
import { type Expired, endRetention } from './retention/expire.ts'
import type { Scope } from './select.ts'
import type { ActionState } from './states.ts'
import { joinAction, type SubmitOptions, type SubmittedAction, submitAction } from './submit.ts'
import type { About } from './tables.ts'
import type { ActionKind, ActionRequest, Requester, Selection, UndoOptions } from './types.ts'
import { previewOf, submitUndo } from './undo/index.ts'
import type { Undoing } from './undo/routes.ts'
import { previewUndo, submitUndoOf, type UndoPreview } from './undo.ts'
import { createWorker } from './worker.ts'

export interface RemediationDeps {
  readonly storage: Storage
  readonly mailboxes: MailboxProvider
  /** Where a released message goes that never was in a mailbox. Null: such releases fail and say so. */
  readonly nextHop: NextHop | null
  readonly log: RemediationLog
  readonly clock?: () => Date
  readonly tuning?: Partial<Tuning>
  readonly limits?: Partial<Limits>
  /** How long a proposal waits, and how long before its end that is said. Default: 7 days, 24 hours. */
  readonly pending?: { readonly days: number; readonly warnHours: number }
  /** Default: every mailbox of every organisation is at `mailboxes`, by its login. */
  readonly homeOf?: HomeOf
}

export interface Submitted {
  readonly id: ActionId
  readonly name: string
  readonly state: ActionState
}

/** The steps of one plan, in its one transaction. `begin` comes before the others. */
export interface PlanDesk {
  readonly tx: Tx
  readonly now: Date
  size(select: Selection): Promise<Chosen>
  preview(request: ActionRequest, scope?: Scope): Promise<Plan>
  /** Who has to agree to all of it. */
  approval(
    actions: readonly { readonly kind: ActionKind; readonly copies: number }[],
    propose: boolean,
  ): Promise<{ readonly needed: 0 | 1 | 2; readonly why: string | null }>
  begin(plan: Omit<PlanRequest, 'key' | 'wish'>): Promise<{ readonly name: string; readonly approvalId: string }>
  submit(request: ActionRequest, scope?: Scope): Promise<SubmittedAction>
  join(to: ActionId, request: ActionRequest, scope?: Scope): Promise<SubmittedAction>
  undo(of: ActionId, options: UndoOptions): Promise<Submitted>
  /** Says in History what a step without copies did. */
  note(step: {
    readonly kind: 'submit' | 'list-entry'
    readonly name: string
    readonly about: About
  }): Promise<ActionId>
}

/** Plan, approve, execute, verify, undo: one service for the API, the command line and the console. */
export interface Remediation extends Undoing {
  readonly limits: Limits
  /** From recorded state; nothing is asked of a mailbox. */
  preview(requester: Requester, request: ActionRequest): Promise<Plan>
  /** Runs with `remediation.approve`, else waits for approval. Within `tx` if given: then it starts when that is committed. */
  submit(requester: Requester, request: ActionRequest, tx?: Tx): Promise<SubmittedAction>
  /**
   * Several steps under one name and one approval ID, in one transaction: all or nothing. With a `key`, the same wish asked again by the
   * same person is answered as before (`repeated`), and done once.
   */
  plan<A extends Readonly<Record<string, unknown>>>(
    requester: Requester,
    asked: { readonly key: string | null; readonly wish: unknown },
    work: (desk: PlanDesk) => Promise<A>,
  ): Promise<{ readonly answer: A | Readonly<Record<string, unknown>>; readonly repeated: boolean }>
  /** All of it, or a part: without some items, or another action on them (which is then `derived`). */
  approve(requester: Requester, id: ActionId, why?: string, part?: Part): Promise<Decided>
  /** Within `tx` if given. */
  reject(requester: Requester, id: ActionId, why?: string, tx?: Tx): Promise<Decided>
  /** Stops what has not begun; what was done stays done and can be undone. */
  cancel(requester: Requester, id: ActionId, why?: string): Promise<Decided>
  /**
   * One decision on several actions of one kind. Each is decided in a transaction of its own and answers for itself. Throws AppError
   * `mixed-types`, `no-action` before any is decided.
   */
  decideAll(
    requester: Requester,
    ids: readonly ActionId[],
    verb: 'approve' | 'reject' | 'undo',
    why?: string,
  ): Promise<readonly BulkResult[]>
  /** Lets expire what nobody has decided in time, and warns before. Gives back how many have expired. */
  expire(tenant: TenantId): Promise<number>
  undoPreview(requester: Requester, id: ActionId, items?: UndoOptions['items']): Promise<UndoPreview>
  submitUndo(requester: Requester, id: ActionId, options?: UndoOptions): Promise<Submitted>
  /** Destroys what was deleted and whose time is over. */
  endRetention(tenant: TenantId): Promise<Expired>
  /** Starts working: jobs wake, interrupted items are settled. */
  run(): Promise<void>
  /** Works until nothing is due. */
  drain(tenant: TenantId): Promise<void>
  /** Begins nothing new and waits for what runs. */
  stop(): Promise<void>
}

export const DEFAULT_TUNING: Tuning = {
  perServer: 4,
  batch: 500,
  leaseMs: 60_000,
  deadlineMs: 30_000,
  backoffMs: 5000,
  maxAttempts: 10,
  proveAbove: 5,
  proofMs: 3_600_000,
  lookEveryMs: 15_000,
}

const WAKE = 'remediation.wake'
const RETENTION_MS = 15 * 60_000
const HOUR_MS = 3_600_000
/** How often it is looked whether a proposal expires. */
const EXPIRE_MS = 300_000

export function createRemediation(deps: RemediationDeps): Remediation {
  const { storage } = deps
  const tuning = { ...DEFAULT_TUNING, ...deps.tuning }
  const clock = deps.clock ?? (() => new Date())
  // A clock that tests move moves this one too.
  const monotonic = deps.clock ? () => clock().getTime() : () => performance.now()
  const work: WorkDeps = { storage, nextHop: deps.nextHop, log: deps.log, clock, monotonic, tuning }
  const homeOf = deps.homeOf ?? oneServer(storage, deps.mailboxes)
  const worker = createWorker(work, homeOf)
  storage.blobs.usedBy('vault', 'blob_key')

  const context = (requester: Requester): LedgerContext => ({
    tenant: requester.tenant,
    now: clock(),
    who: requester.name,
    epoch: null,
    pendingMs: pending.days * 24 * HOUR_MS,
  })
  const limits = { ...DEFAULT_LIMITS, ...deps.limits }
  const pending = deps.pending ?? { days: 7, warnHours: 24 }
  const options = async (tx: Tx): Promise<SubmitOptions> => ({
    proveAbove: tuning.proveAbove,
    rules: (await getPolicy(tx)).approvals,
    limits,
  })

  /**
   * Commits with an entry in the audit log, and wakes the workers of every process. What it `began` counts against the limits; within
   * another's transaction that one confirms it at its end.
   */
  async function waking<T extends { readonly id: ActionId }>(
    requester: Requester,
    done: string,
    detail: Record<string, unknown>,
    work: (tx: Tx) => Promise<T>,
    within?: Tx,
    began: (result: T) => readonly ActionId[] = () => [],
  ): Promise<T> {
    const { tenant } = requester
    const all = async (tx: Tx) => {
      const result = await work(tx)
      const subject = { kind: 'action', id: result.id }
      await record(tx, { actor: auditActor(requester), action: `action.${done}`, subject, detail })
      await storage.jobs.send(tx, WAKE, { tenant }, { key: tenant })
      if (!within) await confirmActive(tx, context(requester), limits, requester, began(result))
      return result
    }
    return within ? all(within) : storage.tenant(tenant, all)
  }

  const decide = (verb: Verb) => (requester: Requester, id: ActionId, why?: string, part?: Part, within?: Tx) => {
    need(requester, 'remediation.approve')
    const detail = { ...(why === undefined ? {} : { why }), ...(part === undefined ? {} : { part }) }
    return waking(
      requester,
      verb,
      detail,
      async (tx) => {
        const how = { ...(await options(tx)), ...(part ? { part } : {}) }
        return await decideAction(tx, context(requester), requester, id, verb, why ?? null, how)
      },
      within,
      (made) => (verb === 'approve' ? [made.derived ?? made.id] : []),
    )
  }

  const submitIn = (requester: Requester, request: ActionRequest, how: Partial<SubmitOptions>, tx?: Tx) => {
    need(requester, 'remediation.propose')
    const detail = { kind: request.kind, target: request.target ?? null, select: request.select }
    const work = async (t: Tx) =>
      await submitAction(t, context(requester), requester, request, { ...(await options(t)), ...how })
    return waking(requester, 'submit', detail, work, tx, (made) => [made.id])
  }

  /** A plan's steps; all of them name it. */
  function planDesk(tx: Tx, requester: Requester, key: string | null, wish: unknown) {
    let plan: (PlanRequest & { id: string; approvalId: string }) | null = null
    const at = context(requester)
    const begunHere: ActionId[] = []
    const begun = () => {
      if (plan === null) throw new Error('a plan has to begin before its steps')
      return plan
    }
    const desk: PlanDesk = {
      tx,
      now: at.now,
      size: (select) => sizeOfSelection(tx, at, select, limits),
      preview: (request, scope) => previewAction(tx, at, requester, request, scope),
      approval: async (actions, propose) => {
        const { rules } = await options(tx)
        const mayApprove = requester.permissions.has('remediation.approve')
        const each = actions.map((a) => approvalFor({ ...a, propose }, mayApprove, rules))
        const most = each.toSorted((a, b) => b.needed - a.needed)[0]
        return { needed: most?.needed ?? 0, why: most?.why ?? null }
      },
      begin: async (asked) => {
        const { id, approvalId, name } = await beginPlan(tx, at, requester, { ...asked, key, wish })
        plan = { ...asked, key, wish, id, approvalId }
        return { name, approvalId }
      },
      submit: async (request, scope) => {
        const made = await submitIn(requester, request, { plan: begun(), ...(scope ? { scope } : {}) }, tx)
        begunHere.push(made.id)
        return made
      },
      join: (to, request, scope) => {
        need(requester, 'remediation.propose')
        const work = async (t: Tx) =>
          await joinAction(t, at, requester, to, request, { ...(await options(t)), ...(scope ? { scope } : {}) })
        return waking(requester, 'join', { select: request.select }, work, tx)
      },
      undo: async (of, how) => {
        const { id: planId, approvalId } = begun()
        const undone = await waking(
          requester,
          'undo',
          { of, ...how },
          (t) => submitUndoOf(t, at, requester, of, how, tuning.proveAbove),
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

  const service: Remediation = {
    preview: (requester, request) => {
      propose(requester)
      return storage.tenant(requester.tenant, (tx) => previewAction(tx, context(requester), requester, request))
    },
    limits,
    submit: (requester, request, tx) => submitIn(requester, request, {}, tx),
    plan: (requester, { key, wish }, work) =>
      storage.tenant(requester.tenant, async (tx) => {
        const before = key === null ? null : await answeredBefore(tx, context(requester), requester, key, wish)
        if (before) return { answer: before, repeated: true }
        const { desk, ref, begunHere } = planDesk(tx, requester, key, wish)
        const answer = await work(desk)
        const plan = ref()
        if (plan) {
          await endPlan(tx, context(requester), plan, answer)
          const subject = { kind: 'plan', id: plan.approvalId }
          const detail = { name: plan.name ?? plan.defaultName, selection: plan.selection }
          await record(tx, { actor: auditActor(requester), action: 'plan.submit', subject, detail })
        }
        await confirmActive(tx, context(requester), limits, requester, begunHere)
        return { answer, repeated: false }
      }),
    approve: (requester, id, why, part) => decide('approve')(requester, id, why, part),
    reject: (requester, id, why, tx) => decide('reject')(requester, id, why, undefined, tx),
    cancel: (requester, id, why) => decide('cancel')(requester, id, why),
    decideAll: async (requester, ids, verb, why) => {
      need(requester, 'remediation.approve')
      const once = [...new Set(ids)]
      await storage.tenant(requester.tenant, (tx) => sameKind(tx, requester.tenant, once))
      const one = async (id: ActionId): Promise<ActionState> => {
        if (verb === 'undo') {
          return (await service.submitUndo(requester, id, why === undefined ? {} : { description: why })).state
        }
        return (await decide(verb)(requester, id, why)).state
      }
      const results: BulkResult[] = []
      for (const id of once) results.push(await answerOf(id, one))
      return results
    },
    expire: (tenant) =>
      storage.tenant(tenant, (tx) =>
        expirePending(tx, { tenant, now: clock(), who: 'Recourse', epoch: null }, pending.warnHours * HOUR_MS),
      ),
    undoPreview: (requester, id, items) => {
      propose(requester)
      return storage.tenant(requester.tenant, (tx) => previewUndo(tx, context(requester), id, items))
    },
    submitUndo: (requester, id, options = {}) => {
      propose(requester)
      return waking(requester, 'undo', { of: id, ...options }, (tx) =>
        submitUndoOf(tx, context(requester), requester, id, options, tuning.proveAbove),
      )
    },
    previewUndoOf: async (requester, select) => {
      propose(requester)
      return storage.tenant(requester.tenant, (tx) => previewOf(tx, requester.tenant, select, clock()))
    },
    undoAll: async (requester, request) => {
      propose(requester)
      return waking(requester, 'undo', { ...request }, (tx) =>
        submitUndo(tx, context(requester), requester, request, tuning.proveAbove),
      )
    },
    endRetention: (tenant) => endRetention({ storage, homeOf, log: deps.log, clock, tuning }, tenant),
    run: async () => {
      await storage.jobs.work(WAKE, async (data) => {
        const { tenant } = data
        for (const known of await storage.tenants()) if (known === tenant) worker.wake(known)
      })
      const all = async () => {
        for (const tenant of await storage.tenants()) worker.wake(tenant)
      }
      await storage.jobs.schedule('remediation.look', tuning.lookEveryMs, all)
      await storage.jobs.schedule('remediation.retention', RETENTION_MS, async () => {
        for (const tenant of await storage.tenants()) {
          const done = await service.endRetention(tenant)
          if (done.copies + done.vault + done.clean + done.left > 0)
            deps.log.info({ tenant, ...done }, 'retention ended')
        }
      })
      await storage.jobs.schedule('remediation.expire', EXPIRE_MS, async () => {
        for (const tenant of await storage.tenants()) await service.expire(tenant)
      })
      await all()
    },
    drain: (tenant) => worker.drain(tenant),
    stop: () => worker.stop(),
  }
  return service
}

const auditActor = (requester: Requester): AuditActor => ({
  user: requester.user ?? 'automation',
  name: requester.name,
})

/** Who may run an action may propose it too. */
function propose(requester: Requester): void {
  if (!requester.permissions.has('remediation.approve')) need(requester, 'remediation.propose')
}

function need(requester: Requester, permission: 'remediation.propose' | 'remediation.approve'): void {
  if (requester.permissions.has(permission)) return
  throw new AppError(
    'forbidden',
    `This needs the permission ${permission}.`,
    'Ask an administrator for a role that has it.',
    { status: 403 },
  )
}
