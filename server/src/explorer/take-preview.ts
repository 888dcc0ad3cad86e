import { sql } from 'kysely'
import type { Actor } from '../access/index.ts'
import { AppError, type SubmissionId, uuidv7 } from '../base/index.ts'
import { checkEntry, type NewEntry } from '../lists/index.ts'
import {
  type Plan,
  type PlanDesk,
  possibleFor,
  type Remediation,
  readable,
  selectionOf,
  sentToPutBack,
  targetsOf,
} from '../remediation/index.ts'
import { othersCount, othersOf } from './take-copy.ts'
import type { TakeActionBody, TakePreview, TargetRow } from './take-schemas.ts'
import { type Step, stepsOf } from './take-steps.ts'

export const kindOfSelection = (select: TakeActionBody['select']): 'hand' | 'query' | 'action' =>
  'filter' in select ? 'query' : 'actionId' in select ? 'action' : 'hand'

/** The entry will be made by a submission of the same plan; it has no id yet. */
const SUBMISSION = uuidv7<SubmissionId>()

type Wished = NonNullable<TakeActionBody['entries']>[number]
export const entryOf = (wished: Wished, submissionId: SubmissionId | null): NewEntry => ({
  action: wished.action,
  kind: wished.kind,
  value: wished.value,
  ...(wished.expiresInDays === undefined ? {} : { expiresInDays: wished.expiresInDays }),
  ...(wished.note === undefined ? {} : { note: wished.note }),
  submissionId,
})

/** What would be thrown, as the preview tells it. */
export const refusalOf = (error: unknown): NonNullable<TakePreview['refused']> => {
  if (!(error instanceof AppError)) throw error
  return { code: error.code, message: error.message, cure: error.cure }
}

/**
 * The blast radius of a whole wish, from recorded state, and what could be chosen for its selection. What would be refused is told, not
 * thrown, so that a wizard can show it while somebody is still choosing.
 */
export async function previewTake(remediation: Remediation, actor: Actor, wish: TakeActionBody): Promise<TakePreview> {
  const { answer } = await remediation.plan(actor, { key: null, wish }, (desk) =>
    previewIn(remediation, desk, actor, wish),
  )
  return answer as TakePreview
}

async function previewIn(
  remediation: Remediation,
  desk: PlanDesk,
  actor: Actor,
  wish: TakeActionBody,
): Promise<TakePreview> {
  const select = selectionOf(wish.select)
  const shown: TakePreview = {
    at: desk.now.toISOString(),
    selection: { by: kindOfSelection(wish.select), copies: 0, messages: 0, unknown: 0, query: readable(select) },
    possible: [],
    actions: [],
    sentBack: 0,
    others: null,
    submit: null,
    entries: [],
    approval: { needed: 0, why: null },
    refused: null,
  }
  try {
    Object.assign(shown.selection, await desk.size(select))
  } catch (error) {
    return { ...shown, refused: refusalOf(error) }
  }
  shown.possible = [...(await possibleFor(desk.tx, actor.tenant, select))]
  try {
    const steps = wish.move || wish.release || wish.submit || wish.entries ? stepsOf(wish) : []
    for (const step of steps) {
      const plan = await desk.preview(step.request, step.scope)
      if (plan.copies > 0 || steps.length === 1) shown.actions.push(plannedAction(step, plan))
    }
    if (wish.move?.target === 'inbox' && wish.move.senderCopy)
      shown.sentBack = copiesIn(await sentToPutBack(desk.tx, actor.tenant, select))
    if (wish.submit) shown.submit = { as: wish.submit.as, messages: shown.selection.messages }
    shown.entries = (wish.entries ?? []).map((e) => {
      const { action, kind, value, expiresAt } = checkEntry(entryOf(e, wish.submit ? SUBMISSION : null), desk.now)
      return { action, kind, value, expiresAt: expiresAt?.toISOString() ?? null }
    })
    shown.approval = await desk.approval(shown.actions, wish.propose ?? false)
    checkNumbers(remediation, shown, wish)
    const others = await othersOf(desk, actor, wish, select)
    if (others) shown.others = othersCount(others)
  } catch (error) {
    shown.refused = refusalOf(error)
  }
  return shown
}

