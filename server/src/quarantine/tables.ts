import type { DeliveryId, MessageId, TenantId } from '../base/index.ts'
import type { PolicyType, Reason, State } from './words.ts'

type Instant = Date

/** Written by the database's own triggers on `delivery`, in the transaction that moves the copy; here only what people decide. */
export interface HeldCopyTable {
  tenant_id: TenantId
  delivery_id: DeliveryId
  message_id: MessageId
  received_at: Instant
  reason: Reason
  policy_type: PolicyType
  policy_name: string
  held_at: Instant
  /** Stamped when it is held: later changes of the retention do not reach back. */
  expires_at: Instant
  state: State
  state_at: Instant | null
  state_by: string | null
  extended_by: string | null
  /** Expired, but still in our hold on the mail server. */
  clearing: boolean
}

declare module '../storage/schema.ts' {
  interface Database {
    held_copy: HeldCopyTable
  }
}
