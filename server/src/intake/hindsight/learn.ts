import { type MessageId, messageOf, type TenantId } from '../../base/index.ts'
import { feedSignals, type OrganisationFacts, tenantView } from '../../detection/index.ts'
import type { Signal } from '../../judgement/index.ts'
import type { MailContext } from '../../mail/index.ts'
import { currentVerdict, getMessage, type Message } from '../../records/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { HindsightDeps } from './look-back.ts'

/** A message of which feeds list something. */
export interface Hit {
  readonly messageId: MessageId
  /** Their names. */
  readonly feeds: ReadonlySet<string>
}

interface Fresh {
  readonly message: Message
  readonly facts: OrganisationFacts
  readonly hit: Hit
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
  for (const hit of hits) {
    const { messageId, feeds } = hit
    const [verdict, message] = [await currentVerdict(tx, messageId), await getMessage(tx, messageId)]
    // Bytes that retention has taken cannot be read again.
    if (verdict === null || message === null || message.blob_key === '') continue
    if (verdict.verdict.placement === 'quarantine') continue
    const known = new Set(verdict.signals.map((s) => s.id))
    if ([...feeds].some((name) => !known.has(`feed:${name}`))) fresh.push({ message, facts, hit })
  }
  return fresh
}

/** Messages of which feeds list what does not count, such as the whole of a large provider: they are not read again for it. */
export class Spared {
  readonly #known = new Set<string>()

  has = (hit: Hit): boolean => this.#known.has(keyOf(hit))

  add(hit: Hit): void {
    if (this.#known.size >= MOST_SPARED) this.#known.clear()
    this.#known.add(keyOf(hit))
  }
}

const MOST_SPARED = 200_000
const keyOf = ({ messageId, feeds }: Hit): string => `${messageId} ${[...feeds].sort().join(' ')}`

/** Reads the message once more, as at receipt; null: it cannot be read, or what is listed does not count. */
export async function learn(
  deps: HindsightDeps,
  tenant: TenantId,
  { message, facts, hit }: Fresh,
  spared: Spared,
): Promise<LearntOf | null> {
  try {
    const raw = await deps.storage.blobs.get(tenant, message.blob_key)
    const context: MailContext = { mailFrom: message.mail_from, clientIp: message.client_ip, helo: null }
    const { mail } = await deps.parser.parse(raw, context)
    const about = { mail, context, organisation: facts, feeds: deps.feeds.look, now: deps.clock.now() }
    const signals = feedSignals(about).filter((s) => s.weight > 0)
    if (signals.length > 0) return { messageId: message.id, signals }
    spared.add(hit)
    return null
  } catch (error) {
    const why = messageOf(error)
    deps.log.warn({ tenant, message: message.id, reason: why }, 'a message that a feed lists could not be judged again')
    return null
  }
}
