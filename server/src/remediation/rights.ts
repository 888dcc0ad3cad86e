import { AppError } from '../base/index.ts'
import type { ActionKind, Requester } from './types.ts'

/** Who may run an action may propose it too. */
export function propose(requester: Requester): void {
  if (!requester.permissions.has('remediation.approve')) need(requester, 'remediation.propose')
}

/** Whether they may run or approve it: a hard delete needs a right of its own besides (permissions #79). */
export const mayRun = ({ permissions }: Pick<Requester, 'permissions'>, kind: ActionKind): boolean =>
  permissions.has('remediation.approve') && (kind !== 'hard-delete' || permissions.has('remediation.purge'))

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
