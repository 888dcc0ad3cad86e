import type { DeliveryId, MessageId } from '../../base/index.ts'
import type { Opinion } from './marks.ts'

declare module '../../storage/types.ts' {
  interface Events {
    /** A user said by a move or a keyword what they think of a message. */
    'mailbox.opinion': {
      readonly messageId: MessageId
      readonly deliveryId: DeliveryId
      readonly opinion: Opinion
      readonly threat: 'phish' | 'spam' | null
      /** How it was said, for people: `moved from Junk to INBOX`, `marked $Phishing`. */
      readonly how: string
    }
  }
}
