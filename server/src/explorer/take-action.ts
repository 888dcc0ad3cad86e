import { type Actor, requireAllow, requirePermission } from '../access/index.ts'
import { AppError, type MessageId, type SubmissionId } from '../base/index.ts'
import { addEntry, checkEntry, listEntries } from '../lists/index.ts'
import {
  type PlanDesk,
  type Remediation,
  readable,
  type Selection,
  type SubmittedAction,
  selectedMessages,
  selectionOf,
  sentToPutBack,
  strangers,
} from '../remediation/index.ts'
import type { Outbox } from '../storage/index.ts'
import { type ReportDeps, report } from '../submissions/index.ts'
import { copyTo, othersOf } from './take-copy.ts'
import { checkNumbers, copiesIn, entryOf, kindOfSelection, plannedAction } from './take-preview.ts'
import type { TakeActionBody, TakenBody, TakePreview } from './take-schemas.ts'
import { type Step, shown, stepsOf } from './take-steps.ts'

export interface TakeDeps {
  readonly remediation: Remediation
  readonly outbox: Outbox
  readonly emailOf: ReportDeps['emailOf']
}

/**
 * Does what a wish says, all of it in one transaction and under one approval ID, or nothing. With an `idempotencyKey`, a double click is
 * done once. Throws AppError `forbidden` (naming the missing right), and whatever the preview tells in `refused`.
 */
export async function takeAction(deps: TakeDeps, actor: Actor, wish: TakeActionBody): Promise<TakenBody> {
  const { idempotencyKey, ...asked } = wish
  const { answer, repeated } = await deps.remediation.plan(
    actor,
    { key: idempotencyKey ?? null, wish: asked },
    (desk) => takeIn(deps, desk, actor, asked),
  )
  return { ...(answer as TakenBody), repeated }
}

/** Each part needs its own right; nothing is begun where one is missing. */
function checkRights(actor: Actor, wish: TakeActionBody): void {
  if (wish.move || wish.release || wish.addTo) requirePermission(actor, 'remediation.propose')
  if (wish.submit) requirePermission(actor, 'submission.write')
  if (wish.entries) requirePermission(actor, 'lists.write')
  if (wish.entries?.some((e) => e.action === 'allow')) requireAllow(actor)
}

async function takeIn(deps: TakeDeps, desk: PlanDesk, actor: Actor, wish: TakeActionBody): Promise<TakenBody> {
  checkRights(actor, wish)
  const steps = stepsOf(wish)
  const select = selectionOf(wish.select)
  const size = await desk.size(select)
  await checkRecipients(desk, actor, wish, select)
  const sentBack =
    wish.move?.target === 'inbox' && wish.move.senderCopy ? await sentToPutBack(desk.tx, actor.tenant, select) : []
  const planned = await plannedOf(desk, steps)
  const by = kindOfSelection(wish.select)
  const query = readable(select)
  checkNumbers(
    deps.remediation,
    {
      selection: { by, query, ...size },
      actions: planned.map((p) => p.told),
      submit: wish.submit ? { as: wish.submit.as, messages: size.messages } : null,
      sentBack: copiesIn(sentBack),
    },
    wish,
  )
  if (wish.addTo) return await joined(desk, wish, steps)
  const others = await othersOf(desk, actor, wish, select)
  const { copies, messages } = size
  const begun = await desk.begin({
    name: wish.name?.trim() ?? null,
    defaultName: defaultName(wish, size),
    description: wish.description ?? '',
    severity: wish.severity ?? 'high',
    source: wish.source ?? 'api',
    selection: { by, query, at: desk.now.toISOString(), copies, messages },
  })
  const taken: TakenBody = {
    ...begun,
    link: linkTo(begun.approvalId),
    repeated: false,
    actions: [],
    submissions: [],
    entries: [],
  }
  const can = planned.some((p) => p.told.copies > 0)
  for (const { step, told } of planned) {
    if (told.total === 0 || (can && told.copies === 0 && told.alreadyThere === 0)) continue
    const made = await desk.submit({ ...step.request, name: begun.name }, step.scope)
    taken.actions.push(shown(step, made))
  }
  for (const { actionId, items } of sentBack) {
    const undone = await desk.undo(actionId, { items, description: 'Back to Sent' })
    taken.actions.push({ ...undone, kind: 'undo', target: null, copies: items.length })
  }
  if (others) taken.actions.push(await copyTo(desk, actor, wish, others, begun.name))
  const submission = await submitAll(deps, desk, actor, wish, select, taken)
  await saveEntries(deps, desk, actor, wish, submission, taken)
  return taken
}

const linkTo = (approvalId: string): string => `/action-center?approval=${approvalId}`

interface Planned {
  readonly step: Step
  readonly told: TakePreview['actions'][number] & { readonly total: number }
}

async function plannedOf(desk: PlanDesk, steps: readonly Step[]): Promise<readonly Planned[]> {
  const planned: Planned[] = []
  for (const step of steps) {
    const plan = await desk.preview(step.request, step.scope)
    const told = { ...plannedAction(step, plan), total: plan.copies }
    planned.push({ step, told })
  }
  return planned
}

