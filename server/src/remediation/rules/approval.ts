import { sql } from 'kysely'
import type { ActionId, TenantId } from '../../base/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { Person } from '../ledger/recorded.ts'
import type { ActionKind } from '../types.ts'

/** The organisation's rules on who has to agree; of its policy. */
export interface ApprovalRules {
  /** Whether somebody may approve what they have proposed. */
  readonly ownProposals: boolean
  /** An action on more copies than this needs two people; null = never by its size. */
  readonly secondAbove: number | null
  readonly secondForHardDelete: boolean
}

export interface Needed {
  /** How many different people have to approve before it runs. */
  readonly needed: 0 | 1 | 2
  /** Asking for it was one of these approvals. */
  readonly own: boolean
  readonly why: string | null
}

/** Who has to agree to an action. Pure. Taking back is never held up: an undo needs no second person. */
export function approvalFor(
  action: { readonly kind: ActionKind; readonly copies: number; readonly propose: boolean },
  mayApprove: boolean,
  rules: ApprovalRules,
): Needed {
  const own = mayApprove && !action.propose
  const large = rules.secondAbove !== null && action.copies > rules.secondAbove
  if (action.kind !== 'undo' && (large || (action.kind === 'hard-delete' && rules.secondForHardDelete))) {
    const why = large
      ? `${action.copies} copies are more than ${rules.secondAbove}: two people have to approve it.`
      : 'Two people have to approve a hard delete.'
    return { needed: 2, own, why }
  }
  if (own) return { needed: 0, own, why: null }
  return { needed: 1, own, why: action.propose ? 'It was proposed.' : 'You may propose it; somebody else approves it.' }
}

/**
 * What has grown may need a second person by now, and whoever has added copies to it has proposed it as much as whoever asked for it.
 */
export async function noteJoined(
  tx: Tx,
  tenant: TenantId,
  id: ActionId,
  by: Person,
  rules: ApprovalRules,
): Promise<void> {
  const rows = await sql<{ kind: ActionKind; copies: number }>`
    select kind, n_planned as copies from action where tenant_id = ${tenant} and id = ${id}`.execute(tx)
  const [row] = rows.rows
  if (!row) throw new Error(`no action ${id}`)
  const { needed } = approvalFor({ ...row, propose: true }, false, rules)
  await sql`update action set approvals_needed = greatest(approvals_needed, ${needed}),
    params = params || jsonb_build_object('joined', coalesce(params->'joined', '[]'::jsonb) || ${jsonText([by])}::jsonb)
    where tenant_id = ${tenant} and id = ${id}`.execute(tx)
}

/** Pure. */
export const proposedBy = (user: string | null, requested: Person, joined: readonly Person[] = []): boolean =>
  [requested, ...joined].some((p) => p.id === user)

/** Six hexadecimal digits of the id, more where others have them already: short enough to be read aloud. */
export async function freeApprovalId(tx: Tx, tenant: TenantId, id: ActionId | string): Promise<string> {
  const digits = id.replaceAll('-', '')
  for (const length of [6, 8, 12]) {
    const short = digits.slice(-length)
    const taken = await sql`select 1 from action where tenant_id = ${tenant} and approval_id = ${short}
      union all select 1 from plan where tenant_id = ${tenant} and approval_id = ${short} limit 1`.execute(tx)
    if (taken.rows.length === 0) return short
  }
  return digits
}
