import {
  type Clock,
  crashPoint,
  type DeliveryId,
  type MessageId,
  systemClock,
  type TenantId,
  uuidv7,
} from '../base/index.ts'
import { entitiesOf, type Verdict } from '../judgement/index.ts'
import type { MailContext, ParseOutcome, Parser } from '../mail/index.ts'
import { begunAttempts, type NewMessage } from '../records/index.ts'
import type { BlobRef, Storage } from '../storage/index.ts'
import { buildSent, type NextHop, type Reply, type Sent, sentPrefix } from '../transport/index.ts'
import { checkFolder } from './append-hop.ts'
import { copiesOf, eventsOf, HELD, newDelivery, outsideDeliveries, repliesOf } from './copies.ts'
import { createGrouped } from './grouped.ts'
import { attemptOf, begunAndNew, judgedFor, together } from './groups.ts'
import { createHandover } from './handover.ts'
import type { Judge } from './judge.ts'
import { createLocks } from './locks.ts'
import { createResume } from './resume.ts'
import type { HomeOf, Incoming, SplitRecipients, Stage, Taken } from './types.ts'
import { createWriter } from './writing.ts'

export interface IntakeDeps {
  readonly storage: Pick<Storage, 'tenant' | 'blobs'>
  readonly parser: Pick<Parser, 'parse'>
  readonly judge: Judge
  /** Recipients by policy; absent = all have the same. */
  readonly split?: SplitRecipients
  /** Null: nothing comes through the gateway; mail can be imported all the same. */
  readonly nextHop: NextHop | null
  /** To look for a copy whose hand-over is in doubt, and to import into. */
  readonly homeOf: HomeOf
  /** Our name in the Received line. */
  readonly hostname: string
  /** Servers whose Authentication-Results the tenant's policy believes; absent = as the parser was told. */
  readonly trustedAuthserv?: (tenant: TenantId) => Promise<readonly string[]>
  readonly clock?: Clock
  /** Longest time that one hand-over may take; another process waits so long before it takes a copy over. Default 60,000. */
  readonly handoverMs?: number
  /**
   * So long the MTA waits with convicted mail that may have arrived in a mailbox that cannot be asked; then it is held. MTAs tell the sender
   * of a delay after hours, and of a failure after days, of mail that we hold.
   */
  readonly doubtMs: number
  /** How long each step took, for measurements. */
  readonly observe?: (stage: Stage, ms: number) => void
}

export interface Intake {
  /**
   * Takes one message in for recipients of one tenant: bytes durable, judged, recorded, then in its place. Throws when
   * it could not be recorded (the sender keeps it and tries again), and `import-folder` for imports into a folder that cannot be.
   */
  take(tenant: TenantId, incoming: Incoming, raw: Buffer): Promise<Taken>
}

