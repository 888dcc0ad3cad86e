import { Value } from 'typebox/value'
import { type Actor, requireAllow, requirePermission } from '../../access/index.ts'
import { AppError, type DeliveryId, type MessageId } from '../../base/index.ts'
import { auditHeld, resultsBody } from '../../quarantine/index.ts'
import type { MailKind, PlanDesk, Remediation, Requester } from '../../remediation/index.ts'
import type { Storage } from '../../storage/index.ts'
import type { ReportDeps } from '../../submissions/index.ts'
import { addCopies, copiesFor, othersCount } from '../take-copy.ts'
import { refusalOf } from '../take-preview.ts'
import { type Choice, choose, refuse } from './choose.ts'
import { type DeleteBody, HeldDone, type HeldPlan, type PreviewBody, type ReleaseBody } from './schemas.ts'
import { type Besides, NOTHING, submitAll } from './submit.ts'

export interface HeldDeps extends Pick<ReportDeps, 'emailOf'> {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
  readonly remediation: Pick<Remediation, 'plan' | 'limits'>
}

/** Who manages the quarantine releases and deletes there without further rights; the organisation's rules on second persons hold. */
const asManager = ({ tenant, user, name, permissions }: Actor): Requester => ({
  tenant,
  user,
  name,
  permissions: new Set<string>([...permissions, 'remediation.propose', 'remediation.approve', 'remediation.purge']),
})

/** What a release or deletion would do, counted from recorded state; nothing is changed. Throws AppError `bad-wish`. */
export async function previewHeld(deps: HeldDeps, actor: Actor, body: PreviewBody): Promise<HeldPlan> {
  if (body.copyTo && body.do !== 'release')
    throw new AppError('bad-wish', 'What is deleted is given to nobody.', 'Leave copyTo out, or release.')
  let plan: HeldPlan | null = null
  await deps.remediation.plan(asManager(actor), { key: null, wish: body }, async (desk) => {
    plan = await previewIn(deps, desk, actor, body)
    return {}
  })
  if (plan === null) throw new Error('nothing was counted')
  return plan
}

async function previewIn(
  { remediation }: HeldDeps,
  desk: PlanDesk,
  actor: Actor,
  body: PreviewBody,
): Promise<HeldPlan> {
  const wish = { tenant: actor.tenant, select: body.select, recipients: body.recipients }
  const choice = await choose(desk.tx, wish, { lock: false, now: desk.now })
  const refused = tally(choice.refused)
  const none = { messages: 0, copies: 0, mailboxes: 0, back: 0, first: 0, notExact: [], others: null, stopped: null }
  const nobody = { needed: 0, why: null }
  if (choice.ready.length === 0) return { ...none, refused, approval: nobody, at: desk.now.toISOString() }
  const kind = body.do === 'release' ? 'release' : body.permanently ? 'hard-delete' : 'soft-delete'
  const plan = await desk.preview({ kind, select: { deliveryIds: choice.ready.map((c) => c.deliveryId) } })
  const first = plan.notExact.find((r) => /first time/.test(r.reason))?.count ?? 0
  const more = plan.impossible.map(({ reason, count }) => ({ reason, count }))
  const toOthers = await previewOthers(desk, messagesIn(choice), body.copyTo)
  // Copies for others are of the same action, and no action is larger than what may be named.
  const together = Math.min(plan.items.actionable + (toOthers.others?.copies ?? 0), remediation.limits.maxByHand)
  return {
    messages: plan.messages,
    copies: plan.items.actionable,
    mailboxes: plan.mailboxes,
    back: plan.items.actionable - first,
    first,
    notExact: [...plan.notExact],
    refused: [...refused, ...more],
    ...toOthers,
    approval: toOthers.stopped ? nobody : await desk.approval([{ kind, copies: together }], false),
    at: plan.at,
  }
}

const messagesIn = ({ ready }: Choice): readonly MessageId[] => [...new Set(ready.map((c) => c.messageId))]

async function previewOthers(
  desk: PlanDesk,
  messages: readonly MessageId[],
  copyTo: readonly string[] | undefined,
): Promise<Pick<HeldPlan, 'others' | 'stopped'>> {
  if (!copyTo) return { others: null, stopped: null }
  try {
    return { others: othersCount(await copiesFor(desk, messages, copyTo, false)), stopped: null }
  } catch (error) {
    return { others: null, stopped: refusalOf(error) }
  }
}

function tally(reasons: readonly string[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>()
  // Names and times differ from copy to copy: where there are many, the kind of reason is what matters.
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count)
    .slice(0, 20)
}

/**
 * Releases held copies; with `submit` each message becomes a submission, with `allow` what held it is allowed for some days: all of it in
 * one transaction. Throws AppError `already-released`, `expired`, `under-way`, `no-recipient`, `not-in-quarantine`, `nothing-selected`,
 * `too-many`, `forbidden`, `bad-wish`.
 */