/** Copies that go back to Sent, of however many actions. */
export const copiesIn = (sent: Awaited<ReturnType<typeof sentToPutBack>>): number =>
  sent.reduce((sum, s) => sum + s.items.length, 0)

/** What the numbers refuse. Throws AppError `unknown-messages`, `nothing-selected`, `nothing-to-do`, `too-many-submissions`. */
export function checkNumbers(
  remediation: Pick<Remediation, 'limits'>,
  { selection, actions, submit, sentBack }: Pick<TakePreview, 'selection' | 'actions' | 'submit' | 'sentBack'>,
  wish: TakeActionBody,
): void {
  if (selection.unknown > 0)
    throw new AppError(
      'unknown-messages',
      `${selection.unknown} of what is selected ${selection.unknown === 1 ? 'does' : 'do'} not exist.`,
      'Select anew: they may have been removed since.',
      { status: 404 },
    )
  if (selection.copies === 0 && (wish.move || wish.release || wish.submit))
    throw new AppError('nothing-selected', 'No message matches the selection.', 'Select messages that exist.')
  const { maxSubmit } = remediation.limits
  if (submit && submit.messages > maxSubmit)
    throw new AppError(
      'too-many-submissions',
      `${submit.messages} messages are selected; ${maxSubmit} can be submitted at a time.`,
      'Select fewer messages, leave the submission out, or raise remediation.maxSubmit.',
      { status: 422 },
    )
  const named = wish.release?.recipients
  const meant = actions.find((a) => a.kind === 'release')
  const reached = actions.reduce((sum, a) => sum + a.copies + a.alreadyThere, sentBack)
  if (reached === 0 && actions.length > 0 && !wish.release?.copyTo) {
    const why = actions.flatMap((a) => a.impossible)[0]?.reason
    throw new AppError(
      'nothing-to-do',
      `Nothing can be done with what is selected${why ? `: ${why}` : '.'}`,
      named && !meant
        ? 'Choose recipients of these messages.'
        : 'Choose another action; the preview says what is possible.',
      { status: 409 },
    )
  }
}

export const plannedAction = ({ request }: Step, plan: Plan): TakePreview['actions'][number] => ({
  kind: request.kind,
  target: request.target ?? null,
  name: request.name ?? '',
  copies: plan.items.actionable,
  messages: plan.messages,
  mailboxes: plan.mailboxes,
  senderCopies: plan.senderCopies,
  alreadyThere: plan.items.alreadyThere,
  notFound: plan.items.notFound,
  byFolder: [...plan.byFolder],
  notExact: [...plan.notExact],
  impossible: plan.impossible.map((i) => ({ ...i, sample: [...i.sample] })),
})

/** Each selected copy with where it is and what would be done with it, page by page in the order of its id. */
export async function targetPage(
  desk: PlanDesk,
  actor: Actor,
  wish: TakeActionBody,
  page: { readonly limit: number; readonly after: string | null },
): Promise<{ items: TargetRow[]; next: string | null }> {
  const steps = wish.move || wish.release ? stepsOf(wish) : []
  const found = await targetsOf(desk.tx, actor, steps, selectionOf(wish.select), { ...page, limit: page.limit + 1 })
  const rows = found.slice(0, page.limit)
  const about = await sql<{ id: string; subject: string; sender_address: string | null }>`
    select id, subject, sender_address from message where tenant_id = ${actor.tenant}
      and id = any(${[...new Set(rows.map((r) => r.messageId))]}::uuid[])`.execute(desk.tx)
  const byId = new Map(about.rows.map((m) => [m.id, m]))
  const items = rows.map((r) => {
    const message = byId.get(r.messageId)
    return { ...r, subject: message?.subject ?? '', sender: message?.sender_address ?? null }
  })
  return { items, next: found.length > page.limit ? (items.at(-1)?.deliveryId ?? null) : null }
}
