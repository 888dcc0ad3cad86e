import type { Copy, MessageRow } from '../api/types.ts'

/** One recipient copy that an action may be about. */
export interface Target extends Copy {
  readonly messageId: string
  readonly subject: string
}

export const targetsOf = (messages: readonly Pick<MessageRow, 'id' | 'subject' | 'copies'>[]): readonly Target[] =>
  messages.flatMap((message) =>
    message.copies.map((copy) => ({ ...copy, messageId: message.id, subject: message.subject })),
  )
