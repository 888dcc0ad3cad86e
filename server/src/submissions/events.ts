import type { MessageId, SubmissionId } from '../base/index.ts'
import type { Opinion } from './tables.ts'

declare module '../storage/types.ts' {
  interface Events {
    'submission.made': { readonly submissionId: SubmissionId; readonly messageId: MessageId; readonly opinion: Opinion }
  }
}
