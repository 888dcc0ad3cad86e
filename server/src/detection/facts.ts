import type { MessageId } from '../base/index.ts'
import { type DecidePolicy, type Direction, decidePolicy, policyFor } from '../judgement/index.ts'
import { suspendedSignals } from '../lists/index.ts'
import { allPolicies, type Directory, directory } from '../organisation/index.ts'
import { deliveriesOf } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import type { OrganisationFacts, Person } from './types.ts'

/** What judging needs of a tenant at this moment. */
export interface TenantView {
  readonly facts: OrganisationFacts
  /** The one for everybody. */
  readonly policy: DecidePolicy
  /** The one that judges mail for the mailbox with this address. */
  readonly policyOf: (mailbox: string, direction: Direction) => DecidePolicy
}

export async function tenantView(tx: Tx, now = new Date()): Promise<TenantView> {
  const [own, { policy: saved, others }, suspended] = await Promise.all([
    directory(tx),
    allPolicies(tx),
    suspendedSignals(tx, now),
  ])
  const { policies, version } = others
  const policy = { ...decidePolicy(saved), suspended }
  const policyOf: TenantView['policyOf'] = (address, direction) =>
    policyFor(
      policies,
      version,
      { address, groups: own.groupsOf(address), secops: own.kindOf(address) === 'secops' },
      direction,
      policy,
    )
  return { facts: factsOf(own, saved.trustedArcSealers), policy, policyOf }
}

/** The policy that judges a message today: that of its recipients, who share one. */
export async function policyOfMessage(
  tx: Tx,
  message: { readonly id: MessageId; readonly direction: Direction },
): Promise<DecidePolicy> {
  const { policy, policyOf } = await tenantView(tx)
  const [mailbox] = (await deliveriesOf(tx, message.id)).filter((d) => d.mailbox_id !== null)
  const own = mailbox?.mailbox_id ? (await directory(tx)).mailbox(mailbox.mailbox_id) : null
  return own === null ? policy : policyOf(own.address, message.direction)
}

// The directory is kept in memory per version; so is what is made of it, and what analyses keep about that.
const known = new WeakMap<Directory, { readonly sealers: string; readonly facts: OrganisationFacts }>()

export function factsOf(from: Directory, trustedArcSealers: readonly string[] = []): OrganisationFacts {
  const before = known.get(from)
  const sealers = trustedArcSealers.join(' ')
  if (before?.sealers === sealers) return before.facts
  const aliases = new Map<string, string[]>()
  for (const { address, target } of from.document().aliases)
    aliases.set(target, [...(aliases.get(target) ?? []), address])
  const people: Person[] = from.people
    // Shared and security mailboxes bear the names of things: `Support`, `Accounts`.
    .filter((p) => p.kind === 'user' && p.name !== '')
    .map((p) => ({ name: p.name, addresses: [p.address, ...(aliases.get(p.address) ?? [])], protected: p.protected }))
  const facts = { domains: [...from.domains].sort(), protectedDomains: [], people, trustedArcSealers }
  known.set(from, { sealers, facts })
  return facts
}
