import { convicting, type Explanation } from '../detection/index.ts'
import { type EntityRef, matches, replay } from '../judgement/index.ts'
import { type EntryAction, type EntryKind, type EntryRule, formatPair, readPair } from '../lists/index.ts'
import { filesIn, registrableDomain } from '../mail/index.ts'
import type { Message } from '../records/index.ts'

/** An entry that would help, not yet saved. */
export interface Candidate {
  readonly kind: EntryKind
  readonly value: string
  /** What a person should know before taking it. */
  readonly caution: string | null
}

const MOST_PACKED = 3

export const asRule = (action: EntryAction, { kind, value }: Candidate): EntryRule => ({
  id: 'candidate',
  version: 0,
  action,
  kind,
  value,
  expiresAt: null,
  origin: 'submission',
})

/**
 * Which allow would let this message, and the next like it, through: tried on the message itself, so nothing is offered that
 * would not help. The sender first, because links and files of honest mail change with every message; then what condemned it.
 */
export function allowCandidates({
  judgement,
  today,
}: {
  readonly judgement: Explanation['judgement']
  readonly today: Pick<Explanation['today'], 'entries' | 'policy' | 'at'>
}): Candidate[] {
  const entities = judgement.inputs.entities
  const helps = (candidates: readonly Candidate[]) => {
    const entries = [...today.entries, ...candidates.map((c, i) => ({ ...asRule('allow', c), id: `candidate-${i}` }))]
    const after = replay(judgement, { entries, policy: today.policy, now: today.at })
    return after.threat === 'none' && (after.policy === 'observe' ? after.wouldPlace : after.placement) === 'deliver'
  }
  // What comes through as it is needs no entry.
  if (helps([])) return []
  const sender = single(entities, 'sender')
  const bySender: Candidate[] = sender === null ? [] : [{ kind: 'sender', value: sender, caution: null }]
  const pairs = spoofedPairs(judgement)
  const parts = convicting(judgement.signals).flatMap((s) => s.entities)
  const files = distinct(parts, 'file-hash').map((value): Candidate => ({ kind: 'file-hash', value, caution: null }))
  const urls = distinct(parts, 'url').flatMap((value): Candidate[] => {
    const host = hostOf(value)
    return host === null
      ? []
      : [{ kind: 'url-domain', value: host, caution: 'everything below this domain is allowed, whoever links to it' }]
  })
  const domains = [...new Map(urls.map((c) => [c.value, c])).values()].slice(0, 5)
  const few = files.slice(0, 5)
  const choices = [
    bySender,
    ...pairs.map((pair) => [pair]),
    domains,
    few,
    [...domains, ...few],
    [...bySender, ...domains, ...few],
  ]
  return choices.find((c) => c.length > 0 && helps(c)) ?? []
}

/**
 * Who may send for whom (allow-block-list §6.2): of a sender outside of the organisation the whole domain, of our own the address; who has
 * signed it first, because nobody else can, then the name of the server, then its network.
 */
function spoofedPairs({ signals, inputs }: Explanation['judgement']): Candidate[] {
  const own = signals.some((s) => s.evidence['own'] === true)
  const signers = new Set(inputs.authentication.dkim.map((d) => d.domain))
  const rank = (server: string) => (signers.has(server) ? 0 : server.includes('/') ? 2 : 1)
  const pairs = distinct(inputs.entities, 'spoof').map(readPair)
  return pairs
    .sort((a, b) => rank(a.infrastructure) - rank(b.infrastructure))
    .map(({ user, infrastructure }): Candidate => {
      const sender = own ? user : user.slice(user.lastIndexOf('@') + 1)
      const server = infrastructure.includes('/')
        ? infrastructure
        : (registrableDomain(infrastructure) ?? infrastructure)
      const caution = `whoever sends from ${server} may call themselves ${sender}`
      return { kind: 'spoof', value: formatPair({ user: sender, infrastructure: server }), caution }
    })
}

/** What identifies mail like this one, worth blocking. Nothing of our own. */
export function blockCandidates(message: Message, explanation: Explanation, own: readonly string[]): Candidate[] {
  const { entities, authentication } = explanation.judgement.inputs
  const ours = (host: string) => own.some((d) => host === d || host.endsWith(`.${d}`))
  const sender = single(entities, 'sender')
  const links = message.mail.urls
    .filter((u) => u.place !== 'image' && u.place !== 'header')
    .flatMap((u) => domainEntity(entities, u.domain ?? u.host))
  return [
    ...[...new Set(links)]
      .filter((d) => !ours(d))
      .slice(0, 5)
      .map((value): Candidate => ({ kind: 'url-domain', value, caution: null })),
    ...(sender === null || ours(sender.slice(sender.lastIndexOf('@') + 1))
      ? []
      : [
          {
            kind: 'sender' as const,
            value: sender,
            caution: authentication.aligned ? null : 'the sender is not authenticated: anybody can write this address',
          },
        ]),
    ...message.mail.attachments
      .filter((a) => !a.inline)
      // A lure packs one file, and packs it anew each time; an archive of many holds what others have, too.
      .flatMap((a) => ((a.inside?.archive?.count ?? 0) <= MOST_PACKED ? filesIn(a) : filesIn(a).slice(0, 1)))
      .slice(0, 5)
      .map(({ sha256 }): Candidate => ({ kind: 'file-hash', value: sha256, caution: null })),
  ]
}

function single(entities: readonly EntityRef[], kind: EntityRef['kind']): string | null {
  const all = distinct(entities, kind)
  return all.length === 1 ? (all[0] ?? null) : null
}

const distinct = (entities: readonly EntityRef[], kind: EntityRef['kind']): string[] => [
  ...new Set(entities.filter((e) => e.kind === kind).map((e) => e.value)),
]

const hostOf = (url: string): string | null => URL.parse(url)?.hostname.replace(/^www\./, '') ?? null

/** Only names that judging knows: the entry has to match the stored entities. */
const domainEntity = (entities: readonly EntityRef[], host: string): string[] => {
  const rule = asRule('block', { kind: 'url-domain', value: host.toLowerCase(), caution: null })
  return host.includes('.') && entities.some((e) => matches(rule, e)) ? [host.toLowerCase()] : []
}
