import { setTimeout as pause } from 'node:timers/promises'
import { crashPoint } from '../../base/index.ts'
import { type CopyRef, type MoveResult, ProviderError } from '../../mailboxes/index.ts'
import { setHandover } from '../../records/index.ts'
import { buildSent, type HopResult, type NextHop, type Reply } from '../../transport/index.ts'
import { type Desk, isRefusal } from '../desk/desk.ts'
import { failure } from '../desk/failure.ts'
import type { Seen } from '../find/read.ts'
import { search } from '../find/seek.ts'
import { type Change, markReverted, Tally, transition } from '../ledger/ledger.ts'
import type { WorkItem } from '../types.ts'
import { finish, relocate } from './finish.ts'
import { partly } from './move.ts'

/** How often, and after how many ms each time, a message that was handed over is looked for before it is called unseen. */
const LOOKS = [0, 50, 200, 800]

/**
 * Messages that never were in a mailbox go to it for the first time: handed to the mail store, one recipient at a time, with the intent
 * committed before and the answer after; then found in the mailbox. It gets the time of the release.
 */
export async function deliverItems(desk: Desk, items: readonly WorkItem[]): Promise<void> {
  for (const item of items) await deliverOne(desk, item)
}

async function deliverOne(desk: Desk, item: WorkItem): Promise<void> {
  const { nextHop, storage } = desk.deps
  if (!nextHop) {
    await desk.record([{ item, to: 'failed', why: 'No next hop is configured to which a released message could go.' }])
    return
  }
  const elsewhere = gone(item)
  if (elsewhere !== null) {
    await desk.record([{ item, to: 'skipped', why: elsewhere }])
    return
  }
  const raw = await storage.blobs.get(desk.tenant, item.delivery.blobKey)
  const sent = buildSent(raw, item.delivery.sentPrefix ?? `X-Recourse-Message-Id: ${item.messageId}\r\n`)
  const facts = { sentPrefix: sent.prefix, sentSize: sent.size, sentSha256: sent.sha256 }
  await desk.commit(async (tx) => {
    const set = { via: 'deliver', before_kind: 'store', before_location: item.delivery.location } as const
    await transition(tx, desk.context(), [{ item, to: 'executing', set }])
    await setHandover(tx, [{ deliveryId: item.deliveryId, handover: 'handing-over', ...facts }])
  })
  const delivery = { ...item.delivery, ...facts, handover: 'handing-over' }
  const begun: WorkItem = { ...item, state: 'executing', delivery }
  crashPoint('release.after-intent-commit')
  // Handed over before, with an answer that was lost or a refusal after such a one: it may have come after we had looked.
  const [earlier] = item.delivery.handover === 'none' ? [] : (await search(desk, [begun])).filter((s) => s.proven)
  if (earlier) return finishDelivery(desk, begun, earlier)
  const answer = await hand(desk, nextHop, begun, sent.bytes)
  crashPoint('release.after-handover')
  if (answer.kind === 'permanent' || answer.kind === 'temporary') {
    await refused(desk, begun, answer)
    return
  }
  const seen = await lookFor(desk, begun)
  if (seen) await finishDelivery(desk, begun, seen)
  else if (answer.kind === 'delivered') await unseen(desk, begun, answer.detail)
  else await desk.record([failure(desk, begun, `The answer was lost and it is not in the mailbox: ${answer.why}`)])
}

/** What has happened to it since somebody asked for this, while it waited: the later wish stands. Null: nothing, or it may have come already. */
function gone({ beforeLocation: was, delivery: { location, handover } }: WorkItem): string | null {
  if (was === null || was === location || (handover !== 'none' && handover !== 'refused')) return null
  return `It is not in ${was} any more: it was put into ${location} since, and left there.`
}

async function hand(desk: Desk, nextHop: NextHop, item: WorkItem, bytes: Buffer): Promise<HopResult> {
  const [answer] = await nextHop.handOver({
    mailFrom: item.delivery.mailFrom ?? '',
    recipients: [{ address: desk.home.address, login: desk.home.account.login }],
    bytes,
    placement: item.target.location === 'junk' ? 'junk' : 'deliver',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is asked for
    smtpUtf8: /[^\x00-\x7f]/.test(`${desk.home.address}${item.delivery.mailFrom ?? ''}`),
    deadline: Date.now() + desk.deps.tuning.deadlineMs,
  })
  return answer ?? { kind: 'unknown', why: 'the next hop gave no answer' }
}

