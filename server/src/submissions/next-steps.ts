import type { SubmissionId } from '../base/index.ts'
import type { Explanation } from '../detection/index.ts'
import { checkEntry, type EntryAction, readPair } from '../lists/index.ts'
import { copiesMatching, type Delivery, type Message, type MessageFilter } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import { allowCandidates, asRule, blockCandidates, type Candidate } from './identities.ts'
import { type Past, tryOnPast } from './past.ts'
import type { ClaimedThreat, Opinion } from './tables.ts'

/** Something that may follow from a report. `body` is ready to be posted: an action (POST /actions) or an entry (POST /entries). */
export interface NextStep {
  readonly kind: 'release' | 'remove' | 'allow-entry' | 'block-entry'
  readonly label: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface StepsFor {
  readonly submissionId: SubmissionId
  readonly opinion: Opinion
  readonly threat: ClaimedThreat | null
  readonly recipient: string | null
  readonly message: Message
  readonly deliveries: readonly Delivery[]
  readonly explanation: Explanation
  /** Our own domains: never offered for blocking. */
  readonly own: readonly string[]
}

/** What can be done now about a reported message: to give back or take away its copies, and the entries that would decide it otherwise. */
export async function nextSteps(tx: Tx, what: StepsFor): Promise<NextStep[]> {
  return what.opinion === 'should-not-have-been-blocked'
    ? [...giveBack(what), ...(await entries(tx, what, 'allow', allowCandidates(what.explanation)))]
    : [
        ...(await takeAway(tx, what)),
        ...(await entries(tx, what, 'block', blockCandidates(what.message, what.explanation, what.own))),
      ]
}

const causeOf = ({ submissionId }: StepsFor) => ({ kind: 'submission', id: submissionId, version: 1 })
const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`
const recipientsOf = (copies: readonly Delivery[]): string[] => [...new Set(copies.map((d) => d.recipient))]

function giveBack(what: StepsFor): NextStep[] {
  const at = (location: Delivery['latest_location']) => what.deliveries.filter((d) => d.latest_location === location)
  const held = at('quarantine')
  const junk = at('junk')
  const cause = causeOf(what)
  const name = `Release “${what.message.subject.slice(0, 80)}”`
  const release = (copies: readonly Delivery[], label: string, some: boolean): NextStep => ({
    kind: 'release',
    label,
    body: {
      kind: 'release',
      select: { messageIds: [what.message.id] },
      ...(some ? { recipients: recipientsOf(copies) } : {}),
      name,
      cause,
    },
  })
  const mine = held.filter((d) => d.recipient.toLowerCase() === what.recipient?.toLowerCase())
  return [
    ...(mine.length > 0 && mine.length < held.length ? [release(mine, `Release to ${what.recipient}`, true)] : []),
    ...(held.length > 0 ? [release(held, `Release to ${toWhom(held)}`, false)] : []),
    ...(junk.length > 0
      ? [
          {
            kind: 'release' as const,
            label: `Move from Junk to the inbox of ${toWhom(junk)}`,
            body: { kind: 'move', target: 'inbox', select: { deliveryIds: junk.map((d) => d.id) }, name, cause },
          },
        ]
      : []),
  ]
}

function toWhom(copies: readonly Delivery[]): string {
  const all = recipientsOf(copies)
  return all.length === 1 ? (all[0] ?? '') : `all ${all.length} recipients`
}

const IN_MAILBOX = ['inbox', 'folder', 'junk'] as const

/** From every mailbox that holds this message, and wider: everything that shares a link domain, a file or the sender. */
async function takeAway(tx: Tx, what: StepsFor): Promise<NextStep[]> {
  const spam = what.threat === 'spam'
  const places = spam ? (['inbox', 'folder'] as const) : IN_MAILBOX
  const copies = what.deliveries.filter((d) => places.some((p) => p === d.latest_location))
  const verb = spam ? 'Move to Junk' : 'Remove'
  const action = spam ? { kind: 'move', target: 'junk' } : { kind: 'soft-delete' }
  const step = (label: string, select: Readonly<Record<string, unknown>>): NextStep => ({
    kind: 'remove',
    label,
    body: { ...action, select, name: `${verb}: “${what.message.subject.slice(0, 80)}”`, cause: causeOf(what) },
  })
  const steps =
    copies.length === 0
      ? []
      : [step(`${verb} this message (${count(copies.length, 'copy', 'copies')})`, { messageIds: [what.message.id] })]
  for (const { kind, value } of blockCandidates(what.message, what.explanation, what.own)) {
    const filter = filterFor(kind, value, places)
    if (filter === null) continue
    const found = await copiesMatching(tx, filter)
      .select((eb) => [eb.fn.countAll<string>().as('copies'), eb.fn.count<string>('m.id').distinct().as('messages')])
      .executeTakeFirst()
    const messages = Number(found?.messages ?? 0)
    if (messages > 1)
      steps.push(
        step(
          `${verb} all ${count(Number(found?.copies), 'copy', 'copies')} of ${messages} messages ${withWhat(kind, value)}`,
          { filter },
        ),
      )
  }
  return steps
}

function filterFor(kind: Candidate['kind'], value: string, places: readonly MessagePlace[]): MessageFilter | null {
  const location = [...places]
  if (kind === 'url-domain') return { urlDomain: value, location }
  if (kind === 'sender') return { sender: value, location }
  return kind === 'file-hash' ? { fileHash: value, location } : null
}
type MessagePlace = (typeof IN_MAILBOX)[number]

const withWhat = (kind: Candidate['kind'], value: string): string =>
  kind === 'url-domain'
    ? `with links to ${value}`
    : kind === 'sender'
      ? `from ${value}`
      : `with the file ${value.slice(0, 12)}…`

async function entries(
  tx: Tx,
  what: StepsFor,
  action: EntryAction,
  candidates: readonly Candidate[],
): Promise<NextStep[]> {
  const steps: NextStep[] = []
  for (const candidate of candidates) {
    const { kind, value, caution } = candidate
    const days = kind === 'spoof' ? null : 30
    const body = { action, kind, value, expiresInDays: days, note: '', submissionId: what.submissionId }
    if (!acceptable(body)) continue
    const past = await tryOnPast(tx, asRule(action, candidate), { limit: 1_000, sample: 0 })
    const verb = action === 'allow' ? 'Allow' : 'Block'
    steps.push({
      kind: action === 'allow' ? 'allow-entry' : 'block-entry',
      label: `${verb} ${thingOf(kind, value)}${days === null ? '' : ` for ${days} days`} (${effect(past)}${caution === null ? '' : `; ${caution}`})`,
      body: { ...body, note: `From a report on “${what.message.subject.slice(0, 200)}”` },
    })
  }
  return steps
}

function thingOf(kind: Candidate['kind'], value: string): string {
  if (kind === 'url-domain') return `links to ${value}`
  if (kind === 'file-hash') return `file ${value.slice(0, 12)}…`
  if (kind !== 'spoof') return value
  const { user, infrastructure } = readPair(value)
  return `mail of ${user} that ${infrastructure} sends`
}

function effect(past: Past): string {
  const matching = count(past.matching, 'message')
  return `in 30 days it matches ${past.complete ? matching : `more than ${matching}`}, of which ${past.flips} would be judged otherwise`
}

function acceptable(body: Parameters<typeof checkEntry>[0]): boolean {
  try {
    checkEntry(body, new Date())
    return true
  } catch {
    return false // a public suffix, a host that the grammar refuses: nothing that could be saved is offered
  }
}
