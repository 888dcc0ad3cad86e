import { AppError } from '../base/index.ts'
import type { Requester } from './types.ts'

/** Who may run an action may propose it too. */
export function propose(requester: Requester): void {
  if (!requester.permissions.has('remediation.approve')) need(requester, 'remediation.propose')
}

export function need(
  requester: Requester,
  permission: 'remediation.propose' | 'remediation.approve' | 'lists.write',
): void {
  if (requester.permissions.has(permission)) return
  throw new AppError(
    'forbidden',
    `This needs the permission ${permission}.`,
    'Ask an administrator for a role that has it.',
    { status: 403 },
  )
}