export async function releaseHeld(deps: HeldDeps, actor: Actor, body: ReleaseBody): Promise<HeldDone> {
  if (body.submit) requirePermission(actor, 'submission.write')
  if (body.allow) requireAllow(actor)
  if (body.allow && !body.submit)
    throw new AppError(
      'bad-wish',
      'What is to be allowed is found by judging the report: a release that allows has to submit.',
      'Add submit, or leave allow out.',
    )
  return await act(deps, actor, body, 'release', async (desk, messages) => {
    if (!body.submit) return NOTHING
    return await submitAll(deps, actor, desk, messages, body)
  })
}

/** Deletes held copies. Soft: the recipient may find it under *Recoverable*; permanently: only an analyst can undo it, until retention ends. */
export async function deleteHeld(deps: HeldDeps, actor: Actor, body: DeleteBody): Promise<HeldDone> {
  const kind = body.permanently ? 'hard-delete' : 'soft-delete'
  return await act(deps, actor, body, kind, async () => NOTHING)
}

async function act(
  deps: HeldDeps,
  actor: Actor,
  body: ReleaseBody | DeleteBody,
  kind: MailKind,
  besides: (desk: PlanDesk, messages: readonly MessageId[]) => Promise<Besides>,
): Promise<HeldDone> {
  const verb = kind === 'release' ? 'release' : 'delete'
  const { idempotencyKey, ...wish } = body
  const asked = { key: idempotencyKey ?? null, wish: { ...wish, do: kind } }
  const { answer, repeated } = await deps.remediation.plan(asManager(actor), asked, async (desk) => {
    const which = { tenant: actor.tenant, select: body.select, recipients: body.recipients }
    const choice = await choose(desk.tx, which, { lock: true, now: new Date() })
    if (choice.ready.length === 0) throw refuse(choice, verb)
    const messages = messagesIn(choice)
    const { name, approvalId } = await begin(desk, body, choice, kind, messages.length)
    const copyTo = 'copyTo' in body ? body.copyTo : undefined
    const others = copyTo ? await addCopies(desk, actor, await copiesFor(desk, messages, copyTo, false)) : []
    const copies = [...choice.ready.map((c) => c.deliveryId), ...others]
    const actions = await move(deps, desk, copies, kind, name, body.note)
    await auditHeld(desk.tx, actor, `quarantine.${verb}`, messages, {
      approvalId,
      ...(body.recipients ? { recipients: body.recipients } : {}),
      ...(copyTo ? { copyTo } : {}),
      ...(kind === 'hard-delete' ? { permanently: true } : {}),
      ...(body.note ? { note: body.note } : {}),
    })
    return { ...resultsBody(choice.results), approvalId, name, actions, ...(await besides(desk, messages)) }
  })
  const done = { ...answer, repeated }
  if (!Value.Check(HeldDone, done)) throw new Error('a plan was answered in another form than it was written down in')
  return done
}

async function begin(desk: PlanDesk, body: ReleaseBody | DeleteBody, choice: Choice, kind: MailKind, messages: number) {
  const { select } = body
  const verb = kind === 'release' ? 'Release' : kind === 'hard-delete' ? 'Delete permanently' : 'Delete'
  const subject = choice.ready[0]?.subject.slice(0, 80) || '(no subject)'
  return await desk.begin({
    name: null,
    defaultName: `${verb} from quarantine: ${messages === 1 ? `“${subject}”` : `${messages} messages`}`,
    description: body.note ?? '',
    severity: 'low',
    source: 'quarantine',
    selection: {
      by: 'filter' in select ? 'query' : 'hand',
      query: 'filter' in select ? readable(select.filter) : null,
      at: desk.now.toISOString(),
      copies: choice.copies.length,
      messages: choice.results.length,
    },
  })
}

const readable = (filter: object): string =>
  Object.entries(filter)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' or ') : String(value)}`)
    .join(', ') || 'all that is held'

/** As many actions as the limit for copies that are named makes necessary; they have one approval ID. */
async function move(
  { remediation }: HeldDeps,
  desk: PlanDesk,
  copies: readonly DeliveryId[],
  kind: MailKind,
  name: string,
  note: string | undefined,
): Promise<HeldDone['actions']> {
  const actions: HeldDone['actions'] = []
  const most = remediation.limits.maxByHand
  for (let at = 0; at < copies.length; at += most) {
    const deliveryIds = copies.slice(at, at + most)
    const part = copies.length > most ? ` (${at / most + 1})` : ''
    const made = await desk.submit({
      kind,
      select: { deliveryIds },
      name: `${name}${part}`,
      source: 'quarantine',
      ...(note ? { description: note } : {}),
    })
    actions.push({ id: made.id, state: made.state, copies: made.copies })
  }
  return actions
}
