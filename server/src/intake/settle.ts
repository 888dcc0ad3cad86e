import type { DeliveryId } from '../base/index.ts'
import type { CopyRef } from '../mailboxes/index.ts'
import { type EventText, type HandoverChange, type Location, locate, setHandover } from '../records/index.ts'
import { emit, type Tx } from '../storage/index.ts'
import { type HopResult, type Reply, reply } from '../transport/index.ts'
import type { LateVerdict } from './again.ts'
import { refJson } from './ref.ts'

/** A copy that was given to the next hop, and what came of it. */
export interface Settled {
  readonly deliveryId: DeliveryId
  readonly result: HopResult
  readonly placement: 'deliver' | 'junk'
  /** It may have been delivered by an earlier attempt already. Once doubted, always told. */
  readonly doubted: boolean
  /** The answer to an earlier attempt was lost: the next attempt must look into the mailbox, too. */
  readonly lost: boolean
  /** What the current verdict asks for where it has been delivered. */
  readonly late?: LateVerdict
  readonly by: 'gateway' | 'import'
}

/** Writes down what the next hop said, with one event for all copies of the same fate. */
export async function settle(tx: Tx, settled: readonly Settled[]): Promise<void> {
  const groups = new Map<string, { changes: HandoverChange[]; event: EventText }>()
  for (const one of settled) {
    const { change, event } = changeOf(one)
    const key = JSON.stringify(event)
    const group = groups.get(key) ?? { changes: [], event }
    group.changes.push(change)
    groups.set(key, group)
  }
  for (const { changes, event } of groups.values()) await setHandover(tx, changes, event)
  for (const { deliveryId, result, by } of settled) {
    if (result.kind !== 'delivered' || !result.ref || !result.filed) continue
    const place = {
      deliveryId,
      location: result.filed,
      folder: folderOf(result.filed, result.ref),
      ref: refJson(result.ref),
    }
    await locate(tx, [place], { kind: 'filed', actor: by, summary: `Kept in its folder ${result.ref.folder}` })
  }
  const late = settled.flatMap(({ result, late }) => (result.kind === 'delivered' && late ? [late] : []))
  // Its action takes all copies of a message.
  await emit(tx, ...new Map(late.map((event) => [event.data.messageId, event])).values())
}

function changeOf({ deliveryId, result, placement, doubted, lost, by }: Settled): {
  change: HandoverChange
  event: EventText
} {
  const junk = placement === 'junk'
  switch (result.kind) {
    case 'delivered':
      return {
        change: {
          deliveryId,
          handover: doubted ? 'possibly-twice' : 'handed-over',
          handoverDetail: result.detail,
          action: junk ? 'junked' : 'delivered',
          location: junk ? 'junk' : 'inbox',
          ...(result.ref ? { ref: refJson(result.ref) } : {}),
        },
        event: {
          kind: junk ? 'junked' : 'delivered',
          actor: by,
          summary: `${junk ? 'Handed over as junk' : 'Delivered'}${doubted ? ', possibly for the second time' : ''}`,
          detail: doubted ? { possiblyTwice: true } : {},
        },
      }
    case 'temporary':
      return {
        change: { deliveryId, handover: openAgain(doubted, lost), handoverDetail: said(result.reply) },
        event: { kind: 'deferred', actor: by, summary: `Not taken yet: ${said(result.reply)}` },
      }
    case 'permanent':
      return {
        change: { deliveryId, handover: 'refused', handoverDetail: said(result.reply), location: 'failed' },
        event: { kind: 'refused', actor: by, summary: `Refused by the mail store: ${said(result.reply)}` },
      }
    case 'unknown':
      return {
        change: {
          deliveryId,
          handover: doubted ? 'possibly-twice' : 'handing-over',
          handoverDetail: `answer lost: ${result.why}`,
        },
        event: { kind: 'handover-unknown', actor: by, summary: `Handed over, the answer was lost: ${result.why}` },
      }
  }
}

const openAgain = (doubted: boolean, lost: boolean) => (doubted ? 'possibly-twice' : lost ? 'handing-over' : 'none')

export const said = (r: Reply): string => `${r.code} ${r.enhanced} ${r.text}`.trim()

const folderOf = (location: Location, ref: CopyRef): string | null => (location === 'folder' ? ref.folder : null)

/** What the MTA is told of one copy. */
export function replyOf(result: HopResult): Reply {
  if (result.kind === 'delivered') return reply(250, '2.0.0', 'Delivered')
  if (result.kind === 'unknown') return reply(451, '4.4.2', 'Answer of the mail store was lost, please try again')
  return result.reply
}
