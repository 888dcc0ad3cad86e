import { type AuditActor, record } from '../audit/index.ts'
import type { ActionId } from '../base/index.ts'
import { getPolicy } from '../organisation/index.ts'
import { eachTenant, type Tx } from '../storage/index.ts'
import { DEFAULT_TUNING, type Remediation, type RemediationDeps } from './contract.ts'
import { answerOf, type BulkResult, sameKind } from './decide/bulk.ts'
import { decideAction, type Part, type Verb } from './decide/decide.ts'
import { expirePending } from './decide/expire.ts'
import type { WorkDeps } from './desk/desk.ts'
import { oneServer } from './desk/outside.ts'
import { Pace } from './desk/pace.ts'
import type { LedgerContext } from './ledger/ledger.ts'
import type { ActionState } from './ledger/states.ts'
import { endRetention } from './retention/expire.ts'
import { confirmActive, DEFAULT_LIMITS } from './rules/limits.ts'
import { need, propose } from './rules/rights.ts'
import { previewKeep, submitKeep } from './submit/keep.ts'
import { planDesk, type ServiceParts } from './submit/plan-desk.ts'
import { answeredBefore, endPlan } from './submit/plans.ts'
import { previewAction } from './submit/preview.ts'
import { type SubmitOptions, submitAction } from './submit/submit.ts'
import type { ActionRequest, Requester } from './types.ts'
import { previewOf, previewUndo, submitUndo, submitUndoOf } from './undo/index.ts'
import { createWorker } from './worker/worker.ts'

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
  const work: WorkDeps = {
    storage,
    nextHop: deps.nextHop,
    log: deps.log,
    clock,
    monotonic,
    tuning,
    pace: new Pace(tuning.rates),
  }
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

  const parts: ServiceParts = { limits, proveAbove: tuning.proveAbove, context, options, submitIn, waking }

  const service: Remediation = {
    preview: (requester, request) => {
      propose(requester)
      return storage.tenant(requester.tenant, (tx) => previewAction(tx, context(requester), requester, request))
    },
    limits,
    clock,
    submit: (requester, request, tx) => submitIn(requester, request, {}, tx),
    plan: (requester, { key, wish }, work) =>
      storage.tenant(requester.tenant, async (tx) => {
        const before = key === null ? null : await answeredBefore(tx, context(requester), requester, key, wish)
        if (before) return { answer: before, repeated: true }
        const { desk, ref, begunHere } = planDesk(parts, tx, requester, key, wish)
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
    keepPreview: async (requester, request) => {
      propose(requester)
      return storage.tenant(requester.tenant, async (tx) =>
        previewKeep(tx, context(requester), requester, request, await options(tx)),
      )
    },
    keep: async (requester, request) => {
      propose(requester)
      const { action, item, folder } = request
      const work = async (tx: Tx) => submitKeep(tx, context(requester), requester, request, await options(tx))
      return waking(requester, 'keep', { of: action, item, folder }, work, undefined, (made) => [made.id])
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
        await eachTenant(storage, async (tenant) => {
          const done = await service.endRetention(tenant)
          if (done.copies + done.vault + done.clean + done.left > 0)
            deps.log.info({ tenant, ...done }, 'retention ended')
        })
      })
      await storage.jobs.schedule('remediation.expire', EXPIRE_MS, async () => {
        await eachTenant(storage, (tenant) => service.expire(tenant))
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
