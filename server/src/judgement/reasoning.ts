import type { Tally } from './tally.ts'
import { together } from './together.ts'
import type { DecideInput, Placement, Signal, Verdict } from './types.ts'

const PLACED: Readonly<Record<Placement, string>> = {
  deliver: 'delivered to the inbox',
  junk: 'put into the Junk folder',
  quarantine: 'held in quarantine',
}

/** The reasoning in sentences, in the order in which it went: findings, sum, entries, policy. */
export function reasoning(input: DecideInput, found: Found, raw: Tally, verdict: Omit<Verdict, 'because'>): string[] {
  const { signals, suspended, setAside } = found
  return [
    ...signals.map((s) => sentence(s, setAside.has(s) ? ', set aside by an allow entry' : '')),
    ...suspended.map((s) => sentence(s, ', suspended: it does not count')),
    together(input, signals, raw),
    ...(input.unparsable === null ? [] : [`The message could not be read completely: ${input.unparsable}.`]),
    ...verdict.overrides.map(
      (o) =>
        `${o.action === 'allow' ? 'Allow' : 'Block'} entry on ${o.entity.value} ${o.applied ? 'was applied' : 'was not applied'}: ${o.reason}.`,
    ),
    ...ownList(input, verdict),
    outcome(input, raw, verdict),
  ]
}

/** What the recipients' own lists say, and whether it counted. */
function ownList({ recipientList, authentication }: DecideInput, verdict: Omit<Verdict, 'because'>): string[] {
  if (recipientList === undefined) return []
  if (recipientList === 'blocked') return ['The sender is among the recipients’ own Blocked Senders.']
  if (!authentication.aligned)
    return [
      'The sender is among the recipients’ own Safe Senders; that does not count, since it is not proved to be theirs.',
    ]
  return [
    `The sender is among the recipients’ own Safe Senders${verdict.placement === 'deliver' ? '' : '; that cannot save this message'}.`,
  ]
}

interface Found {
  readonly signals: readonly Signal[]
  /** Found, but not counted. */
  readonly suspended: readonly Signal[]
  readonly setAside: ReadonlySet<Signal>
}

function sentence(signal: Signal, but: string): string {
  const points =
    signal.weight === 0
      ? 'noted only'
      : signal.weight > 0
        ? `${signal.weight} points`
        : `${signal.weight} points, for it`
  return `${signal.summary.replace(/\.$/, '')} (${points}${but}).`
}

function outcome(input: DecideInput, raw: Tally, verdict: Omit<Verdict, 'because'>): string {
  const { mode, name, version } = input.policy
  const policy =
    name === undefined
      ? `the ${mode} policy (version ${version})`
      : `the policy “${name}” (${mode}, version ${version})`
  const what = verdict.threat === 'none' ? 'No threat' : capital(verdict.threat.replaceAll('-', ' '))
  if (verdict.policy === 'observe')
    return `${what}. Observe only${name === undefined ? '' : ` (policy “${name}”)`}: delivered; a policy that acts would have had it ${PLACED[verdict.wouldPlace]}.`
  const changed =
    verdict.wouldPlace !== verdict.placement
      ? ` Without the list entries it would have been ${PLACED[verdict.wouldPlace]}${raw.threat === verdict.threat ? '' : ` as ${raw.threat.replaceAll('-', ' ')}`}.`
      : ''
  return `${what}: ${PLACED[verdict.placement]} by ${policy}.${changed}`
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
