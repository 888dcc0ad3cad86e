import { type CopyState, type CopyWithBytes, ProviderError } from './provider.ts'

/** Copies that are there, and whose bytes cannot be read: the right to is missing, the disk is damaged, they are too large. */
export class UnreadableCopies extends ProviderError {
  readonly copies: readonly CopyState[]
  constructor(copies: readonly CopyState[], why: string, options?: ErrorOptions) {
    super('refused', why, options)
    this.name = 'UnreadableCopies'
    this.copies = copies
  }
}

/** What `read` gives, to its end: `note` is told of the copies whose bytes cannot be read. */
export async function* readable(
  reading: AsyncIterable<CopyWithBytes>,
  note: (error: UnreadableCopies) => void,
): AsyncGenerator<CopyWithBytes> {
  try {
    yield* reading
  } catch (error) {
    if (!(error instanceof UnreadableCopies)) throw error
    note(error)
  }
}
