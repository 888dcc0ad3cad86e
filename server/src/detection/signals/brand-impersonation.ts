import type { Signal } from '../../judgement/index.ts'
import { hostParts, isWithin, siteOf } from '../hosts.ts'
import { BRAND_LABELS, type Brand, type BrandName, belongsTo, brandsIn } from '../knowledge/brands.ts'
import { disguised, editDistance, latin, skeleton } from '../names.ts'
import { count, points, readingOf } from '../reading.ts'
import { isFreeMail, listOf, senderDomainOf } from '../senders.ts'
import { wordsOf } from '../text/words.ts'
import type { SignalInput } from '../types.ts'

/**
 * Somebody writes under the name of a company that everybody knows, from a domain that is not theirs: in the sender's name, in the local part, in
 * a domain made to look like theirs; or the subject and text speak for it and ask for something, while neither sender nor
 * links are theirs. Naming a company is no crime: without a request the text counts nothing, and through a mailing list only domains count.
 */
export function brandImpersonation({ mail, organisation }: SignalInput): Signal[] {
  const domain = senderDomainOf(mail)
  if (domain !== null && isWithin(domain, organisation.domains) && mail.authentication.aligned) return []
  const found = [
    byDomain(domain),
    ...(listOf(mail)?.shown
      ? []
      : [byName(mail.from, domain), byLocalPart(mail.from, domain), bySubject({ mail, domain })]),
  ]
  const claims = found.filter((f) => f !== null).sort((a, b) => b.weight - a.weight)
  const [worst] = claims
  if (worst === undefined) return []
  const others = claims.slice(1).reduce((sum, c, i) => sum + c.weight * 0.4 ** (i + 1), 0)
  const sender = mail.from.find((f) => f.address !== null)?.address ?? null
  return [
    {
      id: 'brand-impersonation',
      version: 1,
      weight: points(Math.min(9, worst.weight + others)),
      threat: 'phish',
      technology: 'impersonation-domain',
      summary: `${worst.says}, but ${sender === null ? 'no readable address' : `was sent from ${domain}`}`,
      evidence: { claims: claims.map(({ brand, how, weight }) => ({ brand: brand.name, how, weight })), domain },
      entities: domain === null ? [] : [{ kind: 'sender-domain', value: domain }],
    },
  ]
}

interface Claim {
  readonly brand: Brand
  readonly how: 'domain' | 'name' | 'disguised name' | 'local part' | 'subject' | 'text'
  readonly weight: number
  readonly says: string
}

type Senders = readonly { readonly name: string; readonly address: string | null }[]

function byName(from: Senders, domain: string | null): Claim | null {
  for (const { name } of from) {
    if (name === '') continue
    const odd = disguised(name)
    const claimed = firstOf(nameWords(name, odd), domain)
    // "Tim Chase" may be called so: an ordinary word counts only where the whole name is the company's.
    if (claimed === null || (claimed.common && !standsAlone(name, claimed))) continue
    const loose = domain === null ? 1 : isFreeMail(domain) ? 1.2 : 0
    return {
      brand: claimed.brand,
      how: odd ? 'disguised name' : 'name',
      weight: (claimed.common ? 2.2 : 3.6) + loose + (odd ? 2.5 : 0),
      says: `Calls itself ${claimed.brand.name}${odd ? ' in letters that only look like those of the name' : ''}`,
    }
  }
  return null
}

const OFFICE = new Set(
  'the my your support team service services customer care help desk center centre account accounts security alert alerts notification notifications info billing payment payments no reply noreply delivery express online bank card cards id inc llc ltd gmbh com net de uk us update updates message rewards reward survey winner prize promo shop store kundenservice sicherheit servicio atencion cliente clientes suporte assistenza clienti klantenservice'.split(
    ' ',
  ),
)

const standsAlone = (name: string, { words }: BrandName): boolean =>
  wordsOf(name, 12).words.every((w) => words.includes(w) || OFFICE.has(w) || /^\d+$/.test(w))

/** Words of a name as the eye reads them: `PαyPal`, `Pay Pal`, `AMAZ0N`. */
function nameWords(name: string, odd: boolean): readonly string[] {
  const { words } = wordsOf(odd ? latin(name) : name, 30)
  const unleeted = words.map((w) =>
    /\d/.test(w) && /[a-z]/.test(w)
      ? w.replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('5', 's').replaceAll('3', 'e').replaceAll('4', 'a')
      : w,
  )
  const joined = unleeted.map((w, i) => w + (unleeted[i + 1] ?? '')).filter((w) => w.length >= 6)
  return [...unleeted, ...joined]
}

function firstOf(words: readonly string[], domain: string | null): BrandName | null {
  const names = brandsIn(words)
  // A firm may name others beside itself: "Amazon via DHL" from either of them is no pretence.
  if (domain !== null && names.some((n) => belongsTo(domain, n.brand))) return null
  return names.find((n) => !n.common) ?? names[0] ?? null
}