async function checkRecipients(desk: PlanDesk, actor: Actor, wish: TakeActionBody, select: Selection): Promise<void> {
  const named = wish.release?.recipients
  if (!named) return
  const others = await strangers(desk.tx, actor.tenant, select, named)
  if (others.length === 0) return
  throw new AppError(
    'not-a-recipient',
    `None of these messages was sent to ${others.slice(0, 5).join(', ')}${others.length > 5 ? ` and ${others.length - 5} others` : ''}.`,
    'Choose original recipients, or release a copy to somebody else (copyTo).',
  )
}

async function joined(desk: PlanDesk, wish: TakeActionBody, steps: readonly Step[]): Promise<TakenBody> {
  const [step] = steps
  if (!step || !wish.addTo) throw new Error('nothing to join')
  const made = await desk.join(wish.addTo as SubmittedAction['id'], step.request, step.scope)
  return {
    approvalId: made.approvalId,
    name: made.name,
    link: linkTo(made.approvalId),
    repeated: false,
    actions: [shown(step, made)],
    submissions: [],
    entries: [],
  }
}

const MOVES: Record<string, string> = {
  inbox: 'Move to Inbox',
  junk: 'Move to Junk',
  'deleted-items': 'Move to Deleted items',
  'soft-delete': 'Soft delete',
  'hard-delete': 'Hard delete',
  quarantine: 'Quarantine',
}

function defaultName(wish: TakeActionBody, { messages }: { readonly messages: number }): string {
  const what = `${messages} ${messages === 1 ? 'message' : 'messages'}`
  if (wish.move) return `${MOVES[wish.move.target ?? wish.move.kind]}: ${what}`
  if (wish.release) return `Release: ${what}`
  if (wish.submit) return `Report as ${wish.submit.as}: ${what}`
  const entries = wish.entries ?? []
  const [first] = entries
  const verb = first?.action === 'allow' ? 'Allow' : 'Block'
  return entries.length === 1 ? `${verb} ${first?.value.slice(0, 120)}` : `${verb}: ${entries.length} entries`
}

/** Gives back the first submission: entries of the same plan are made by it, and so reach further. */
async function submitAll(
  deps: TakeDeps,
  desk: PlanDesk,
  actor: Actor,
  { submit }: TakeActionBody,
  select: Selection,
  taken: TakenBody,
): Promise<SubmissionId | null> {
  if (!submit) return null
  const { as, note } = submit
  const messages = await selectedMessages(desk.tx, actor.tenant, select, deps.remediation.limits.maxSubmit)
  const made = await submitMessages(deps, desk, actor, messages, as, note ?? null)
  taken.submissions.push(...made)
  await desk.note({
    kind: 'submit',
    name: `Report as ${as}: ${made.length} ${made.length === 1 ? 'message' : 'messages'}`,
    about: { as, messages: made.length, submissionIds: made.map((m) => m.id) },
  })
  return made[0]?.id ?? null
}

export async function submitMessages(
  deps: TakeDeps,
  desk: Pick<PlanDesk, 'tx'>,
  actor: Actor,
  messages: readonly MessageId[],
  as: 'clean' | 'phish' | 'spam' | 'malware',
  reason: string | null,
): Promise<{ id: SubmissionId; messageId: MessageId; result: string }[]> {
  const clean = as === 'clean'
  const made: { id: SubmissionId; messageId: MessageId; result: string }[] = []
  for (const messageId of messages) {
    const { submission } = await report(desk.tx, deps, actor, messageId, {
      as: 'analyst',
      opinion: clean ? 'should-not-have-been-blocked' : 'should-have-been-blocked',
      ...(clean ? {} : { threat: as }),
      reason,
    })
    made.push({ id: submission.id, messageId, result: submission.result })
  }
  return made
}

async function saveEntries(
  deps: TakeDeps,
  desk: PlanDesk,
  actor: Actor,
  wish: TakeActionBody,
  submission: SubmissionId | null,
  taken: TakenBody,
): Promise<void> {
  const { entries = [] } = wish
  // A job of nothing but entries is found in History by the name that somebody gave it (explorer #63).
  const named = wish.name?.trim() && !wish.move && !wish.release && !wish.submit ? taken.name : null
  for (const wished of entries) {
    const saved = await saveEntry(deps, desk, actor, entryOf(wished, submission))
    taken.entries.push(saved)
    if (saved.existed || saved.id === null) continue
    const { id, action, kind, value } = saved
    const name = named ?? `${action === 'allow' ? 'Allow' : 'Block'} ${kind} ${value.slice(0, 120)}`
    await desk.note({ kind: 'list-entry', name, about: { entryId: id, action, kind, value } })
  }
}

/** An entry that stands there already is no reason to refuse the rest. */
export async function saveEntry(
  deps: Pick<TakeDeps, 'outbox'>,
  desk: Pick<PlanDesk, 'tx' | 'now'>,
  actor: Actor,
  wanted: Parameters<typeof addEntry>[3],
): Promise<TakenBody['entries'][number]> {
  try {
    const { id, action, kind, value } = await addEntry(desk.tx, deps.outbox, actor, wanted)
    return { id, action, kind, value, existed: false }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'entry-exists') throw error
    const { action, kind, value } = checkEntry(wanted, desk.now)
    const found = await listEntries(desk.tx, { action, kind, state: 'active', value, limit: 1 })
    return { id: found[0]?.id ?? null, action, kind, value, existed: true }
  }
}
