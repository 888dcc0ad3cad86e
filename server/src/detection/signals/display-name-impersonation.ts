import type { Signal } from '../../judgement/index.ts'
import { type Address, normaliseAddress } from '../../mail/pure.ts'
import { domainOf, isWithin } from '../hosts.ts'
import { disguised, nameKey } from '../names.ts'
import type { OrganisationFacts, Person, SignalInput } from '../types.ts'

/**
 * Somebody outside uses the name of one of our people, or writes one of our addresses as their name. Namesakes exist, so an
 * ordinary name is only noted; a protected user's name, or letters chosen to look alike, convict.
 */
export function displayNameImpersonation({ mail, organisation }: SignalInput): Signal[] {
  const seen = new Map<string, Signal>()
  for (const from of mail.from) {
    const address = from.address === null ? null : normaliseAddress(from.address)
    // Our own domain without authentication is the business of authentication-failure.
    if (from.name === '' || (address !== null && isWithin(domainOf(address), organisation.domains))) continue
    const signal = addressAsName(from, address, organisation) ?? personsName(from, address, organisation)
    if (signal !== null) seen.set(signal.summary, signal)
  }
  return [...seen.values()]
}

function addressAsName(from: Address, address: string | null, organisation: OrganisationFacts): Signal | null {
  const shown = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+\.[a-z0-9-]+/i.exec(from.name.slice(0, 500))?.[0]
  const as = shown === undefined ? null : normaliseAddress(shown)
  if (as === null || as === address || !isWithin(domainOf(as), organisation.domains)) return null
  return {
    ...COMMON,
    weight: 8,
    summary: `Shows our address ${as} as its name, but was sent from ${address ?? 'an unreadable address'}`,
    evidence: { shown: from.name, as, address },
    entities: senderOf(address),
  }
}

function personsName(from: Address, address: string | null, organisation: OrganisationFacts): Signal | null {
  const key = nameKey(from.name)
  const person = key === null ? undefined : personCalled(organisation, key, address)
  if (person === undefined) return null
  const odd = disguised(from.name)
  const weight = (person.protected ? 8 : 3) + (odd ? 4 : 0)
  return {
    ...COMMON,
    weight,
    summary: `Bears the name of ${person.name}${person.protected ? ', a protected user' : ''}, but was sent from ${address ?? 'an unreadable address'}${odd ? ', with letters that only look like those of the name' : ''}`,
    evidence: { shown: from.name, person: person.name, protected: person.protected, disguised: odd, address },
    entities: senderOf(address),
  }
}

/** One who has this name and does not own the address; protected ones first. */
function personCalled(organisation: OrganisationFacts, key: string, address: string | null): Person | undefined {
  const named = peopleByName(organisation).get(key) ?? []
  if (named.some((p) => address !== null && p.addresses.some((a) => normaliseAddress(a) === address))) return undefined
  return named.find((p) => p.protected) ?? named[0]
}

const byName = new WeakMap<OrganisationFacts, ReadonlyMap<string, Person[]>>()

function peopleByName(organisation: OrganisationFacts): ReadonlyMap<string, Person[]> {
  const known = byName.get(organisation)
  if (known !== undefined) return known
  const map = new Map<string, Person[]>()
  for (const person of organisation.people) {
    const key = nameKey(person.name)
    if (key !== null) map.set(key, [...(map.get(key) ?? []), person])
  }
  byName.set(organisation, map)
  return map
}

const COMMON = {
  id: 'display-name-impersonation',
  version: 1,
  threat: 'impersonation',
  technology: 'impersonation-user',
} as const

const senderOf = (address: string | null) => (address === null ? [] : [{ kind: 'sender' as const, value: address }])