function byLocalPart(from: Senders, domain: string | null): Claim | null {
  for (const { address } of from) {
    if (address === null || domain === null) continue
    const local = address.slice(0, address.lastIndexOf('@'))
    const claimed = firstOf(wordsOf(local.replace(/[._+\-=]+/g, ' '), 10).words, domain)
    if (claimed === null || claimed.common) continue
    return {
      brand: claimed.brand,
      how: 'local part',
      weight: 1.8,
      says: `Writes ${claimed.brand.name} into its address`,
    }
  }
  return null
}

function byDomain(domain: string | null): Claim | null {
  const alike = domain === null ? null : brandLikeness(domain)
  return alike === null
    ? null
    : {
        brand: alike.brand,
        how: 'domain',
        weight: alike.weight,
        says: `Uses a domain that imitates ${alike.brand.name} (${alike.how})`,
      }
}

export interface BrandLikeness {
  readonly brand: Brand
  readonly how: string
  /** Points when it is the sender's domain. */
  readonly weight: number
}

/** The brand that a host's own label imitates: look-alike letters, one letter changed, the name among other words; null when it belongs to one or imitates none. */
export function brandLikeness(host: string): BrandLikeness | null {
  const before = likenesses.get(host)
  if (before !== undefined) return before
  const found = compareToBrands(host)
  if (likenesses.size > 2_000) likenesses.clear()
  likenesses.set(host, found)
  return found
}

/** The same hosts come again and again. */
const likenesses = new Map<string, BrandLikeness | null>()

function compareToBrands(host: string): BrandLikeness | null {
  const { label, isIp, domain } = hostParts(host)
  if (isIp || label === '') return null
  const known = BRAND_LABELS.get(label)
  // Somebody else's firm may have the same name under another suffix.
  if (known !== undefined)
    return belongsTo(host, known) ? null : { brand: known, how: 'the same name under another suffix', weight: 1 }
  const sight = skeleton(label)
  const words = latin(label).split(/[-_\d]+/)
  const above = host.slice(0, Math.max(0, host.length - domain.length - 1)).split(/[.-]/)
  for (const { own, brand, seen } of IMITATED) {
    if (seen === sight)
      return belongsTo(host, brand) ? null : { brand, how: 'letters or digits that look alike', weight: 6 }
    if (words.length > 1 && words.includes(own)) return { brand, how: 'words added to the name', weight: 4 }
    if (own.length >= 6 && label.length > own.length && (label.startsWith(own) || label.endsWith(own)))
      return { brand, how: 'letters added to the name', weight: 2.2 }
    if (own.length >= 6 && above.includes(own)) return { brand, how: 'the name in front of another domain', weight: 3 }
    if (
      own.length >= 7 &&
      Math.abs(own.length - label.length) <= 1 &&
      own[0] === label[0] &&
      editDistance(label, own, 1) === 1
    )
      return { brand, how: 'one letter changed', weight: 3 }
  }
  return null
}

/** Every label that can be imitated, as the eye reads it. */
const IMITATED = [...BRAND_LABELS].map(([own, brand]) => ({ own, brand, seen: skeleton(own) }))

/** The subject, or the beginning of the text, speaks for a brand and asks; nothing of it leads there. */
function bySubject({ mail, domain }: { mail: SignalInput['mail']; domain: string | null }): Claim | null {
  const reading = readingOf(mail)
  const asks =
    count(reading, 'verify') +
    count(reading, 'click') +
    count(reading, 'account-problem') +
    count(reading, 'delivery') +
    count(reading, 'prize') +
    count(reading, 'payment')
  if (asks === 0 || reading.links + mail.attachments.length === 0) return null
  const inSubject = firstOf(reading.subject.words, domain)
  const inText = firstOf(reading.body.words.slice(0, 120), domain)
  const claimed =
    inSubject !== null && !inSubject.common ? inSubject : inText !== null && !inText.common ? inText : null
  if (claimed === null) return null
  // Who links to the brand's own pages talks about it; pictures taken from there do not count.
  if (
    mail.urls.some(
      (u) =>
        (u.place === 'link' || u.place === 'text') &&
        belongsTo(u.host.toLowerCase(), claimed.brand) &&
        siteOf(u.host) !== '',
    )
  )
    return null
  const how = claimed === inSubject ? 'subject' : 'text'
  const weight = (how === 'subject' ? 2.2 : 1) + Math.min(asks, 4) * (how === 'subject' ? 0.3 : 0.15)
  return {
    brand: claimed.brand,
    how,
    weight: points(weight * (reading.body.words.length > 500 ? 0.5 : 1)),
    says: `Speaks for ${claimed.brand.name} and asks for something`,
  }
}
