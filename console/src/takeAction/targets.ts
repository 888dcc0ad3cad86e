import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { messageQuery } from '../api/message.ts'
import type { Copy, MessageRow } from '../api/types.ts'

/** One recipient copy that an action may be about. */
export interface Target extends Pick<Copy, 'id' | 'recipient' | 'latestLocation' | 'latestFolder'> {
  readonly messageId: string
  readonly subject: string
  /** Null where no address could be read. */
  readonly sender: string | null
}

type WithCopies = Pick<MessageRow, 'id' | 'subject' | 'senderAddress' | 'copies'>

export const targetsOf = (messages: readonly WithCopies[]): readonly Target[] =>
  messages.flatMap((message) =>
    message.copies.map(({ id, recipient, latestLocation, latestFolder }) => ({
      id,
      recipient,
      latestLocation,
      latestFolder,
      messageId: message.id,
      subject: message.subject,
      sender: message.senderAddress,
    })),
  )

/** All copies of chosen messages; a list carries the first ones only, so the rest is asked for. Null while it is on its way. */
export function useTargets(messages: readonly MessageRow[]): { targets: readonly Target[] | null; error: unknown } {
  const cut = messages.filter((message) => message.copyCount > message.copies.length)
  const details = useQueries({ queries: cut.map((message) => messageQuery(message.id)) })
  const error = details.find((detail) => detail.error)?.error ?? null
  const loaded = details.flatMap((detail) => detail.data ?? [])
  const complete = loaded.length === cut.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is loaded does not change while the wizard is open
  const targets = useMemo(() => {
    if (!complete) return null
    const whole = new Map(loaded.map((detail) => [detail.id, detail]))
    return targetsOf(messages.map((message) => whole.get(message.id) ?? message))
  }, [messages, complete])
  return { targets, error }
}