export function createIntake(deps: IntakeDeps): Intake {
  const { storage, parser, judge } = deps
  const clock = deps.clock ?? systemClock
  const locks = createLocks()
  const timed = async <T>(stage: Stage, work: Promise<T>): Promise<T> => {
    const start = performance.now()
    const done = await work
    deps.observe?.(stage, performance.now() - start)
    return done
  }
  const writer = createWriter(storage)
  const begunOf = createGrouped((tenant, keys: readonly string[]) =>
    storage.tenant(tenant, (tx) => begunAttempts(tx, keys), { mayRunAgain: true }),
  )
  const handover = createHandover({ ...deps, writer, clock, timed })
  const resume = createResume({ ...deps, clock, handover, makeSent })

  function makeSent(id: MessageId, incoming: Incoming, verdict: Verdict, raw: Buffer): Sent {
    const { client, protocol } = incoming
    const trace = { hostname: deps.hostname, client, protocol, at: clock.now() }
    return buildSent(
      raw,
      sentPrefix({
        messageId: id,
        trace: incoming.source === 'gateway' ? trace : null,
        verdict,
        placement: verdict.placement === 'junk' ? 'junk' : 'deliver',
      }),
    )
  }

  async function takeOnce(tenant: TenantId, incoming: Incoming, raw: Buffer, blob: BlobRef): Promise<Taken> {
    const context: MailContext = {
      mailFrom: incoming.mailFrom,
      clientIp: incoming.client.ip,
      helo: incoming.client.helo,
      clientName: incoming.client.name,
      ...(deps.trustedAuthserv ? { trustedAuthserv: await deps.trustedAuthserv(tenant) } : {}),
    }
    const [parsed, known] = await Promise.all([
      timed('parse', parser.parse(raw, context)),
      begunOf(tenant, incoming.attemptKey(blob.sha256)),
    ])
    const { begun, rest } = begunAndNew(incoming.recipients, known)
    const taken: { readonly recipients: Incoming['recipients']; readonly done: Taken }[] = []
    for (const { messageId, recipients } of begun) {
      const replies = await resume(tenant, messageId, { ...incoming, recipients }, raw)
      taken.push({ recipients, done: { messageId, duplicate: true, replies } })
    }
    if (begun.length > 0 && rest.length === 0) return together(incoming, taken)
    const groups = deps.split ? await deps.split(tenant, parsed, rest, entitiesOf(parsed.mail, context)) : [rest]
    for (const recipients of groups)
      taken.push({
        recipients,
        done: await takeGroup(tenant, { ...incoming, recipients }, raw, blob, { parsed, context }),
      })
    return together(incoming, taken)
  }

  async function takeGroup(
    tenant: TenantId,
    incoming: Incoming,
    raw: Buffer,
    blob: BlobRef,
    { parsed, context }: { readonly parsed: ParseOutcome; readonly context: MailContext },
  ): Promise<Taken> {
    const mailboxes = incoming.recipients.flatMap((r) => r.targets.map((t) => t.address))
    const judged = await timed('judge', judge(tenant, parsed, context, clock.now(), raw, mailboxes))
    const id = uuidv7<MessageId>()
    const { verdict } = judged
    const sent = verdict.placement === 'quarantine' ? null : makeSent(id, incoming, verdict, raw)
    const copies = copiesOf(incoming.recipients)
    const inside = copies.map((copy) => newDelivery(copy, sent))
    const deliveries = [...inside, ...outsideDeliveries(incoming.recipients)]
    const message: NewMessage = {
      id,
      receivedAt: incoming.receivedAt,
      direction: judged.direction,
      source: incoming.source,
      mailFrom: incoming.mailFrom,
      clientIp: incoming.client.ip,
      blob,
      parsed,
      ...attemptOf(incoming.attemptKey(blob.sha256), judgedFor(judged)),
      deliveries,
      entities: judged.entities,
      verdict,
      signals: judged.signals,
      inputs: { ...judged.inputs },
      events: eventsOf(judged, deliveries),
    }
    crashPoint('intake.before-record')
    const received = await timed('record', writer.record(tenant, { message, blob, absent: judged.absent }))
    crashPoint('intake.after-record')
    if (received.duplicate) {
      const replies = await resume(tenant, received.messageId, incoming, raw)
      return { messageId: received.messageId, duplicate: true, replies }
    }
    const done = new Map<string, Reply>(copies.map((c) => [c.target.mailboxId, HELD]))
    if (sent) {
      const placement = verdict.placement === 'junk' ? 'junk' : 'deliver'
      const given = copies.map((copy, i) => ({
        deliveryId: inside[i]?.id ?? uuidv7<DeliveryId>(),
        target: copy.target,
        doubted: false,
        lost: false,
      }))
      const replies = await handover(tenant, incoming, given, sent, placement)
      given.forEach((g, i) => {
        done.set(g.target.mailboxId, replies[i] ?? HELD)
      })
    }
    return { messageId: id, duplicate: false, replies: repliesOf(incoming, done) }
  }

  return {
    take: async (tenant, incoming, raw) => {
      await checkFolder(deps.homeOf, tenant, incoming)
      crashPoint('intake.before-blob')
      const blob = await timed('blob', storage.blobs.put(tenant, raw))
      crashPoint('intake.after-blob')
      // The same attempt twice at once: the second sees what the first has done.
      const key = `${tenant} ${incoming.attemptKey(blob.sha256)}`
      return await locks.run(key, () => takeOnce(tenant, incoming, raw, blob))
    },
  }
}
