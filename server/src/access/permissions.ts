import { AppError } from '../base/index.ts'

/** Every right there is, with what it allows in words (shown where somebody lacks it). */
export const PERMISSIONS = {
  'mail.read': 'see messages, verdicts, submissions and actions (not what mail says)',
  'mail.content': 'read what mail says: preview, raw message, attachments; every such read is audited',
  'submission.write': 'report messages',
  'remediation.propose': 'plan actions and propose them for approval',
  'remediation.approve': 'run, approve, reject, cancel and undo actions on mailboxes',
  'remediation.purge': 'run and approve hard deletes, besides the right to approve',
  'quarantine.manage': 'see and manage quarantined messages',
  'lists.read': 'see allow and block entries',
  'lists.write': 'make, change and remove entries; allow entries need lists.allow, too',
  'lists.allow': 'let mail through by allow entries, besides the right to write',
  'settings.read': 'see organisation and policy',
  'settings.write': 'change organisation and policy',
  'users.manage': 'manage people and API tokens',
  'audit.read': 'read and verify the audit log',
  'import.write': 'import mail',
} as const

export type Permission = keyof typeof PERMISSIONS

const all = Object.keys(PERMISSIONS) as Permission[]
export const ALL_PERMISSIONS: readonly Permission[] = all

const without = (...gone: Permission[]): readonly Permission[] => all.filter((p) => !gone.includes(p))

/** What each role may do. A role is a name for a set of permissions; routes ask for permissions only. */
export const ROLES = {
  administrator: all,
  analyst: without('settings.write', 'users.manage'),
  reader: ['mail.read', 'lists.read', 'settings.read'],
  reporter: ['submission.write'],
} as const satisfies Record<string, readonly Permission[]>

export type Role = keyof typeof ROLES
export const ROLE_NAMES = Object.keys(ROLES) as Role[]

export const isPermission = (text: string): text is Permission => Object.hasOwn(PERMISSIONS, text)

/** The refusal names the missing permission (permissions #81). */
export function forbidden(permission: Permission): AppError {
  return new AppError(
    'forbidden',
    `This needs the permission ${permission}: ${PERMISSIONS[permission]}.`,
    `Ask an administrator for a role or token that holds ${permission}.`,
    { status: 403 },
  )
}
