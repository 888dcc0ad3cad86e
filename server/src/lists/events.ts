import type { EntryId } from '../base/index.ts'

declare module '../storage/types.ts' {
  interface Events {
    'entry.saved': { readonly entryId: EntryId; readonly version: number }
    'entry.removed': { readonly entryId: EntryId }
  }
}
