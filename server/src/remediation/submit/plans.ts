import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { type ActionId, AppError, uuidv7 } from '../../base/index.ts'
import { filterText } from '../../records/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import type { About, Frozen } from '../ledger/tables.ts'
import { freeApprovalId } from '../rules/approval.ts'
import { checkSize, type Limits } from '../rules/limits.ts'
import type { Requester, Selection, Severity, Source } from '../types.ts'
import { chosen } from './select.ts'
import { insertAction, type PlanRef } from './submit.ts'

/** Several steps under one name: all of them happen, or none. */
export interface PlanRequest {
  /** As somebody typed it: refused if it is taken. */
  readonly name: string | null
  /** Where nobody typed one: made free by a number. */
  readonly defaultName: string
  readonly description: string
  readonly severity: Severity
  readonly source: Source
  readonly selection: Frozen
  /** The same key and the same `wish` from the same person: the same plan, not a second one. */
  readonly key: string | null
  readonly wish: unknown
}

const hashOf = (wish: unknown): string => createHash('sha256').update(JSON.stringify(wish)).digest('hex')

/**
 * The answer to the same wish, if it was asked before; else null, and the key is this transaction's until it ends. Throws AppError
 * `key-reused`.
 */
export async function answeredBefore(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  key: string,
  wish: unknown,
): Promise<Record<string, unknown> | null> {
  const who = askedBy(requester)
  // A double click: the second waits for the first, and then finds what it was told.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`recourse plan ${context.tenant} ${who} ${key}`}, 0))`.execute(
    tx,
  )
  const found = await sql<{ request_hash: string; answer: Record<string, unknown> | null; name: string }>`
    select request_hash, answer, name from plan where tenant_id = ${context.tenant} and asked_by = ${who}
      and idempotency_key = ${key}`.execute(tx)
  const [row] = found.rows
  if (!row) return null
  if (row.request_hash !== hashOf(wish) || row.answer === null)
    throw new AppError(
      'key-reused',
      `This key was used for something else: “${row.name}”.`,
      'Use a new key for a new wish.',
      { status: 409 },
    )
  return row.answer
}

const askedBy = (requester: Requester): string => requester.user ?? 'automation'

/** Writes the plan down; its steps name it. Throws AppError `name-taken`. */
export async function beginPlan(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  plan: PlanRequest,
): Promise<PlanRef & { readonly name: string }> {
  const name = await freeName(tx, context, plan)
  const id = uuidv7()
  const approvalId = await freeApprovalId(tx, context.tenant, id)
  await tx
    .insertInto('plan')
    .values({
      tenant_id: context.tenant,
      id,
      approval_id: approvalId,
      name,
      description: plan.description,
      severity: plan.severity,
      source: plan.source,
      requested_by: jsonText({ id: requester.user, name: requester.name }),
      created_at: context.now,
      selection: jsonText(plan.selection),
      asked_by: askedBy(requester),
      idempotency_key: plan.key,
      request_hash: hashOf(plan.wish),
      answer: null,
    })
    .execute()
  return { id, approvalId, name }
}

/** By its name people find it again. */
async function freeName(tx: Tx, context: LedgerContext, plan: PlanRequest): Promise<string> {
  const name = plan.name ?? plan.defaultName
  const small = name.toLowerCase()
  await sql`select pg_advisory_xact_lock(hashtextextended(${`recourse plan name ${context.tenant} ${small}`}, 0))`.execute(
    tx,
  )
  const pattern = `${small.replace(/[\\%_]/g, '\\$&')} (%)`
  const found = await sql<{ name: string }>`select lower(name) as name from plan where tenant_id = ${context.tenant}
    and (lower(name) = ${small} or lower(name) like ${pattern})`.execute(tx)
  const taken = new Set(found.rows.map((r) => r.name))
  if (!taken.has(small)) return name
  let n = 2
  while (taken.has(`${small} (${n})`)) n++
  if (plan.name === null) return `${name} (${n})`
  throw new AppError('name-taken', `There is a remediation named “${name}” already.`, `“${name} (${n})” is free.`, {
    status: 409,
  })
}

export async function endPlan(
  tx: Tx,
  context: LedgerContext,
  ref: PlanRef,
  answer: Readonly<Record<string, unknown>>,
): Promise<void> {
  await sql`update plan set answer = ${jsonText(answer)}::jsonb where tenant_id = ${context.tenant} and id = ${ref.id}`.execute(
    tx,
  )
}

/** A step that touches no copies: submissions, an entry. It stands in History beside the others. */
export async function insertStep(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  plan: PlanRef & Pick<PlanRequest, 'description' | 'severity' | 'source'>,
  step: { readonly kind: 'submit' | 'list-entry'; readonly name: string; readonly about: About },
): Promise<ActionId> {
  const id = uuidv7<ActionId>()
  await insertAction(tx, context, {
    id,
    kind: step.kind,
    target: null,
    params: {},
    name: step.name,
    description: plan.description,
    cause: null,
    by: { id: requester.user, name: requester.name },
    undoOf: null,
    pending: false,
    plan,
    severity: plan.severity,
    source: plan.source,
    about: step.about,
  })
  return id
}

export interface Chosen {
  readonly copies: number
  readonly messages: number
  /** Given by id, and not there. */
  readonly unknown: number
}

/** How much a selection names. Throws AppError `too-many`, `no-action`, `bad-filter`. */
export async function sizeOfSelection(
  tx: Tx,
  context: LedgerContext,
  select: Selection,
  limits: Limits,
): Promise<Chosen> {
  const ids = await chosen(tx, context.tenant, select)
  const found = await sql<{ copies: number; messages: number }>`
    select count(*)::int as copies, count(distinct d.message_id)::int as messages from delivery d
    where d.tenant_id = ${context.tenant} and d.id in (${ids})`.execute(tx)
  const { copies, messages } = found.rows[0] ?? { copies: 0, messages: 0 }
  checkSize(limits, select, copies)
  const named =
    'deliveryIds' in select
      ? { given: new Set(select.deliveryIds.map(lower)).size, there: copies }
      : 'messageIds' in select && !select.recipients
        ? { given: new Set(select.messageIds.map(lower)).size, there: messages }
        : { given: 0, there: 0 }
  return { copies, messages, unknown: Math.max(0, named.given - named.there) }
}
const lower = (id: string): string => id.toLowerCase()

/** A query or the items of an action for people to read, as it is kept with the plan. */
export function readable(select: Selection): string | null {
  if (!('filter' in select)) return 'actionId' in select ? `action ${select.actionId}` : null
  const filter = filterText(select.filter)
  const { deliveryIds = [], messageIds = [] } = select.except ?? {}
  const without = [
    ...(deliveryIds.length > 0 ? [`${deliveryIds.length} copies`] : []),
    ...(messageIds.length > 0 ? [`${messageIds.length} messages`] : []),
  ]
  const query = filter === '' ? 'all mail' : filter
  return without.length > 0 ? `${query}, without ${without.join(' and ')}` : query
}
