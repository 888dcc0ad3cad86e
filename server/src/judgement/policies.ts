import { decidePolicy } from './table.ts'
import type { DecidePolicy, Placement, PolicyMode, Thresholds } from './types.ts'

export type Direction = 'inbound' | 'internal' | 'outbound'

/** Whom a policy is for, or not: one that fits in each list that is not empty; all empty = everybody. */
export interface PolicyScope {
  /** Addresses of mailboxes. */
  readonly recipients: readonly string[]
  /** Addresses of groups: their members, also through other groups. */
  readonly groups: readonly string[]
  readonly domains: readonly string[]
}

/** A policy for some recipients. `strict` and `standard` are the presets: their settings cannot be changed. */
export interface MailPolicy {
  readonly id: string
  readonly name: string
  readonly kind: 'strict' | 'standard' | 'custom'
  /** Among those of one kind: smaller first. */
  readonly priority: number
  readonly enabled: boolean
  /** Which mail it judges. */
  readonly mail: readonly Direction[]
  readonly applies: PolicyScope
  /** One that fits in any of these lists is left out. */
  readonly except: PolicyScope
  readonly mode: PolicyMode
  readonly thresholds: Thresholds | null
  readonly unparsable: Placement | null
}

/** A recipient, as policies see them. */
export interface Whom {
  /** Of the mailbox, lower case. */
  readonly address: string
  /** Groups that lead to it. */
  readonly groups: ReadonlySet<string>
  /** The security team's own mailbox: it gets everything, to look at (allow-block-list §8.5 step 4). */
  readonly secops: boolean
}

const RANK = { strict: 0, standard: 1, custom: 2 } as const

/**
 * Which policy judges mail for a recipient: the security team's mailboxes are never filtered · Strict preset · Standard preset · own ones
 * by priority · the one for everybody. Only the first that applies does, never two merged (allow-block-list §8.4). Pure.
 */
export function policyFor(
  policies: readonly MailPolicy[],
  version: number,
  whom: Whom,
  direction: Direction,
  otherwise: DecidePolicy,
): DecidePolicy {
  if (whom.secops) return { ...otherwise, mode: 'observe', id: 'secops', name: 'Mailboxes of the security team' }
  const [first] = policies
    .filter((p) => p.enabled && p.mail.includes(direction) && isFor(p, whom))
    .sort((a, b) => RANK[a.kind] - RANK[b.kind] || a.priority - b.priority || (a.id < b.id ? -1 : 1))
  if (first === undefined) return otherwise
  const { kind, id, name } = first
  const settings = kind === 'custom' ? first : { mode: kind, thresholds: null, unparsable: null }
  const { suspended } = otherwise
  return {
    ...decidePolicy({ ...settings, version }),
    ...(suspended === undefined ? {} : { suspended }),
    id,
    name,
  }
}

function isFor({ applies, except }: MailPolicy, whom: Whom): boolean {
  const all = fits(applies, whom)
  const none = fits(except, whom)
  return all.every((f) => f !== false) && !none.some((f) => f === true)
}

/** Per list: whether it fits; null = the list is empty. */
function fits({ recipients, groups, domains }: PolicyScope, { address, groups: of }: Whom): (boolean | null)[] {
  const domain = address.slice(address.lastIndexOf('@') + 1)
  return [
    recipients.length === 0 ? null : recipients.includes(address),
    groups.length === 0 ? null : groups.some((g) => of.has(g)),
    domains.length === 0 ? null : domains.includes(domain),
  ]
}

/** What tells two policies apart: recipients with the same one get the same verdict. */
export const policyKey = (policy: DecidePolicy): string => policy.id ?? 'everybody'
