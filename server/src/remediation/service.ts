import { type AuditActor, record } from '../audit/index.ts'
import { type ActionId, AppError, type TenantId } from '../base/index.ts'
import type { MailboxProvider } from '../mailboxes/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import type { NextHop } from '../transport/index.ts'
import { decideAction, type Verb } from './decide.ts'
import type { RemediationLog, Tuning, WorkDeps } from './desk.ts'
import type { LedgerContext } from './ledger.ts'
import { type HomeOf, oneServer } from './outside.ts'
import { type Plan, previewAction } from './preview.ts'
import type { ActionState } from './states.ts'
import { submitAction } from './submit.ts'
import type { ActionRequest, Requester, UndoOptions } from './types.ts'
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
  /** Default: every mailbox of every organisation is at `mailboxes`, by its login. */
  readonly homeOf?: HomeOf
}

export interface Submitted {
  readonly id: ActionId
  readonly name: string
  readonly state: ActionState
}

/** Plan, approve, execute, verify, undo: one service for the API, the command line and the console. */
export interface Remediation {
  /** From recorded state; nothing is asked of a mailbox. */
  preview(requester: Requester, request: ActionRequest): Promise<Plan>
  /** Runs with `remediation.approve`, else waits for approval. Within `tx` if given: then it starts when that is committed. */
  submit(requester: Requester, request: ActionRequest, tx?: Tx): Promise<Submitted>
  approve(requester: Requester, id: ActionId, why?: string): Promise<{ id: ActionId; state: ActionState }>
  reject(requester: Requester, id: ActionId, why?: string): Promise<{ id: ActionId; state: ActionState }>
  /** Stops what has not begun; what was done stays done and can be undone. */
  cancel(requester: Requester, id: ActionId, why?: string): Promise<{ id: ActionId; state: ActionState }>
  undoPreview(requester: Requester, id: ActionId, items?: UndoOptions['items']): Promise<UndoPreview>
  submitUndo(requester: Requester, id: ActionId, options?: UndoOptions): Promise<Submitted>
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
  retentionDays: { quarantine: 30, 'soft-deleted': 30, 'hard-deleted': 30, other: 30 },
}

const WAKE = 'remediation.wake'

export function createRemediation(deps: RemediationDeps): Remediation {
  const { storage } = deps
  const tuning = { ...DEFAULT_TUNING, ...deps.tuning }
  const clock = deps.clock ?? (() => new Date())
  const work: WorkDeps = { storage, nextHop: deps.nextHop, log: deps.log, clock, tuning }
  const worker = createWorker(work, deps.homeOf ?? oneServer(storage, deps.mailboxes))
  storage.blobs.usedBy('vault', 'blob_key')

  const context = (requester: Requester): LedgerContext => ({
    tenant: requester.tenant,
    now: clock(),
    who: requester.name,
    epoch: null,
  })

  /** Commits with an entry in the audit log, and wakes the workers of every process. */
  async function waking<T extends { readonly id: ActionId }>(
    requester: Requester,
    done: string,
    detail: Record<string, unknown>,
    work: (tx: Tx) => Promise<T>,
    within?: Tx,
  ): Promise<T> {
    const { tenant } = requester
    const all = async (tx: Tx) => {
      const result = await work(tx)
      const subject = { kind: 'action', id: result.id }
      await record(tx, { actor: auditActor(requester), action: `action.${done}`, subject, detail })
      await storage.jobs.send(tx, WAKE, { tenant }, { key: tenant })
      return result
    }
    return within ? all(within) : storage.tenant(tenant, all)
  }

  const decide = (verb: Verb) => (requester: Requester, id: ActionId, why?: string) => {
    need(requester, 'remediation.approve')
    const detail = why === undefined ? {} : { why }
    return waking(requester, verb, detail, (tx) =>
      decideAction(tx, context(requester), requester, id, verb, why ?? null),
    )
  }

  return {
    preview: (requester, request) => {
      propose(requester)
      return storage.tenant(requester.tenant, (tx) => previewAction(tx, context(requester), requester, request))
    },
    submit: (requester, request, tx) => {
      propose(requester)
      const detail = { kind: request.kind, target: request.target ?? null, select: request.select }
      return waking(
        requester,
        'submit',
        detail,
        (t) => submitAction(t, context(requester), requester, request, tuning.proveAbove),
        tx,
      )
    },
    approve: decide('approve'),
    reject: decide('reject'),
    cancel: decide('cancel'),
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
    run: async () => {
      await storage.jobs.work(WAKE, async (data) => {
        const { tenant } = data
        for (const known of await storage.tenants()) if (known === tenant) worker.wake(known)
      })
      const all = async () => {
        for (const tenant of await storage.tenants()) worker.wake(tenant)
      }
      await storage.jobs.schedule('remediation.look', tuning.lookEveryMs, all)
      await all()
    },
    drain: (tenant) => worker.drain(tenant),
    stop: () => worker.stop(),
  }
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
