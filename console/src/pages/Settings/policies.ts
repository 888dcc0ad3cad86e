import type { MailPolicies, MailPolicy } from '../../api/types.ts'

export type Scope = MailPolicy['applies']
export type Direction = MailPolicy['mail'][number]

export const MODES = [
  {
    value: 'standard',
    label: 'Standard',
    what: 'Malware, phish and impersonation go to quarantine, and spam of high confidence or made like phish; other spam, spoofed and bulk mail to the Junk folder.',
  },
  {
    value: 'strict',
    label: 'Strict',
    what: 'Lower thresholds; all of it goes to quarantine, and bulk mail below high confidence to the Junk folder.',
  },
  {
    value: 'observe',
    label: 'Observe only',
    what: 'Everything is delivered; the verdict says what would have happened.',
  },
] as const
export const MODE: Readonly<Record<MailPolicy['mode'], string>> = {
  standard: 'Standard',
  strict: 'Strict',
  observe: 'Observe only',
}
export const KIND: Readonly<Record<MailPolicy['kind'], string>> = {
  strict: 'Strict preset',
  standard: 'Standard preset',
  custom: 'Custom policy',
}
export const DIRECTIONS: Readonly<Record<Direction, string>> = {
  inbound: 'Inbound',
  internal: 'Internal',
  outbound: 'Outbound',
}
export const UNPARSABLE = { deliver: 'Deliver', junk: 'Junk folder', quarantine: 'Quarantine' } as const

/** What a mode convicts from, where a policy has no thresholds of its own: the numbers of the server's `judgement/table.ts`. */
export const THRESHOLDS: Readonly<Record<MailPolicy['mode'], { suspicious: number; high: number }>> = {
  standard: { suspicious: 5, high: 10 },
  strict: { suspicious: 4, high: 8 },
  observe: { suspicious: 5, high: 10 },
}

export const linesOf = (text: string): string[] => text.split(/[\s,;]+/).filter((line) => line !== '')

const NOBODY: Scope = { recipients: [], groups: [], domains: [] }

/** A name as an ID: verdicts name it, so it stays when the name changes. */
export function newId(name: string, taken: readonly string[]): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '')
  const base = slug || 'policy'
  const used = new Set([...taken, 'secops', 'everybody'])
  let id = base
  for (let n = 2; used.has(id); n++) id = `${base}-${n}`
  return id
}

export function newPolicy(kind: MailPolicy['kind'], { policies }: MailPolicies): MailPolicy {
  const custom = policies.filter((p) => p.kind === 'custom').map((p) => p.priority)
  const name = kind === 'custom' ? '' : KIND[kind]
  return {
    id: '',
    name,
    kind,
    priority: kind === 'custom' ? Math.max(-1, ...custom) + 1 : 0,
    enabled: true,
    mail: ['inbound', 'internal'],
    applies: NOBODY,
    except: NOBODY,
    mode: kind === 'custom' ? 'standard' : kind,
    thresholds: null,
    unparsable: null,
  }
}

/** With this policy in its place, or added. */
export function withPolicy({ version, policies }: MailPolicies, policy: MailPolicy): MailPolicies {
  if (policies.some((p) => p.id === policy.id))
    return { version, policies: policies.map((p) => (p.id === policy.id ? policy : p)) }
  // Removed by somebody meanwhile, it comes back as itself.
  const id =
    policy.id ||
    newId(
      policy.name,
      policies.map((p) => p.id),
    )
  return { version, policies: [...policies, { ...policy, id }] }
}

export const without = ({ version, policies }: MailPolicies, id: string): MailPolicies => ({
  version,
  policies: policies.filter((p) => p.id !== id),
})

/** The custom policy one place earlier or later; presets come first and stay there. Null: it cannot go there. */
export function moved({ version, policies }: MailPolicies, id: string, by: -1 | 1): MailPolicies | null {
  const custom = policies.filter((p) => p.kind === 'custom')
  const from = custom.findIndex((p) => p.id === id)
  const to = from + by
  const [one, other] = [custom[from], custom[to]]
  if (!one || !other) return null
  const order = custom.with(from, other).with(to, one)
  return {
    version,
    policies: [
      ...policies.filter((p) => p.kind !== 'custom'),
      ...order.map((policy, priority) => ({ ...policy, priority })),
    ],
  }
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

const some = (list: readonly string[], one: string): string | null => {
  if (list.length === 0) return null
  if (list.length <= 2) return listed(list)
  return `${list.length.toLocaleString()} ${one}`
}

/** Whom it is for, in words: each list that is not empty has to fit. */
export function says({ applies, except, mail }: MailPolicy): string {
  const whom = [
    some(applies.recipients, 'users'),
    applies.groups.length > 0 ? `members of ${some(applies.groups, 'groups')}` : null,
    applies.domains.length > 0 ? `users of ${some(applies.domains, 'domains')}` : null,
  ].filter((part) => part !== null)
  const not = [
    some(except.recipients, 'users'),
    except.groups.length > 0 ? `members of ${some(except.groups, 'groups')}` : null,
    except.domains.length > 0 ? `users of ${some(except.domains, 'domains')}` : null,
  ].filter((part) => part !== null)
  const directions = listed(mail.map((d) => DIRECTIONS[d].toLowerCase()))
  const for_ = whom.length > 0 ? whom.join(' who are also ') : 'everybody'
  return `${directions.charAt(0).toUpperCase()}${directions.slice(1)} mail for ${for_}${not.length > 0 ? `, but not for ${not.join(' or ')}` : ''}`
}
