import { type MessageId, messageOf, type TenantId } from '../../base/index.ts'
import { feedSignals, type OrganisationFacts, tenantView } from '../../detection/index.ts'
import type { Signal } from '../../judgement/index.ts'
import type { MailContext } from '../../mail/index.ts'
import { currentVerdict, getMessage, type Message } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { HindsightDeps } from './hindsight.ts'

/** A message of which feeds list something. */
export interface Hit {
  readonly messageId: MessageId
  /** Their names. */
  readonly feeds: ReadonlySet<string>
}

interface Fresh {
  readonly message: Message
  readonly facts: OrganisationFacts
}

/** A message with what feeds say of it today. */
export interface LearntOf {
  readonly messageId: MessageId
  readonly signals: readonly Signal[]
}

/** Those of which a feed says something that their verdict does not know, and that are not in quarantine by it already. */
export async function unknownTo(tx: Tx, hits: readonly Hit[]): Promise<readonly Fresh[]> {
  const fresh: Fresh[] = []
  const { facts } = await tenantView(tx)
  for (const { messageId, feeds } of hits) {
    const [verdict, message] = [await currentVerdict(tx, messageId), await getMessage(tx, messageId)]
    // Bytes that retention has taken cannot be read again.
    if (verdict === null || message === null || message.blob_key === '') continue
    if (verdict.verdict.placement === 'quarantine') continue
    const known = new Set(verdict.signals.map((s) => s.id))
    if ([...feeds].some((name) => !known.has(`feed:${name}`))) fresh.push({ message, facts })
  }
  return fresh
}

/** Reads the message once more, as at receipt; null: it cannot be read, or it is nothing that counts. */
export async function learn(
  deps: HindsightDeps,
  tenant: TenantId,
  { message, facts }: Fresh,
): Promise<LearntOf | null> {
  try {
    const raw = await deps.storage.blobs.get(tenant, message.blob_key)
    const context: MailContext = { mailFrom: message.mail_from, clientIp: message.client_ip, helo: null }
    const { mail } = await deps.parser.parse(raw, context)
    const signals = feedSignals({ mail, context, organisation: facts, feeds: deps.feeds.look, now: deps.clock.now() })
    return signals.length === 0 ? null : { messageId: message.id, signals }
  } catch (error) {
    const why = messageOf(error)
    deps.log.warn({ tenant, message: message.id, reason: why }, 'a message that a feed lists could not be judged again')
    return null
  }
}