async function refused(desk: Desk, item: WorkItem, answer: HopResult & { readonly reply: Reply }): Promise<void> {
  const said = `${answer.reply.code} ${answer.reply.text}`
  const why = `The mail store did not take it: ${said}`
  const change: Change = answer.kind === 'permanent' ? { item, to: 'failed', why } : failure(desk, item, why)
  await desk.commit(async (tx) => {
    await transition(tx, desk.context(), [change])
    await setHandover(tx, [{ deliveryId: item.deliveryId, handover: 'refused', handoverDetail: said }])
  })
}

async function lookFor(desk: Desk, item: WorkItem): Promise<Seen | null> {
  for (const wait of LOOKS) {
    if (wait > 0) await pause(wait)
    const found = (await search(desk, [item])).find((s) => s.proven)
    if (found) return found
  }
  return null
}

/** It is in the mailbox: moved on if it belongs elsewhere than the Inbox, and written down as done. */
export async function finishDelivery(desk: Desk, item: WorkItem, seen: Seen): Promise<void> {
  const handedOver = { deliveryId: item.deliveryId, handover: 'handed-over', action: 'delivered' } as const
  const path = await desk.pathOf(item.target.location)
  // A rule of the user's may have put it elsewhere: that is where it belongs (quarantine #67).
  if (item.target.location !== 'inbox' && seen.copy.ref.folder !== path) {
    await moveOn(desk, item, seen, path, handedOver)
    return
  }
  await desk.commit((tx) => setHandover(tx, [handedOver]))
  await ended(desk, item, seen, seen.copy.ref)
}

async function ended(desk: Desk, item: WorkItem, seen: Seen, ref: CopyRef): Promise<void> {
  const [now] = await (await desk.session()).state(ref.folder, [ref.uid])
  await finish(desk, ref.folder, [
    {
      item,
      before: now ?? seen.copy,
      from: ref === seen.copy.ref ? null : seen.copy.ref,
      ref,
      copyHash: seen.copyHash,
      sha256: seen.sha256,
      note: null,
      lost: [],
    },
  ])
}

/**
 * It is a copy in a mailbox now, and its MOVE can be in doubt like every other one: an intent of its own is committed before, so that
 * `settleItems` settles it as a move. That it came from our store stays written down.
 */
async function moveOn(
  desk: Desk,
  item: WorkItem,
  seen: Seen,
  path: string,
  handedOver: Parameters<typeof setHandover>[1][number],
): Promise<void> {
  const { ref } = seen.copy
  const session = await desk.session()
  const position = await session.position(path)
  if (!position) throw new ProviderError('no-folder', `There is no folder ${path}.`)
  const state = await desk.stored(seen.copy, seen.sha256)
  const batches = await desk.commit(async (tx) => {
    await setHandover(tx, [handedOver])
    const why = `It was delivered to ${ref.folder}, and is to be moved on.`
    await transition(tx, desk.context(), [{ item, to: 'approved', why }])
    const set = {
      via: 'move',
      before_ref: ref,
      before_state: state,
      after_folder: path,
      hold_position: position,
    } as const
    return transition(tx, desk.context(), [
      { item: { ...item, state: 'approved' }, to: 'executing', set, goesOn: true },
    ])
  })
  const begun = { ...item, beforeRef: ref, beforeState: state, batch: batches.get(item.id) ?? null }
  let result: MoveResult
  try {
    result = await session.move(ref.folder, [ref.uid], path)
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (error.code === 'unavailable' || error.code === 'timeout')
      throw new ProviderError('unknown', error.message, { cause: error })
    await desk.record([
      failure(desk, begun, `It was delivered to ${ref.folder}; ${path} did not take it: ${error.message}`),
    ])
    return
  }
  const moved = result.moved.get(ref.uid)
  if (!moved) {
    await desk.record([
      { item: begun, to: 'approved', why: 'It was no longer where it was delivered: looked for again.' },
    ])
  } else if (result.marked?.includes(ref.uid)) await desk.record([partly(begun, moved)])
  else await ended(desk, begun, seen, moved)
}

/** Taken by the mail store, but not to be found: a rule of the user's may have sent it elsewhere. Done, not verified. */
async function unseen(desk: Desk, item: WorkItem, detail: string): Promise<void> {
  const why = `The mail store took it (${detail}); it was not seen in the mailbox.`
  await desk.commit(async (tx) => {
    const tally = new Tally()
    await transition(tx, desk.context(), [{ item, to: 'done', why, set: { after_location: 'unknown' } }], tally)
    await markReverted(tx, [item], tally)
    await setHandover(tx, [{ deliveryId: item.deliveryId, handover: 'handed-over', action: 'delivered' }])
    const place = { location: 'unknown', folder: null } as const
    await relocate(tx, [{ item, ref: null, copyHash: null, place, lost: [] }])
    await tally.write(tx, desk.context())
  })
}
