import type { MessageId } from '../base/index.ts'

declare module '../storage/types.ts' {
  interface Events {
    /** A lesson was taught or forgotten; the weights follow soon. */
    'classifier.taught': { readonly messageHash: string; readonly class: 'ham' | 'spam' | 'phish' | null }
    /** An engine that was not heard at receipt has spoken, and the verdict is another. `signal` = what it found, strongest. */
    'verdict.late': {
      readonly messageId: MessageId
      readonly signal: { readonly id: string; readonly version: number }
      readonly from: { readonly threat: string; readonly placement: 'deliver' | 'junk' | 'quarantine' }
      readonly to: { readonly threat: string; readonly placement: 'deliver' | 'junk' | 'quarantine' }
    }
  }
}
