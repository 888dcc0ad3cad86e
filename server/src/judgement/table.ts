import type { EntryRule } from '../lists/pure.ts'
import type { DecidePolicy, Placement, PolicyMode, Signal, Threat, Thresholds } from './types.ts'

/** Version of `decide`: grows when the same input would give another verdict. */
export const ENGINE = 3

/**
 * ## From points to a verdict
 * Every signal speaks for one *family* of threat and carries points. A family's support is its own points plus half of
 * what speaks for the others (evidence of one kind makes another kind likelier), less the points that speak *for* the
 * message. Signals that say the same count once and a bit (`groups.ts`). From `suspicious` on it is convicted, from `high` on with high confidence.
 * A family with fewer than two points of its own is not convicted: it would be named for what others have shown.
 * The scale: 5 points = one finding that honest mail rarely shows; 10 = one that honest mail practically never shows.
 */
export type Family = 'malware' | 'phish' | 'spoof' | 'impersonation' | 'spam' | 'bulk'

/** What speaks for a message can be forged or borrowed too: it never outweighs more than this. */
export const MAX_FAVOUR = 6

/** Points of its own that a family needs. */
export const MIN_OWN = 2

/**
 * ## What a message is called when it could be phish and could be spam
 * These tell how a message is made and where it comes from, which all unwanted mail shares; not what it is after. Phish pretends to be
 * somebody or asks for what nobody should give: where nothing tells that (less than `PHISH_TOLD` points of all other signals for phish, spoofing and
 * impersonation) and something tells spam (`MIN_OWN` points of all others), it is called spam. Only the name changes: where the message goes
 * follows from everything that it is convicted of, else an offer in its text would make phish milder. High confidence is never renamed.
 */
export const BY_FORM: ReadonlySet<string> = new Set([
  'url-host',
  'url-redirect',
  'url-scheme',
  'url-sender',
  'html-hidden',
  'html-form',
  'image-only',
  'mime-oddity',
  'text-tricks',
  'transport-oddity',
  'sender-domain',
  'sender-disagreement',
])
export const PHISH_TOLD = 1

export const THRESHOLDS: Readonly<Record<PolicyMode, Thresholds>> = {
  standard: { suspicious: 5, high: 10 },
  strict: { suspicious: 4, high: 8 },
  observe: { suspicious: 5, high: 10 },
}

export const FAMILY_OF: Readonly<Record<Exclude<Threat, 'none'>, Family>> = {
  malware: 'malware',
  'high-confidence-phish': 'phish',
  phish: 'phish',
  spoof: 'spoof',
  impersonation: 'impersonation',
  'high-confidence-spam': 'spam',
  spam: 'spam',
  bulk: 'bulk',
}

export type Level = 'suspicious' | 'high'

export const THREAT_OF: Readonly<Record<Family, Readonly<Record<Level, Threat>>>> = {
  malware: { suspicious: 'malware', high: 'malware' },
  phish: { suspicious: 'phish', high: 'high-confidence-phish' },
  spoof: { suspicious: 'spoof', high: 'spoof' },
  impersonation: { suspicious: 'impersonation', high: 'impersonation' },
  spam: { suspicious: 'spam', high: 'high-confidence-spam' },
  bulk: { suspicious: 'bulk', high: 'bulk' },
}

/** Which threat a message with several is called by: the category order of allow-block-list §8.4. */
export const THREAT_ORDER: readonly Threat[] = [
  'malware',
  'high-confidence-phish',
  'phish',
  'spoof',
  'impersonation',
  'high-confidence-spam',
  'spam',
  'bulk',
]

type Places = Readonly<Record<Family, Readonly<Record<Level, Placement>>>>

