// The field's words for the values of the API.
import type {
  ActionKind,
  ActionRow,
  ActionState,
  AdditionalAction,
  AuthResult,
  DeliveryAction,
  EntryKind,
  HeldReason,
  ItemState,
  Location,
  MessageRow,
  MoveTarget,
  PolicyType,
  QuarantineRow,
  ReleaseStatus,
  ResultClass,
  TakePreview,
  Technology,
  Threat,
} from './api/types.ts'

/** What a threat is called, wherever it is said: of a message, and as the reason for which it is held. */
const FOUND: Record<Exclude<Threat, 'none'>, string> = {
  malware: 'Malware',
  'high-confidence-phish': 'High confidence phish',
  phish: 'Phish',
  'high-confidence-spam': 'High confidence spam',
  spam: 'Spam',
  bulk: 'Bulk',
  spoof: 'Spoof',
  impersonation: 'Impersonation',
}

export const THREAT: Record<Threat, string> = { ...FOUND, none: 'No threat' }

export const REASON: Record<HeldReason, string> = {
  ...FOUND,
  unparsable: 'Could not be read',
  'transport-rule': 'Transport rule',
  'admin-action': 'Admin action',
}

export const POLICY_TYPE: Record<PolicyType, string> = {
  'anti-malware': 'Anti-malware policy',
  'anti-spam': 'Anti-spam policy',
  'anti-phishing': 'Anti-phishing policy',
  'transport-rule': 'Transport rule',
  none: 'None',
}

export const RELEASE_STATUS: Record<ReleaseStatus, string> = {
  'needs-review': 'Needs review',
  denied: 'Denied',
  released: 'Released',
  deleted: 'Deleted',
  expired: 'Expired',
  elsewhere: 'Moved elsewhere',
}

export const DIRECTION: Record<QuarantineRow['direction'], string> = {
  inbound: 'Inbound',
  internal: 'Internal',
  outbound: 'Outbound',
}

/** The same in Explorer's words. */
export const DIRECTIONALITY: Record<MessageRow['direction'], string> = {
  inbound: 'Inbound',
  internal: 'Intra-org',
  outbound: 'Outbound',
}

export const ADDITIONAL: Record<AdditionalAction | 'none', string> = {
  'manual-remediation': 'Manual remediation',
  'automated-remediation': 'Automated remediation',
  zap: 'ZAP',
  'quarantine-release': 'Quarantine release',
  none: 'None',
}

export const AUTH_RESULT: Record<AuthResult, string> = {
  pass: 'Pass',
  fail: 'Fail',
  softfail: 'Soft fail',
  neutral: 'Neutral',
  none: 'None',
  temperror: 'Temporary error',
  permerror: 'Permanent error',
  policy: 'Policy',
  unknown: 'Unknown',
}

export const DELIVERY: Record<DeliveryAction, string> = {
  delivered: 'Delivered',
  junked: 'Junked',
  blocked: 'Blocked',
  pending: 'Pending',
}

export const LOCATION: Record<Location, string> = {
  inbox: 'Inbox',
  folder: 'Folder',
  junk: 'Junk folder',
  quarantine: 'Quarantine',
  'deleted-items': 'Deleted items',
  'soft-deleted': 'Soft deleted',
  'hard-deleted': 'Hard deleted',
  dropped: 'Dropped',
  external: 'External',
  failed: 'Failed',
  unknown: 'Unknown',
}

export const TECHNOLOGY: Record<Technology, string> = {
  authentication: 'Authentication',
  'impersonation-user': 'Impersonation user',
  'impersonation-domain': 'Impersonation domain',
  'url-reputation': 'URL reputation',
  'url-analysis': 'URL analysis',
  'file-analysis': 'File analysis',
  content: 'Content analysis',
  'list-entry': 'Tenant Allow/Block List',
  none: 'None',
}

