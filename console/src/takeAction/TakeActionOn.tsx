import { useState } from 'react'
import type { MessageRow } from '../api/types.ts'
import { TakeAction } from './TakeAction.tsx'
import { useTargets } from './targets.ts'
import { Waiting } from './Waiting.tsx'

/** The wizard for messages chosen in a list. What was chosen when it opened stays, whatever the list does meanwhile. */
export function TakeActionOn(props: { messages: readonly MessageRow[]; onClose: () => void; onDone: () => void }) {
  const [messages] = useState(props.messages)
  const { targets, error } = useTargets(messages)
  if (!targets) return <Waiting error={error} onClose={props.onClose} />
  return <TakeAction source={{ kind: 'targets', targets }} onClose={props.onClose} onDone={props.onDone} />
}
