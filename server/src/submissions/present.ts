import type { DeliveryId, MessageId } from '../base/index.ts'
import type { Delivery } from '../records/index.ts'
import type { Tx } from '../storage/index.ts'
import type { NextStep } from './next-steps.ts'

/** Copies that one step names; what is beyond is offered by the next preview. */
const MOST = 5_000

const PLACES = {
  quarantine: { verb: 'Release', where: 'that are held', action: { kind: 'release' } },
  junk: { verb: 'Move', where: 'from Junk to the Inbox', action: { kind: 'move', target: 'inbox' } },
} as const

/**
 * An entry changes what comes, not what has come. What of these messages (which it would have let through) lies in quarantine or Junk at
 * this moment, as steps that give it to its recipients. What a person has deleted is not among them.
 */
export async function presentSteps(tx: Tx, messages: readonly MessageId[], entry: string): Promise<NextStep[]> {
  if (messages.length === 0) return []
  const copies = await tx
    .selectFrom('delivery')
    .select(['id', 'message_id', 'latest_location'])
    .where('message_id', 'in', messages)
    .where('latest_location', 'in', Object.keys(PLACES) as (keyof typeof PLACES)[])
    .orderBy('id')
    .execute()
  return (['quarantine', 'junk'] as const).flatMap((place) => {
    const there = copies.filter((c) => c.latest_location === place)
    return there.length === 0 ? [] : [stepFor(place, there, entry)]
  })
}

type Copy = Pick<Delivery, 'id' | 'message_id'>

function stepFor(place: keyof typeof PLACES, all: readonly Copy[], entry: string): NextStep {
  const { verb, where, action } = PLACES[place]
  const copies = all.slice(0, MOST)
  const messages = new Set(copies.map((c) => c.message_id)).size
  const plural = (n: number, one: string, many: string) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`
  const more = all.length > copies.length ? `the first ${MOST.toLocaleString('en')} of ` : ''
  return {
    kind: 'release',
    label: `${verb} ${more}${plural(all.length, 'copy', 'copies')} of ${plural(messages, 'message', 'messages')} ${where}`,
    body: {
      ...action,
      select: { deliveryIds: copies.map((c): DeliveryId => c.id) },
      description: `Would have come through with the allow entry on ${entry.slice(0, 200)}.`,
    },
  }
}
