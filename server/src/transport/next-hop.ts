import type { CopyRef, MailboxProvider } from '../mailboxes/index.ts'
import type { Location } from '../records/index.ts'
import { createLmtpHop, type LmtpHopOptions } from './lmtp-hop.ts'
import { createMailboxHop } from './mailbox-hop.ts'
import type { Reply } from './types.ts'

export interface HandOver {
  /** '' = the null sender. */
  readonly mailFrom: string
  readonly recipients: readonly HopRecipient[]
  readonly bytes: Buffer
  readonly placement: 'deliver' | 'junk'
  readonly smtpUtf8: boolean
  /** Epoch milliseconds after which nothing may be handed over any more; a successor relies on it. */
  readonly deadline: number
}

export interface HopRecipient {
  /** Address for LMTP. */
  readonly address: string
  /** Name of the mailbox at its provider. */
  readonly login: string
}

/** What became of one recipient's copy. */
export type HopResult =
  /** `ref` where the place is known at once. */
  | {
      readonly kind: 'delivered'
      readonly ref: CopyRef | null
      readonly detail: string
      /** Where it was put, when that is neither Inbox nor Junk folder: imported mail keeps its folder. */
      readonly filed?: Location
    }
  /** Certainly not taken. */
  | { readonly kind: 'temporary'; readonly reply: Reply }
  | { readonly kind: 'permanent'; readonly reply: Reply }
  /** The message was sent and no answer came: it may lie in the mailbox or not. */
  | { readonly kind: 'unknown'; readonly why: string }

export interface NextHop {
  readonly kind: 'lmtp' | 'mailbox'
  /** One result per recipient, in their order. Never throws for what a server or network does. */
  handOver(mail: HandOver): Promise<readonly HopResult[]>
  close(): Promise<void>
}

export type NextHopOptions =
  | ({ readonly kind: 'lmtp' } & LmtpHopOptions)
  | { readonly kind: 'mailbox'; readonly provider: MailboxProvider }

/** Where accepted mail goes: an LMTP server, or straight into a store that is ours (Maildir, memory). */
export const createNextHop = (options: NextHopOptions): NextHop =>
  options.kind === 'lmtp' ? createLmtpHop(options) : createMailboxHop(options.provider)
