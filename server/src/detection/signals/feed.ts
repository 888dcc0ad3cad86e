import type { EntityRef, Signal, Technology } from '../../judgement/index.ts'
import { canonicalUrl, filesIn, type ParsedMail } from '../../mail/pure.ts'
import type { Confidence, FeedFacts, FeedHit, FeedLookup } from '../feeds/index.ts'
import { hitsOfPage, hitsOfServer } from '../feeds/listed.ts'
import { type Finding, signalOf } from '../findings.ts'
import { fromDomainOf, isWithin } from '../hosts.ts'
import { ownerOf } from '../knowledge/brands.ts'
import { unwrap } from '../rewriters.ts'
import type { OrganisationFacts, SignalInput } from '../types.ts'

/** As its administrator trusts the feed: high confidence convicts surely, medium convicts, low needs company. */
const WEIGHTS: Readonly<Record<Confidence, number>> = { high: 10, medium: 6, low: 3 }
const TECHNOLOGIES: Readonly<Record<FeedFacts['kind'], Technology>> = {
  url: 'url-reputation',
  domain: 'url-reputation',
  ip: 'content',
  sha256: 'file-analysis',
}
const MOST_URLS = 300

/**
 * Something of the message stands in a feed of known-bad things. Each feed is a signal of its own, `feed:NAME`: one that turns out to be wrong
 * can be suspended, and what it did undone, apart from the others. Links behind rewriters are looked up as written and as they lead.
 */
export function feed(input: SignalInput): Signal[] {
  const { feeds } = input
  if (feeds === undefined || feeds.empty) return []
  const found = new Map<string, Found[]>()
  for (const one of [...links(input.mail, feeds), ...senders(input, feeds), ...files(input.mail, feeds)]) {
    const { name } = one.hit.feed
    found.set(name, [...(found.get(name) ?? []), one])
  }
  return [...found.values()].flatMap((all) => signal(all, input.organisation))
}

interface Found {
  readonly hit: FeedHit
  /** Where in the message. */
  readonly place: string
  readonly entities: readonly EntityRef[]
  /** Its host, where it is a whole domain that is listed. */
  readonly host?: string
}

function signal(all: readonly Found[], organisation: OrganisationFacts): Signal[] {
  const [first] = all
  if (first === undefined) return []
  const { feed } = first.hit
  const entries = new Map<string, Finding>()
  for (const { hit, place, entities, host } of all) {
    const spared = host === undefined ? null : doubtful(hit.entry, host, organisation)
    const before = entries.get(hit.entry)
    entries.set(hit.entry, {
      what: before?.what ?? `${hit.entry.slice(0, 120)} (${place}), since ${hit.since.slice(0, 10)}${spared ?? ''}`,
      weight: spared === null ? WEIGHTS[feed.confidence] : 0,
      entities: [...(before?.entities ?? []), ...entities],
    })
  }
  const listed = all.slice(0, 20).map(({ hit, place }) => ({ entry: hit.entry, since: hit.since, place }))
  const [made] = signalOf(
    {
      id: `feed:${feed.name}`,
      threat: feed.threat,
      technology: TECHNOLOGIES[feed.kind],
      lead: `The feed ${feed.name} lists`,
      evidence: { feed: feed.name, kind: feed.kind, confidence: feed.confidence, fileTime: feed.fileTime, listed },
    },
    [...entries.values()],
  )
  return made === undefined ? [] : [made]
}

/** A whole domain that cannot be meant: it is told and does not count. */
function doubtful(entry: string, host: string, { domains, protectedDomains }: OrganisationFacts): string | null {
  if (isWithin(host, domains)) return '; not counted: it is our own'
  if (isWithin(host, protectedDomains)) return '; not counted: it is protected here'
  // Below it may well be: what a company lets anybody put there.
  const owner = ownerOf(entry)
  return owner?.domains.includes(entry.replace(/^www\./, ''))
    ? `; not counted: it is the whole domain of ${owner.name}`
    : null
}

function links(mail: ParsedMail, feeds: FeedLookup): Found[] {
  return mail.urls.slice(0, MOST_URLS).flatMap(({ url, place }) => {
    const written = canonicalUrl(url)
    if (written === null) return []
    const entities: EntityRef[] = [{ kind: 'url', value: written }]
    const behind = canonicalUrl(unwrap(url))
    const where = place === 'qr' ? 'a code' : place === 'attachment' ? 'in a file' : `a ${place}`
    return [...new Set([written, behind ?? written])].flatMap((target) =>
      hitsOfPage(feeds, target).map((found): Found => ({ ...found, place: where, entities })),
    )
  })
}

function senders({ mail, context }: SignalInput, feeds: FeedLookup): Found[] {
  const domain = fromDomainOf(mail)
  const from =
    domain === null
      ? []
      : feeds.host(domain).map((hit) => ({
          ...{ hit, place: 'the sender', host: domain },
          entities: [{ kind: 'sender-domain' as const, value: domain }],
        }))
  const { clientIp } = context
  if (clientIp === null) return from
  const ip = hitsOfServer(feeds, clientIp).map((hit) => ({
    ...{ hit, place: 'the server that sent it' },
    entities: [{ kind: 'sender-ip' as const, value: clientIp }],
  }))
  return [...from, ...ip]
}

const files = (mail: ParsedMail, feeds: FeedLookup): Found[] =>
  mail.attachments.flatMap(filesIn).flatMap(({ sha256, name }) =>
    feeds.file(sha256).map((hit) => ({
      hit,
      place: `the file ${name.slice(0, 60)}`,
      entities: [{ kind: 'file-hash' as const, value: sha256 }],
    })),
  )
