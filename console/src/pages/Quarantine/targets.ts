import type { QuarantineRow } from '../../api/types.ts'
import type { Target } from '../../takeAction/targets.ts'

/** The copies of quarantined messages that are still held; what was released already is not offered again. */
export const quarantinedTargets = (rows: readonly QuarantineRow[]): readonly Target[] =>
  rows.flatMap((row) =>
    row.recipients
      .filter((recipient) => recipient.location === 'quarantine')
      .map((recipient) => ({
        id: recipient.deliveryId,
        recipient: recipient.recipient,
        latestLocation: 'quarantine' as const,
        latestFolder: null,
        messageId: row.messageId,
        subject: row.subject,
      })),
  )
