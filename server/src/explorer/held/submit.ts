import { Value } from 'typebox/value'
import type { Actor } from '../../access/index.ts'
import { AppError, type MessageId, type SubmissionId } from '../../base/index.ts'
import { addEntry, type Entry, EntryBody } from '../../lists/index.ts'
import type { PlanDesk, Remediation } from '../../remediation/index.ts'
import type { Storage } from '../../storage/index.ts'
import { type ReportDeps, report, type SubmissionMade } from '../../submissions/index.ts'
import type { HeldDone, ReleaseBody } from './schemas.ts'

export type Besides = Pick<HeldDone, 'submissions' | 'entries' | 'advice'>
export const NOTHING: Besides = { submissions: [], entries: [], advice: [] }

interface Deps extends Pick<ReportDeps, 'emailOf'> {
  readonly storage: Pick<Storage, 'outbox'>
  readonly remediation: Pick<Remediation, 'limits'>
}

/** Each message as a false positive; what the results offer to allow is allowed, if that was asked for. */
export async function submitAll(
  deps: Deps,
  actor: Actor,
  desk: PlanDesk,
  messages: readonly MessageId[],
  body: ReleaseBody,
): Promise<Besides> {
  const most = deps.remediation.limits.maxSubmit
  if (messages.length > most)
    throw new AppError(
      'too-many',
      `${messages.length} messages are too many to be submitted in one step: at most ${most}.`,
      'Release them without submitting, and submit one of each kind.',
      { status: 422 },
    )
  const reporting = { outbox: deps.storage.outbox, emailOf: deps.emailOf }
  const made: SubmissionMade[] = []
  for (const id of messages)
    made.push(
      await report(desk.tx, reporting, actor, id, {
        as: 'analyst',
        opinion: 'should-not-have-been-blocked',
        reason: body.note ?? null,
      }),
    )
  const submissions = made.map(({ submission: s }) => ({ id: s.id, messageId: s.messageId, result: s.result }))
  await desk.note({
    kind: 'submit',
    name: `Submit as false positive: ${messages.length === 1 ? '1 message' : `${messages.length} messages`}`,
    about: { as: 'clean', messages: messages.length, submissionIds: submissions.map((s) => s.id) },
  })
  const { entries, advice } = body.allow
    ? await allowAll(deps, actor, desk, made, body.allow)
    : { entries: [], advice: [] }
  return { submissions, entries, advice }
}

interface Allowed {
  readonly entries: HeldDone['entries']
  readonly advice: string[]
}

/** Once each, though several messages may offer it; one that stands already is left as it is. */
async function allowAll(
  deps: Deps,
  actor: Actor,
  desk: PlanDesk,
  made: readonly SubmissionMade[],
  allow: { readonly days: number; readonly note?: string },
): Promise<Allowed> {
  const entries: HeldDone['entries'] = []
  const advice = new Set<string>()
  const seen = new Set<string>()
  for (const { submission, next, advice: said } of made) {
    const offered = next.filter((step) => step.kind === 'allow-entry')
    if (offered.length === 0) for (const text of said) advice.add(text)
    for (const { body } of offered) {
      if (!Value.Check(EntryBody, body) || seen.has(`${body.kind} ${body.value}`)) continue
      seen.add(`${body.kind} ${body.value}`)
      const wanted = {
        ...body,
        submissionId: submission.id satisfies SubmissionId,
        expiresInDays: allow.days,
        note: allow.note ?? body.note ?? '',
      }
      const entry = await addOrKeep(deps, actor, desk, wanted)
      if (entry === null) advice.add(`An entry to allow ${body.value} stands already; its end was not changed.`)
      else entries.push(entryOf(entry))
    }
  }
  return { entries, advice: [...advice] }
}

async function addOrKeep(
  deps: Deps,
  actor: Actor,
  desk: PlanDesk,
  wanted: Parameters<typeof addEntry>[3],
): Promise<Entry | null> {
  try {
    const entry = await addEntry(desk.tx, deps.storage.outbox, actor, wanted)
    await desk.note({
      kind: 'list-entry',
      name: `Allow ${entry.value}`.slice(0, 200),
      about: { entryId: entry.id, action: entry.action, kind: entry.kind, value: entry.value },
    })
    return entry
  } catch (error) {
    if (error instanceof AppError && error.code === 'entry-exists') return null
    throw error
  }
}

export const entryOf = ({ id, action, kind, value, expiresAt }: Entry) => ({ id, action, kind, value, expiresAt })
