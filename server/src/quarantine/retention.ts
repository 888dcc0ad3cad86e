import type { Threat } from '../judgement/index.ts'

/** Days after which a held message counts as expired, by the reason for which it is held. Shown only: no bytes are destroyed by it. */
export const RETENTION_DAYS: Readonly<Record<Threat, number>> = {
  malware: 30,
  'high-confidence-phish': 30,
  phish: 30,
  'high-confidence-spam': 30,
  spam: 30,
  bulk: 30,
  spoof: 30,
  impersonation: 30,
  none: 30,
}

const DAY_MS = 86_400_000

/** When a message that is held since `since` for this reason expires. */
export const expiresAt = (reason: Threat, since: Date): Date =>
  new Date(since.getTime() + RETENTION_DAYS[reason] * DAY_MS)
