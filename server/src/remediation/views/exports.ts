import type { CsvColumn } from '../../base/index.ts'
import { type ActionId, csvParts, type TenantId } from '../../base/index.ts'
import type { Storage } from '../../storage/index.ts'
import type { ActionKind, MoveTarget, Source } from '../types.ts'
import type { ActionView } from './action.ts'
import { type ActionQuery, listActions } from './history.ts'
import { type ItemView, listItems, type ResultClass } from './items.ts'

/** Rows of an export, as of the original. */
export const MOST_ROWS = 100_000
const PART = 1000

const KIND: Record<ActionKind, string> = {
  move: 'Move',
  'soft-delete': 'Soft delete emails',
  'hard-delete': 'Hard delete emails',
  quarantine: 'Quarantine emails',
  release: 'Release from quarantine',
  undo: 'Undo',
  submit: 'Submit for review',
  'list-entry': 'Allow or block entry',
}
const TO: Record<MoveTarget, string> = {
  inbox: 'Move to Inbox',
  junk: 'Move to Junk',
  'deleted-items': 'Move to Deleted items',
}
/** The original's words for who started it (air #95). */
export const sourceWord = (source: Source): string =>
  source === 'explorer' ? 'Explorer action' : source === 'automation' ? 'Automated email action' : 'Manual email action'

export const kindWord = (a: Pick<ActionView, 'kind' | 'target'>): string => (a.target ? TO[a.target] : KIND[a.kind])

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function decisionOf(a: ActionView): string {
  if (a.state === 'expired') return 'Expired'
  if (a.state === 'pending-approval') return a.approvals.length > 0 ? `Approved ${a.approvals.length} of 2` : 'Pending'
  return capital(a.approvals.at(-1)?.decision ?? '')
}

const ACTIONS: readonly CsvColumn<ActionView>[] = [
  ['Action update time', (a) => a.updatedAt],
  ['Approval ID', (a) => a.approvalId],
  ['Name', (a) => a.name],
  ['Action type', kindWord],
  ['Severity', (a) => a.severity],
  ['Details', (a) => a.description],
  ['Entity type', () => 'Email'],
  ['Copies', (a) => a.counts.total],
  ['Decision', decisionOf],
  ['Decided by', (a) => a.decidedBy],
  ['Action source', (a) => sourceWord(a.source)],
  ['Status', (a) => a.state],
  ['Requested by', (a) => a.requestedBy.name],
  ['Created', (a) => a.createdAt],
  ['Expires', (a) => a.expiresAt],
  ['Success', (a) => a.counts.done],
  ['Verified', (a) => a.counts.verified],
  ['Already in destination', (a) => a.counts.alreadyThere],
  ['Not found in mailbox', (a) => a.counts.notFound],
  ['Not actionable', (a) => a.counts.skipped],
  ['In doubt', (a) => a.counts.ambiguous],
  ['Failed', (a) => a.counts.failed],
  ['Comments', (a) => a.approvals.flatMap((x) => (x.why === null ? [] : `${x.name}: ${x.why}`)).join('; ')],
  ['ID', (a) => a.id],
]

const CLASS: Record<ResultClass, string> = {
  open: 'In progress',
  success: 'Success',
  'already-there': 'Already in destination',
  'not-found': 'Not found in mailbox',
  'not-actionable': 'Not actionable',
  'in-doubt': 'In doubt',
  failed: 'Failure',
}

const ITEMS: readonly CsvColumn<ItemView>[] = [
  ['Recipient', (i) => i.recipient],
  ['Subject', (i) => i.subject],
  ['Result', (i) => CLASS[i.class]],
  ['Reason', (i) => i.reason],
  ['Location before', (i) => i.before?.location],
  ['Folder before', (i) => i.before?.folder],
  ['Location after', (i) => i.after?.location],
  ['Folder after', (i) => i.after?.folder],
  ['Verified', (i) => i.verifiedAt],
  ['Attempts', (i) => i.attempts],
  ['Not as before', (i) => i.lost.join('; ')],
  ['Sender’s copy', (i) => i.senderCopy],
  ['Taken back', (i) => i.revertedBy !== null],
  ['Network message ID', (i) => i.messageId],
  ['ID', (i) => i.id],
]

export const actionsCsv = (
  storage: Pick<Storage, 'tenant'>,
  tenant: TenantId,
  query: Omit<ActionQuery, 'limit' | 'cursor'>,
): AsyncGenerator<string> =>
  csvParts(ACTIONS, MOST_ROWS, (cursor) =>
    storage.tenant(tenant, (tx) => listActions(tx, tenant, { ...query, limit: PART, ...(cursor ? { cursor } : {}) })),
  )

export const itemsCsv = (
  storage: Pick<Storage, 'tenant'>,
  tenant: TenantId,
  action: ActionId,
  query: { readonly state?: readonly string[]; readonly class?: readonly string[]; readonly q?: string },
): AsyncGenerator<string> =>
  csvParts(ITEMS, MOST_ROWS, (after) =>
    storage.tenant(tenant, (tx) => listItems(tx, tenant, action, { ...query, limit: PART, after })),
  )
