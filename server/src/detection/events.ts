import type { MessageId } from '../base/index.ts'

declare module '../storage/types.ts' {
  interface Events {
    /** A lesson was taught or forgotten; the weights follow soon. */
    'classifier.taught': { readonly messageHash: string; readonly class: 'ham' | 'spam' | 'phish' | null }
    /**
     * An engine that was not heard at receipt has spoken, and the verdict is another. `signal` = what it found, strongest; null: it found
     * nothing, and the lists or the policy of today make the verdict milder. `why`: what else it was that came late, a sentence.
     */
    'verdict.late': {
      readonly messageId: MessageId
      readonly signal: { readonly id: string; readonly version: number } | null
      readonly from: { readonly threat: string; readonly placement: 'deliver' | 'junk' | 'quarantine' }
      readonly to: { readonly threat: string; readonly placement: 'deliver' | 'junk' | 'quarantine' }
      readonly why?: string
    }
    /** A source of convictions takes the mail of too many known senders; `suspended`: it was taken out of judging. */
    'source.braked': {
      readonly noticeId: string
      readonly source: { readonly kind: 'signal' | 'entry'; readonly id: string; readonly version: number }
      readonly suspended: boolean
    }
  }
}