export const PLACEMENT = { deliver: 'Deliver', junk: 'Move to Junk folder', quarantine: 'Quarantine' } as const

export const ACTION_STATE: Record<ActionState, string> = {
  'pending-approval': 'Pending approval',
  queued: 'Queued',
  running: 'Running',
  completed: 'Completed',
  'partially-completed': 'Partially completed',
  failed: 'Failed',
  rejected: 'Rejected',
  expired: 'Expired',
  undone: 'Undone',
  'partially-undone': 'Partially undone',
}

export const ITEM_STATE: Record<ItemState, string> = {
  planned: 'Planned',
  approved: 'Approved',
  executing: 'Executing',
  done: 'Done',
  'already-there': 'Already there',
  'not-found': 'Not found',
  skipped: 'Skipped',
  ambiguous: 'Ambiguous',
  failed: 'Failed',
}

export const RESULT_CLASS: Record<ResultClass, string> = {
  open: 'Not ended',
  success: 'Success',
  'already-there': 'Already in destination',
  'not-found': 'Not found',
  'not-actionable': 'Not actionable',
  'in-doubt': 'In doubt',
  failed: 'Failed',
}

export const SOURCE: Record<ActionRow['source'], string> = {
  explorer: 'Explorer',
  message: 'Email entity page',
  'action-center': 'Action center',
  lists: 'Tenant Allow/Block List',
  quarantine: 'Quarantine',
  submissions: 'Submissions',
  api: 'API',
  cli: 'Command line',
  automation: 'Automation',
}

export const SEVERITY: Record<string, string> = { low: 'Low', medium: 'Medium', high: 'High' }

export const ACTION_KIND: Record<ActionRow['kind'], string> = {
  move: 'Move to a folder',
  'soft-delete': 'Soft delete',
  'hard-delete': 'Hard delete',
  quarantine: 'Quarantine',
  release: 'Release',
  undo: 'Undo',
  submit: 'Submission',
  'list-entry': 'Allow or block entry',
}

export const ENTRY_KIND: Record<EntryKind, string> = {
  sender: 'Sender address',
  'sender-domain': 'Sender domain',
  spoof: 'Spoofed sender',
  url: 'URL',
  'url-domain': 'URL domain',
  'file-hash': 'File hash (SHA-256)',
  'sender-ip': 'Sender IP',
}

export const MOVE_TARGET: Record<MoveTarget, string> = {
  inbox: 'Inbox',
  junk: 'Junk folder',
  'deleted-items': 'Deleted items',
}

export function actionLabel(kind: ActionKind | 'undo' | (string & {}), target: string | null): string {
  switch (kind) {
    case 'move':
      return `Move to ${target ? wordFor(MOVE_TARGET, target) : 'a folder'}`
    case 'soft-delete':
      return 'Soft delete'
    case 'hard-delete':
      return 'Hard delete'
    case 'quarantine':
      return 'Quarantine'
    case 'release':
      return 'Release'
    case 'undo':
      return 'Undo'
    case 'submit':
      return 'Submission'
    case 'list-entry':
      return 'Allow or block entry'
    default:
      return kind
  }
}

/** The word for a value, or the value itself where a newer server knows more than this console. */
export const wordFor = (words: Readonly<Record<string, string>>, value: string): string => words[value] ?? value

/** Reasons in the middle of a sentence. */
export const reasonsIn = (reasons: readonly { readonly reason: string }[]): string =>
  reasons.map(({ reason }) => reason.replace(/\.$/, '').replace(/^[A-Z](?=[a-z ])/, (c) => c.toLowerCase())).join('; ')

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`

/** Copies for others than the recipients, counted. */
export const othersLine = ({ messages, mailboxes, copies }: NonNullable<TakePreview['others']>): string =>
  `And a copy of ${plural(messages, 'message')} to ${plural(mailboxes, 'other mailbox', 'other mailboxes')}: ${plural(copies, 'copy', 'copies')}.`
