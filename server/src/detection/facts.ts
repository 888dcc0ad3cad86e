import { type DecidePolicy, decidePolicy } from '../judgement/index.ts'
import { suspendedSignals } from '../lists/index.ts'
import { type Directory, directory, getPolicy } from '../organisation/index.ts'
import type { Tx } from '../storage/index.ts'
import type { OrganisationFacts, Person } from './types.ts'

/** What judging needs of a tenant at this moment. */
export interface TenantView {
  readonly facts: OrganisationFacts
  readonly policy: DecidePolicy
}

export async function tenantView(tx: Tx): Promise<TenantView> {
  return {
    facts: factsOf(await directory(tx)),
    policy: { ...decidePolicy(await getPolicy(tx)), suspended: await suspendedSignals(tx) },
  }
}

// The directory is kept in memory per version; so is what is made of it.
const known = new WeakMap<Directory, OrganisationFacts>()

export function factsOf(from: Directory): OrganisationFacts {
  const before = known.get(from)
  if (before !== undefined) return before
  const aliases = new Map<string, string[]>()
  for (const { address, target } of from.document().aliases)
    aliases.set(target, [...(aliases.get(target) ?? []), address])
  const people: Person[] = from.people
    // Shared and security mailboxes bear the names of things: `Support`, `Accounts`.
    .filter((p) => p.kind === 'user' && p.name !== '')
    .map((p) => ({ name: p.name, addresses: [p.address, ...(aliases.get(p.address) ?? [])], protected: p.protected }))
  const facts = { domains: [...from.domains].sort(), protectedDomains: [], people }
  known.set(from, facts)
  return facts
}
