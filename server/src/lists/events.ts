import type { EntryId } from '../base/index.ts'

declare module '../storage/types.ts' {
  interface Events {
    'entry.saved': { readonly entryId: EntryId; readonly version: number }
    /** A detection signal does not count any more, or counts again: for new mail, and when mail is judged again. */
    'signal.suspended': { readonly id: string; readonly signalId: string; readonly version: number | null }
    'signal.resumed': { readonly id: string; readonly signalId: string; readonly version: number | null }
    'entry.removed': { readonly entryId: EntryId }
  }
}
