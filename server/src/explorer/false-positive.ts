import { Value } from 'typebox/value'
import { type Actor, requireAllow, requirePermission } from '../access/index.ts'
import { record } from '../audit/index.ts'
import { type ActionId, AppError, type MessageId } from '../base/index.ts'
import { explain } from '../detection/index.ts'
import { ENTRY_KINDS, EntryBody, type EntryKind } from '../lists/index.ts'
import { addEvents } from '../records/index.ts'
import { classifyAction, getAction, messagesOf, type RejectAsFalsePositive } from '../remediation/index.ts'
import type { Storage } from '../storage/index.ts'
import { allowCandidates, report } from '../submissions/index.ts'
import { saveEntry, type TakeDeps } from './take-action.ts'

export interface FalsePositiveDeps extends TakeDeps {
  readonly storage: Pick<Storage, 'tenant'>
}

/** Messages whose reports are asked what to allow. */
const ASKED = 20

export interface FalsePositiveOffer {
  readonly messages: number
  readonly allow: readonly { readonly kind: EntryKind; readonly value: string; readonly caution: string | null }[]
}

/** What rejecting an action as a false positive would submit and allow; nothing is written. Throws AppError `no-action`. */
export async function falsePositiveOffer(
  deps: FalsePositiveDeps,
  actor: Actor,
  id: ActionId,
): Promise<FalsePositiveOffer> {
  const most = deps.remediation.limits.maxSubmit
  return await deps.storage.tenant(actor.tenant, async (tx) => {
    if (!(await getAction(tx, actor.tenant, id)))
      throw new AppError('no-action', 'There is no such action.', 'Look at the list of actions.', { status: 404 })
    const messages = await messagesOf(tx, actor.tenant, id, most)
    const found = new Map<string, FalsePositiveOffer['allow'][number]>()
    for (const message of messages.slice(0, ASKED))
      for (const c of allowCandidates(await explain(tx, message))) found.set(`${c.kind} ${c.value}`, c)
    return { messages: messages.length, allow: [...found.values()] }
  })
}

type Body = Parameters<RejectAsFalsePositive>[2]

const isKind = (text: string): text is EntryKind => ENTRY_KINDS.some((k) => k === text)

/**
 * Rejects what waits for approval, submits its messages as clean, allows what convicted them, and says with the action and on each
 * message's timeline that it was a false positive: all of it, or nothing. Of a very large action the first `maxSubmit` messages are
 * submitted. Throws AppError `forbidden`, and what rejecting throws.
 */
export function rejectAsFalsePositive(deps: FalsePositiveDeps): RejectAsFalsePositive {
  return async (actor, id, body) => {
    requirePermission(actor, 'submission.write')
    if (body.allow === undefined || body.allow.length > 0) requireAllow(actor)
    return await deps.storage.tenant(actor.tenant, async (tx) => {
      const decided = await deps.remediation.reject(actor, id, `false positive${body.why ? `: ${body.why}` : ''}`, tx)
      const messages = await messagesOf(tx, actor.tenant, id, deps.remediation.limits.maxSubmit)
      const made: Made[] = []
      for (const message of messages) {
        const { submission, next } = await report(tx, deps, actor, message, {
          as: 'analyst',
          opinion: 'should-not-have-been-blocked',
          reason: body.why ?? null,
        })
        made.push({ submission, next })
      }
      const now = new Date()
      const entries = []
      for (const wanted of wantedEntries(body, made)) entries.push(await saveEntry(deps, { tx, now }, actor, wanted))
      await classify(tx, actor, id, messages, body.why ?? null)
      return { ...decided, submissions: messages.length, entries: entries.map((e) => ({ ...e, id: e.id ?? '' })) }
    })
  }
}

type Made = Pick<Awaited<ReturnType<typeof report>>, 'submission' | 'next'>
type Wanted = Parameters<typeof saveEntry>[3]

/** What was asked for; else what the reports offer, each once. */
function wantedEntries(body: Body, made: readonly Made[]): readonly Wanted[] {
  const [first] = made
  if (body.allow)
    return body.allow.map(({ kind, value, expiresInDays, note }) => {
      if (!isKind(kind))
        throw new AppError('bad-value', `${kind} is no kind of entry.`, `Choose ${ENTRY_KINDS.join(', ')}.`)
      const more = {
        ...(expiresInDays === undefined ? {} : { expiresInDays }),
        ...(note === undefined ? {} : { note }),
        ...(first ? { submissionId: first.submission.id } : {}),
      }
      return { action: 'allow', kind, value, ...more }
    })
  const offered = new Map<string, Wanted>()
  for (const { submission, next } of made)
    for (const step of next) {
      if (step.kind !== 'allow-entry' || !Value.Check(EntryBody, step.body)) continue
      // By the first report that offers it: the entry leads to a message that holds it.
      const name = `${step.body.kind} ${step.body.value}`
      if (!offered.has(name)) offered.set(name, { ...step.body, submissionId: submission.id })
    }
  return [...offered.values()].slice(0, ASKED)
}

async function classify(
  tx: Parameters<typeof classifyAction>[0],
  actor: Actor,
  id: ActionId,
  messages: readonly MessageId[],
  note: string | null,
): Promise<void> {
  const action = await getAction(tx, actor.tenant, id)
  await classifyAction(tx, actor.tenant, id, {
    value: 'false-positive',
    by: actor.name,
    at: new Date().toISOString(),
    note,
  })
  const summary = `False positive: “${action?.name ?? id}” was rejected`
  await addEvents(
    tx,
    messages.map((messageId) => ({
      messageId,
      kind: 'classified',
      actor: actor.name,
      summary,
      detail: { actionId: id, classification: 'false-positive', note },
    })),
  )
  await record(tx, {
    actor,
    action: 'action.classify',
    subject: { kind: 'action', id },
    detail: { classification: 'false-positive', note, messages: messages.length },
  })
}
