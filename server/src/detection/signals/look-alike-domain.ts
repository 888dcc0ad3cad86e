import type { EntityRef, Signal } from '../../judgement/index.ts'
import { canonicalUrl, type ParsedMail } from '../../mail/pure.ts'
import { domainOf, hostParts, isWithin } from '../hosts.ts'
import { editDistance, latin, skeleton } from '../names.ts'
import type { OrganisationFacts, SignalInput } from '../types.ts'

/**
 * A domain that a reader takes for one of ours (or for a protected one): look-alike letters, a typing error, words added,
 * our whole domain in front of another, or our name under another suffix. As sender, as reply address, as a link's host.
 */
export function lookAlikeDomain({ mail, organisation }: SignalInput): Signal[] {
  const models = [...organisation.domains, ...organisation.protectedDomains]
  if (models.length === 0) return []
  const addresses = (list: readonly { address: string | null }[]) =>
    list.flatMap((a) => (a.address === null ? [] : [domainOf(a.address)]))
  const senders = new Set(addresses(mail.from))
  const answers = new Set(addresses(mail.replyTo).filter((d) => !senders.has(d)))
  const links = new Set(
    mail.urls.filter((u) => u.place !== 'image' && u.place !== 'header').map((u) => u.host.toLowerCase()),
  )
  const urlsOf = (hosts: readonly string[]): EntityRef[] => urlEntities(mail, hosts)
  const domainsOf = (hosts: readonly string[]) => hosts.map((value): EntityRef => ({ kind: 'sender-domain', value }))
  return [
    ...strongest(senders, organisation, models, 'sender', domainsOf),
    ...strongest(answers, organisation, models, 'reply', domainsOf),
    ...strongest(links, organisation, models, 'link', urlsOf),
  ]
}

/** The URLs of all look-alike hosts: whoever allows one of them has not allowed the others. */
function urlEntities(mail: ParsedMail, hosts: readonly string[]): EntityRef[] {
  const found = mail.urls.filter((u) => hosts.includes(u.host.toLowerCase())).map((u) => canonicalUrl(u.url))
  return [...new Set(found.filter((u) => u !== null))].sort().map((value) => ({ kind: 'url', value }))
}

type Use = 'sender' | 'reply' | 'link'

function strongest(
  hosts: ReadonlySet<string>,
  own: OrganisationFacts,
  models: readonly string[],
  use: Use,
  entitiesOf: (hosts: readonly string[]) => EntityRef[],
): Signal[] {
  const found = [...hosts]
    .sort()
    .flatMap((host) => {
      const alike = likeness(host, models, own)
      return alike === null ? [] : [{ host, ...alike }]
    })
    .sort((a, b) => b.weight - a.weight)
  const [worst] = found
  if (worst === undefined) return []
  return [signalOf(worst, use, entitiesOf(found.map((f) => f.host)))]
}

const USES = {
  sender: { says: 'The sender domain', share: 1, technology: 'impersonation-domain', threat: 'impersonation' },
  reply: {
    says: 'The domain that answers go to,',
    share: 0.75,
    technology: 'impersonation-domain',
    threat: 'impersonation',
  },
  link: { says: 'A link leads to', share: 0.5, technology: 'url-analysis', threat: 'phish' },
} as const

function signalOf(found: Likeness & { host: string }, use: Use, entities: readonly EntityRef[]): Signal {
  const { says, share, technology, threat } = USES[use]
  return {
    id: 'look-alike-domain',
    version: 1,
    weight: found.weight * share,
    threat,
    technology,
    summary:
      use === 'link'
        ? `${says} ${found.host}, which imitates ${found.model} (${found.how})`
        : `${says} ${found.host} imitates ${found.model} (${found.how})`,
    evidence: { host: found.host, imitates: found.model, how: found.how, as: use },
    entities,
  }
}

interface Likeness {
  readonly model: string
  readonly how: string
  readonly weight: number
}

/** The strongest likeness of a host to one of the models; null when there is none, or it belongs to one of them. */
export function likeness(
  host: string,
  models: readonly string[],
  own: Pick<OrganisationFacts, 'domains'>,
): Likeness | null {
  if (isWithin(host, models) || isWithin(host, own.domains)) return null
  const parts = hostParts(host)
  if (parts.isIp) return null
  const all = models.flatMap((model) => {
    const how = compare(host, parts.label, parts.suffix, model)
    return how === null ? [] : [{ model, ...how }]
  })
  return all.sort((a, b) => b.weight - a.weight)[0] ?? null
}

function compare(host: string, label: string, suffix: string, model: string): Omit<Likeness, 'model'> | null {
  if (host.startsWith(`${model}.`) || host.includes(`.${model}.`))
    return { how: 'the whole domain in front of another', weight: 8 }
  const target = hostParts(model)
  const mine = target.label
  // Short names are everywhere: a likeness of four letters proves nothing.
  if (mine.length < 5) return null
  if (label === mine) return suffix === target.suffix ? null : { how: 'the same name under another suffix', weight: 3 }
  if (skeleton(label) === skeleton(mine)) return { how: 'letters or digits that look alike', weight: 10 }
  const words = latin(label).split('-')
  if (words.length > 1 && words.some((w) => skeleton(w) === skeleton(mine)))
    return { how: 'words added to the name', weight: 8 }
  const glued = ADDED.find((w) => label === `${mine}${w}` || label === `${w}${mine}`)
  if (glued !== undefined) return { how: `“${glued}” added to the name`, weight: 8 }
  const edits = editDistance(skeleton(label), skeleton(mine), 2)
  if (edits === 1 && mine.length >= 7) return { how: 'one letter changed', weight: 7 }
  if (edits === 2 && mine.length >= 12) return { how: 'two letters changed', weight: 5 }
  return null
}

const ADDED = [
  ...['login', 'secure', 'security', 'webmail', 'support', 'help', 'helpdesk', 'service', 'services'],
  ...['office', 'online', 'portal', 'account', 'accounts', 'billing', 'invoice', 'pay', 'payment', 'payments', 'bank'],
  ...['group', 'corp', 'inc', 'ltd', 'llc', 'gmbh', 'team', 'hr', 'it', 'admin', 'verify', 'update', 'cloud', 'app'],
]
