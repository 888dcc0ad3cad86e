import type { DeliveryId, MessageId } from '../base/index.ts'
import type { Placement, Threat } from '../judgement/index.ts'

declare module '../storage/types.ts' {
  interface Events {
    'message.received': { readonly messageId: MessageId; readonly threat: Threat; readonly placement: Placement }
    /** `kind` is the timeline's: delivered, moved, re-judged… `deliveryId` null = the whole message. */
    'message.changed': {
      readonly messageId: MessageId
      readonly deliveryId: DeliveryId | null
      readonly kind: string
    }
    /** Several copies at once, as `message.changed` says of one. */
    'messages.changed': { readonly messageIds: readonly MessageId[]; readonly copies: number; readonly kind: string }
  }
}
