import type { ActionId, TenantId } from '../base/index.ts'
import type { MailboxProvider } from '../mailboxes/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import type { NextHop } from '../transport/index.ts'
import type { BulkResult } from './decide/bulk.ts'
import type { Decided, Part } from './decide/decide.ts'
import type { RemediationLog, Tuning } from './desk/desk.ts'
import type { HomeOf } from './desk/outside.ts'
import type { ActionState } from './ledger/states.ts'
import type { About } from './ledger/tables.ts'
import type { Expired } from './retention/expire.ts'
import type { Limits } from './rules/limits.ts'
import type { KeepPreview, KeepRequest } from './submit/keep.ts'
import type { Chosen, PlanRequest } from './submit/plans.ts'
import type { Plan } from './submit/preview.ts'
import type { Scope } from './submit/select.ts'
import type { SubmittedAction } from './submit/submit.ts'
import type { ActionKind, ActionRequest, Requester, Selection, UndoOptions } from './types.ts'
import type { UndoPreview } from './undo/index.ts'
import type { Undoing } from './undo/routes.ts'

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
  /** By which proposals expire. */
  readonly clock: () => Date
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
  /** What it would do to say which of two copies in doubt stays. */
  keepPreview(requester: Requester, request: KeepRequest): Promise<KeepPreview>
  /** The other one of two copies is taken away, as by a soft delete: an action of its own. */
  keep(requester: Requester, request: KeepRequest): Promise<SubmittedAction>
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
  perServer: 8,
  rates: { perServer: null, perMailbox: null },
  batch: 500,
  leaseMs: 60_000,
  deadlineMs: 30_000,
  backoffMs: 5000,
  maxAttempts: 10,
  proveAbove: 5,
  proofMs: 3_600_000,
  lookEveryMs: 15_000,
}
