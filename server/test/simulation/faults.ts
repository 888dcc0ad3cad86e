import type { Fault, MemoryCallName } from '../../src/mailboxes/index.ts'

/** What may go wrong in one call on the mail server; steps choose by number. */
export const FAULTS: readonly { readonly call: MemoryCallName; readonly fault: Fault }[] = [
  { call: 'move', fault: { lostReply: true } },
  { call: 'move', fault: { partial: { done: 1, both: 1 } } },
  { call: 'move', fault: { partial: { done: 0, both: 2, spoilt: true } } },
  { call: 'move', fault: { partial: { done: 0, both: 1, strangers: true } } },
  { call: 'move', fault: { partial: { done: 2, both: 0 } } },
  { call: 'move', fault: { late: 2 } },
  { call: 'move', fault: { late: 40, stuck: true } },
  { call: 'move', fault: { error: 'unavailable' } },
  { call: 'move', fault: { error: 'refused' } },
  { call: 'move', fault: { error: 'timeout' } },
  { call: 'append', fault: { lostReply: true } },
  { call: 'append', fault: { error: 'quota' } },
  { call: 'state', fault: { error: 'unavailable' } },
  { call: 'read', fault: { error: 'unavailable' } },
  { call: 'find', fault: { error: 'timeout' } },
  { call: 'position', fault: { error: 'unavailable' } },
  { call: 'settle', fault: { error: 'unavailable' } },
  { call: 'open', fault: { error: 'unavailable' } },
  { call: 'open', fault: { error: 'denied' } },
  { call: 'setFlags', fault: { error: 'refused' } },
  { call: 'position', fault: { error: 'timeout', inEarnest: false } },
]
const MOVES = FAULTS.filter((f) => f.call === 'move').map((f) => f.fault)

/** Above five copies the proof of the way back would be the one that is hit, and nothing would start: only what says so hits it. */
export function faultOf(which: number): { readonly call: MemoryCallName; readonly fault: Fault } | undefined {
  const one = FAULTS[which % FAULTS.length]
  return one && { call: one.call, fault: { inEarnest: true, ...one.fault } }
}

/** Besides what a user does meanwhile. */
export const faultOfMove = (which: number): Fault => MOVES[which % MOVES.length] ?? {}
