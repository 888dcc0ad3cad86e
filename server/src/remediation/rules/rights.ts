import { sql } from 'kysely'
import { type ActionId, AppError, type TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { ActionKind, Requester } from '../types.ts'

/** Who may run an action may propose it too. */
export function propose(requester: Requester): void {
  if (!requester.permissions.has('remediation.approve')) need(requester, 'remediation.propose')
}

/** Whether they may run or approve it: a hard delete needs a right of its own besides (permissions #79). */
export const mayRun = ({ permissions }: Pick<Requester, 'permissions'>, kind: ActionKind): boolean =>
  permissions.has('remediation.approve') && (kind !== 'hard-delete' || permissions.has('remediation.purge'))

/** Whether it is a hard delete, or the redo of one. */
export async function purges(
  tx: Tx,
  tenant: TenantId,
  { id, kind }: { readonly id: ActionId; readonly kind: ActionKind },
): Promise<boolean> {
  if (kind !== 'undo') return kind === 'hard-delete'
  const found = await sql`select 1 from action_item where tenant_id = ${tenant} and action_id = ${id}
    and target_location = 'hard-deleted' limit 1`.execute(tx)
  return found.rows.length > 0
}

export function need(
  requester: Requester,
  permission: 'remediation.propose' | 'remediation.approve' | 'remediation.purge' | 'lists.write',
): void {
  if (requester.permissions.has(permission)) return
  throw new AppError(
    'forbidden',
    `This needs the permission ${permission}.`,
    'Ask an administrator for a role that has it.',
    { status: 403 },
  )
}
