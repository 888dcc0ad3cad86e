export const ENTRY_KINDS = ['sender', 'sender-domain', 'spoof', 'url', 'url-domain', 'file-hash', 'sender-ip'] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]
export type EntryAction = 'allow' | 'block'

/**
 * How the entry was born. An allow made by a submission reaches further than one typed into the list
 * (allow-block-list §3.2): somebody has looked at a message that it is about.
 */
export type EntryOrigin = 'direct' | 'submission'

/**
 * How bad a verdict may be that the entry overrides, in the words of the product's column *Override verdicts* (allow-block-list §3.2); what
 * judging does is written in `judgement/table.ts`.
 */
export function overrides({ action, kind, origin }: Pick<EntryRule, 'action' | 'kind' | 'origin'>): string {
  if (kind === 'spoof') return 'Spoofing'
  if (action === 'block') return 'Up to malware'
  if (kind === 'file-hash') return 'Up to malware'
  if (origin === 'direct' || kind === 'sender-ip') return 'Up to regular confidence phishing'
  return kind === 'url' || kind === 'url-domain' ? 'Up to malware' : 'Up to high confidence phishing'
}

/** A detection signal that does not count; without a version: in none of its versions. */
export interface SuspensionRule {
  readonly id: string
  readonly version: number | null
}

/** What judging needs to know of an entry. JSON, because it is stored with the verdict that it took part in. */
export interface EntryRule {
  readonly id: string
  readonly version: number
  readonly action: EntryAction
  readonly kind: EntryKind
  /** Normal form, see `normalValue`. */
  readonly value: string
  /** ISO instant; null = never. From that instant on the entry matters no more. */
  readonly expiresAt: string | null
  readonly origin: EntryOrigin
}