/** Where the policy puts it, after the product's Standard and Strict presets. The harshest place of all families wins. */
export const PLACES: Readonly<Record<'standard' | 'strict', Places>> = {
  standard: {
    malware: { suspicious: 'quarantine', high: 'quarantine' },
    phish: { suspicious: 'quarantine', high: 'quarantine' },
    spoof: { suspicious: 'junk', high: 'quarantine' },
    impersonation: { suspicious: 'quarantine', high: 'quarantine' },
    spam: { suspicious: 'junk', high: 'quarantine' },
    bulk: { suspicious: 'junk', high: 'junk' },
  },
  strict: {
    malware: { suspicious: 'quarantine', high: 'quarantine' },
    phish: { suspicious: 'quarantine', high: 'quarantine' },
    spoof: { suspicious: 'quarantine', high: 'quarantine' },
    impersonation: { suspicious: 'quarantine', high: 'quarantine' },
    spam: { suspicious: 'quarantine', high: 'quarantine' },
    bulk: { suspicious: 'junk', high: 'quarantine' },
  },
}

/** Mail that could not be read may hide anything, so it is held where an analyst sees it and can release it. */
export const UNPARSABLE: Placement = 'quarantine'

export const SEVERITY: Readonly<Record<Placement, number>> = { deliver: 0, junk: 1, quarantine: 2 }

export const harsher = (a: Placement, b: Placement): Placement => (SEVERITY[a] >= SEVERITY[b] ? a : b)

/** The policy that judging uses, with the defaults of its mode for what the organisation left open. */
export function decidePolicy(stored: {
  mode: PolicyMode
  version: number
  thresholds?: Thresholds | null
  unparsable?: Placement | null
}): DecidePolicy {
  return {
    mode: stored.mode,
    version: stored.version,
    thresholds: stored.thresholds ?? THRESHOLDS[stored.mode],
    unparsable: stored.unparsable ?? UNPARSABLE,
  }
}

/**
 * ## What an allow entry reaches (allow-block-list §3.2, §7.2, §8.1)
 * | entry | lifts |
 * |---|---|
 * | sender, sender domain, direct | bulk, spam, phishing (not high confidence); never spoofing, files or impersonation |
 * | the same, from a submission | also high-confidence phishing that no URL or file caused, and impersonation ¹ |
 * | URL, URL domain, direct | what the allowed URLs caused, up to phishing |
 * | the same, from a submission | what the allowed URLs caused |
 * | file, from a submission ² | what the allowed files caused |
 * | IP | everything up to phishing |
 * | spoofed sender | that the sender could not be proved, nothing else (lists #18) |
 *
 * A sender allow needs aligned authentication: without it anybody could use it by writing the name.
 * ¹ Ours: the product sends impersonation to *trusted senders* of another policy; here it is the same entry, but only
 * after a submission. ² Ours: the product's common attachments filter stays above file allows; here a file's type and
 * its contents are one verdict on that very file.
 */
export function reaches(entry: ReachEntry, signal: Signal, level: Level): boolean {
  if (signal.threat === 'none') return false
  const family = FAMILY_OF[signal.threat]
  const fromSubmission = entry.origin === 'submission'
  const high = level === 'high' && (family === 'phish' || family === 'malware')
  switch (entry.kind) {
    case 'sender':
    case 'sender-domain':
      if (family === 'malware' || family === 'spoof' || signal.technology === 'file-analysis') return false
      if (family === 'impersonation') return fromSubmission
      return !high || (fromSubmission && !URL_TECHNOLOGIES.has(signal.technology))
    case 'url':
    case 'url-domain':
      return URL_TECHNOLOGIES.has(signal.technology) && (fromSubmission || (!high && family !== 'malware'))
    case 'file-hash':
      return signal.technology === 'file-analysis' && fromSubmission
    case 'sender-ip':
      return family !== 'malware' && !high
    case 'spoof':
      return family === 'spoof' && signal.technology === 'authentication'
  }
}

interface ReachEntry {
  readonly kind: EntryRule['kind']
  readonly origin: 'direct' | 'submission'
}

const URL_TECHNOLOGIES: ReadonlySet<Signal['technology']> = new Set(['url-reputation', 'url-analysis'])
