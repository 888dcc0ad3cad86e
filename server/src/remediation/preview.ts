import type { MessageId } from '../base/index.ts'
import { storableDate } from '../mailboxes/index.ts'
import type { Tx } from '../storage/index.ts'
import type { LedgerContext } from './ledger.ts'
import { type Planned, plan, selectCopies } from './select.ts'
import type { ActionRequest, Requester } from './types.ts'

/** The blast radius of an action that was not made yet: recorded state, with its time; execution decides. */
export interface Plan {
  readonly copies: number
  readonly mailboxes: number
  readonly messages: number
  readonly items: {
    readonly actionable: number
    readonly alreadyThere: number
    readonly notFound: number
    readonly impossible: number
  }
  readonly byFolder: readonly { readonly folder: string; readonly count: number }[]
  /** Actionable, but an undo could not put everything back as it was. */
  readonly notExact: readonly { readonly reason: string; readonly count: number }[]
  readonly impossible: readonly {
    readonly reason: string
    readonly count: number
    readonly sample: readonly MessageId[]
  }[]
  readonly at: string
}

const SAMPLE = 5

export async function previewAction(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  request: ActionRequest,
): Promise<Plan> {
  const copies = await selectCopies(tx, context.tenant, request)
  const planned = await plan(tx, context.tenant, request, copies, { automation: requester.user === null })
  const is = (kind: Planned['is']['is']) => planned.filter((p) => p.is.is === kind)
  const actionable = is('actionable')
  const byFolder = Map.groupBy(actionable, (p) => p.copy.folder ?? p.copy.location)
  const inexact = Map.groupBy(actionable, (p) => notExact(request, p))
  const impossible = Map.groupBy(is('impossible'), (p) => (p.is.is === 'actionable' ? '' : p.is.reason))
  return {
    copies: planned.length,
    mailboxes: new Set(actionable.map((p) => p.copy.mailboxId)).size,
    messages: new Set(actionable.map((p) => p.copy.messageId)).size,
    items: {
      actionable: actionable.length,
      alreadyThere: is('already-there').length,
      notFound: actionable.filter((p) => p.copy.location === 'unknown').length,
      impossible: is('impossible').length,
    },
    byFolder: [...byFolder].map(([folder, part]) => ({ folder, count: part.length })).sort((a, b) => b.count - a.count),
    notExact: [...inexact].flatMap(([reason, part]) => (reason === null ? [] : [{ reason, count: part.length }])),
    impossible: [...impossible].map(([reason, part]) => ({
      reason,
      count: part.length,
      sample: part.slice(0, SAMPLE).map((p) => p.copy.messageId),
    })),
    at: context.now.toISOString(),
  }
}

function notExact(request: ActionRequest, p: Planned): string | null {
  if (p.copy.ref === null && p.copy.handover === 'none' && p.target.kind === 'folder') {
    return 'It is delivered for the first time: it gets the time of the release, and an undo puts it into quarantine in the mailbox.'
  }
  const date = p.back?.beforeState ? storableDate(new Date(p.back.beforeState.internalDate)).lost : []
  return request.kind === 'release' && date.length > 0 ? `If its hold is lost: ${date.join(', ')}` : null
}
