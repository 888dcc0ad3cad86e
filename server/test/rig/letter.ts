import { type BlobKey, type DeliveryId, type MailboxId, type MessageId, uuidv7 } from '../../src/base/index.ts'
import type { EntityRef, Signal, Verdict } from '../../src/judgement/index.ts'
import type { ParsedMail } from '../../src/mail/index.ts'
import type { NewDelivery, NewMessage } from '../../src/records/index.ts'
import { sha256 } from './hash.ts'
import { parsedMail } from './parsed-mail.ts'

export function verdict(part: Partial<Verdict> = {}): Verdict {
  return {
    engine: 1,
    threat: 'none',
    technology: 'none',
    score: 0,
    placement: 'deliver',
    wouldPlace: 'deliver',
    policy: 'standard',
    overrides: [],
    causes: [],
    because: ['Nothing was found.'],
    ...part,
  }
}

export const mailboxOf = (n: number): MailboxId => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}` as MailboxId

export function copy(part: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id: uuidv7<DeliveryId>(),
    recipient: 'ann@kontor.example',
    mailboxId: mailboxOf(1),
    action: 'delivered',
    location: 'inbox',
    handover: 'none',
    ...part,
  }
}

export interface RecordPart extends Partial<Omit<NewMessage, 'parsed'>> {
  readonly mail?: Partial<ParsedMail>
  readonly judged?: Partial<Verdict>
  readonly signals?: readonly Signal[]
  readonly entities?: readonly EntityRef[]
}

/** A message as intake would hand it to `records.receive`, without bytes behind it. */
export function newMessage(part: RecordPart = {}): NewMessage {
  const { mail, judged, ...rest } = part
  const id = uuidv7<MessageId>()
  return {
    id,
    receivedAt: new Date('2026-03-01T10:00:00Z'),
    direction: 'inbound',
    source: 'gateway',
    mailFrom: 'bounce@news.example',
    clientIp: '192.0.2.7',
    blob: { key: sha256(Buffer.from(id)) as BlobKey, size: 1234, sha256: sha256(Buffer.from(`${id} bytes`)) },
    parsed: { kind: 'parsed', mail: parsedMail(mail) },
    attemptKey: null,
    deliveries: [copy()],
    entities: [],
    verdict: verdict(judged),
    signals: [],
    inputs: {},
    ...rest,
  }
}
