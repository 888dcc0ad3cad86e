import { type DeliveryId, type MessageId, type TenantId, uuidv7 } from '../../src/base/index.ts'
import { decidePolicy, type Verdict } from '../../src/judgement/index.ts'
import type { CopyRef } from '../../src/mailboxes/index.ts'
import { directory, type Mailbox, setOrganisation } from '../../src/organisation/index.ts'
import { type NewDelivery, type NewMessage, receive } from '../../src/records/index.ts'
import type { Requester } from '../../src/remediation/index.ts'
import type { BlobRef, Storage, Tx } from '../../src/storage/index.ts'
import { buildSent, type Sent } from '../../src/transport/index.ts'
import { parsedMail } from './parsed-mail.ts'

export const quietLog = { info: () => {}, warn: () => {}, error: () => {} }

/** Who acts in the tests: an analyst with every right on mailboxes, who may change lists too. */
export const analyst = (tenant: TenantId, name = 'Anna Lyst'): Requester => ({
  tenant,
  user: '00000000-0000-7000-8000-000000000001',
  name,
  permissions: new Set([
    ...['remediation.propose', 'remediation.approve', 'remediation.purge', 'mail.read', 'quarantine.manage'],
    ...['lists.write', 'lists.allow'],
  ]),
})

/** Makes these addresses mailboxes of a tenant's organisation; their logins are `login(address)`. */
export async function organise(
  storage: Storage,
  tenant: TenantId,
  addresses: readonly string[],
  login: (address: string) => string = (a) => a,
): Promise<ReadonlyMap<string, Mailbox>> {
  const domains = [...new Set(addresses.map((a) => a.slice(a.indexOf('@') + 1)))]
  const mailboxes = addresses.map((address) => ({ address, login: login(address) }))
  const actor = { user: '00000000-0000-7000-8000-000000000001', name: 'test' }
  const found = await storage.tenant(tenant, async (tx) => {
    await setOrganisation(tx, storage.outbox, { domains, mailboxes }, actor)
    return (await directory(tx)).mailboxes
  })
  return new Map(found.map((m) => [m.address, m]))
}

export const verdict = (part: Partial<Verdict> = {}): Verdict => ({
  engine: 1,
  threat: 'none',
  technology: 'none',
  score: 0,
  placement: 'deliver',
  wouldPlace: 'deliver',
  policy: 'standard',
  overrides: [],
  causes: [],
  because: [],
  ...part,
})

export interface Letter {
  readonly id: MessageId
  readonly internetMessageId: string
  readonly raw: Buffer
  readonly sent: Sent
}

/** A message as it came in, and as the gateway hands it on. */
export function letter(subject: string, text = 'Hello.\r\n', more = ''): Letter {
  const id = uuidv7<MessageId>()
  const internetMessageId = `<${id}@sender.example>`
  const raw = Buffer.from(
    `From: Sender <sender@sender.example>\r\nTo: x@y.example\r\nSubject: ${subject}\r\nMessage-ID: ${internetMessageId}\r\n${more}\r\n${text}`,
  )
  return { id, internetMessageId, raw, sent: buildSent(raw, `X-Recourse-Message-Id: ${id}\r\n`) }
}

/** What a mail store puts in front at delivery. */
export const asDelivered = (sent: Sent, to: string): Buffer =>
  Buffer.concat([Buffer.from(`Return-Path: <sender@sender.example>\r\nDelivered-To: ${to}\r\n`), sent.bytes])

export interface Copy {
  readonly id: DeliveryId
  readonly messageId: MessageId
  readonly mailbox: Mailbox
  readonly ref: CopyRef | null
}

export interface Arrival {
  readonly letter: Letter
  readonly blob: BlobRef
  readonly receivedAt?: Date
  readonly verdict?: Verdict
  readonly entities?: NewMessage['entities']
  /** `quarantine`: never was in a mailbox. */
  readonly at: 'inbox' | 'folder' | 'junk' | 'quarantine'
  readonly to: readonly { readonly mailbox: Mailbox; readonly ref: CopyRef | null; readonly folder?: string }[]
}

/** Writes a message down as the intake would: message, verdict, copies. */
export async function record(tx: Tx, arrival: Arrival): Promise<readonly Copy[]> {
  const { letter: mail, blob, at } = arrival
  const held = at === 'quarantine'
  const copies = arrival.to.map((t) => ({
    id: uuidv7<DeliveryId>(),
    messageId: mail.id,
    mailbox: t.mailbox,
    ref: t.ref,
  }))
  const deliveries = arrival.to.map(
    (t, n): NewDelivery => ({
      id: copies[n]?.id ?? uuidv7<DeliveryId>(),
      recipient: t.mailbox.address,
      mailboxId: t.mailbox.id,
      action: held ? 'blocked' : at === 'junk' ? 'junked' : 'delivered',
      location: at,
      folder: t.folder ?? null,
      ref: t.ref === null ? null : { ...t.ref },
      handover: held ? 'none' : 'handed-over',
      ...(held ? {} : { sentSha256: mail.sent.sha256, sentSize: mail.sent.size, sentPrefix: mail.sent.prefix }),
    }),
  )
  const parsed = parsedMail({ internetMessageId: mail.internetMessageId.slice(1, -1), subject: 'A letter' })
  const message: NewMessage = {
    id: mail.id,
    receivedAt: arrival.receivedAt ?? new Date(),
    direction: 'inbound',
    source: 'gateway',
    mailFrom: 'sender@sender.example',
    clientIp: '192.0.2.1',
    blob,
    parsed: { kind: 'parsed', mail: parsed },
    attemptKey: null,
    deliveries,
    entities: arrival.entities ?? [],
    verdict: arrival.verdict ?? verdict(held ? { threat: 'phish', placement: 'quarantine' } : {}),
    signals: [],
    // Enough to be judged again, as submissions do.
    inputs: {
      entities: [{ kind: 'sender', value: 'letters@news.example' }],
      authentication: parsed.authentication,
      entries: [],
      policy: decidePolicy({ mode: 'standard', version: 0 }),
      unparsable: null,
      now: new Date().toISOString(),
    },
  }
  await receive(tx, message)
  return copies
}

/** Blob and records of one message; the mailboxes' copies are the caller's. */
export async function keep(
  storage: Storage,
  tenant: TenantId,
  arrival: Omit<Arrival, 'blob'>,
): Promise<readonly Copy[]> {
  const blob = await storage.blobs.put(tenant, arrival.letter.raw)
  return storage.tenant(tenant, async (tx) => {
    await storage.blobs.mark(tx, [blob])
    return record(tx, { ...arrival, blob })
  })
}
