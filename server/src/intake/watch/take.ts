import { type Clock, crashPoint, type DeliveryId, type MessageId, type TenantId, uuidv7 } from '../../base/index.ts'
import { judgeLater } from '../../detection/index.ts'
import type { Cause, Placement } from '../../judgement/index.ts'
import { type MailContext, type Parser, rawHeaderValues, readHeaders } from '../../mail/index.ts'
import type { CopyWithBytes, SpecialUse } from '../../mailboxes/index.ts'
import { deliveriesOf, locate, type NewMessage, receive } from '../../records/index.ts'
import type { Storage } from '../../storage/index.ts'
import { parseAddress } from '../../transport/index.ts'
import type { Judge } from '../judge.ts'
import { refJson } from '../ref.ts'
import { placeIn } from './marks.ts'
import { howMoved, movedBy } from './told.ts'
import type { WatchedMailbox } from './types.ts'

export interface TakeDeps {
  readonly storage: Pick<Storage, 'tenant' | 'blobs'>
  readonly parser: Pick<Parser, 'parse'>
  readonly judge: Judge
  readonly trustedAuthserv?: (tenant: TenantId) => Promise<readonly string[]>
  readonly clock: Clock
}

export interface TakenCopy {
  readonly deliveryId: DeliveryId
  readonly messageId: MessageId
  readonly placement: Placement
  /** The strongest cause of the verdict; null where nothing spoke against the message. */
  readonly cause: Cause | null
  readonly threat: string
}

/** The same bytes in the same mailbox are the same message, however often they are found. */
const foundKey = (mailbox: WatchedMailbox, sha256: string): string => `mailbox ${mailbox.id} ${sha256}`

function contextOf(raw: Buffer): Omit<MailContext, 'trustedAuthserv'> {
  const [path] = rawHeaderValues(raw, readHeaders(raw, 64 * 1024), 'return-path')
  const mailFrom = path === undefined ? null : parseAddress(path.trim().replace(/^<|>$/g, ''))
  return { mailFrom, clientIp: null, helo: null }
}

/** Takes a message in that lies in a mailbox already: bytes durable, judged, recorded where it lies. */
export async function takeFound(
  deps: TakeDeps,
  mailbox: WatchedMailbox,
  copy: CopyWithBytes,
  use: SpecialUse | null,
): Promise<TakenCopy> {
  const { tenant } = mailbox
  const { storage, clock } = deps
  const blob = await storage.blobs.put(tenant, copy.bytes)
  const context: MailContext = {
    ...contextOf(copy.bytes),
    ...(deps.trustedAuthserv ? { trustedAuthserv: await deps.trustedAuthserv(tenant) } : {}),
  }
  const parsed = await deps.parser.parse(copy.bytes, context)
  const judged = await deps.judge(tenant, parsed, context, clock.now(), copy.bytes, [mailbox.address])
  const place = placeIn({ path: copy.ref.folder, use })
  const delivery = {
    id: uuidv7<DeliveryId>(),
    recipient: mailbox.address,
    mailboxId: mailbox.id,
    action: use === 'junk' ? ('junked' as const) : ('delivered' as const),
    location: place.location,
    folder: place.folder,
    // These bytes were read at just this place, which names no others ever after (RFC 9051, 2.3.1.1).
    ref: { ...refJson(copy.ref), sha256: blob.sha256 },
    handover: 'handed-over' as const,
    handoverDetail: 'found in the mailbox',
    // What is kept is the copy itself, nothing of ours in front of it.
    sentSha256: blob.sha256,
    sentSize: blob.size,
    sentPrefix: '',
  }
  const message: NewMessage = {
    id: uuidv7<MessageId>(),
    receivedAt: copy.internalDate,
    direction: judged.direction,
    source: 'mailbox',
    mailFrom: context.mailFrom,
    clientIp: null,
    blob,
    parsed,
    attemptKey: foundKey(mailbox, blob.sha256),
    deliveries: [delivery],
    entities: judged.entities,
    verdict: judged.verdict,
    signals: judged.signals,
    inputs: { ...judged.inputs },
    events: [
      {
        deliveryId: delivery.id,
        kind: 'found',
        actor: 'watcher',
        summary: `Found in ${copy.ref.folder}, where it had been delivered`,
      },
    ],
  }
  crashPoint('watch.before-record')
  const { deliveryId, messageId } = await storage.tenant(tenant, async (tx) => {
    await storage.blobs.mark(tx, [blob])
    const received = await receive(tx, message)
    if (!received.duplicate) {
      await judgeLater(tx, message.id, judged.absent)
      return { deliveryId: delivery.id, messageId: message.id }
    }
    const [known] = await deliveriesOf(tx, received.messageId)
    const deliveryId = known?.id ?? delivery.id
    // Removed for good, and there again.
    if (known?.latest_location === 'hard-deleted' && known.ref === null)
      await locate(tx, [{ deliveryId, ...place, ref: delivery.ref }], movedBy(howMoved(null, place)))
    return { deliveryId, messageId: received.messageId }
  })
  crashPoint('watch.after-record')
  const { placement, causes, threat } = judged.verdict
  return { deliveryId, messageId, placement, cause: causes[0] ?? null, threat }
}
