import type { ArcSet, ParsedMail } from '../mail/index.ts'
import type { OrganisationFacts } from './types.ts'

/**
 * What a trusted forwarder had found when the message came to it (RFC 8617). Every seal vouches for the sets below it only as far as its
 * sealer is believed: so from the newest on as long as sealers are trusted, the oldest of these. Null when the newest is nobody's we trust:
 * anybody can add a seal, whatever they did to the message.
 */
export function vouchedFor(mail: ParsedMail, { trustedArcSealers = [] }: OrganisationFacts): ArcSet | null {
  let oldest: ArcSet | null = null
  for (const set of mail.authentication.sealed ?? []) {
    if (!trustedArcSealers.some((d) => d.toLowerCase() === set.sealer)) break
    oldest = set
  }
  return oldest
}
