import type { Fed } from '../../demo/message.ts'
import { type DeliveryId, type MessageId, type TenantId, uuidv7 } from '../../src/base/index.ts'
import { gather, tenantView } from '../../src/detection/index.ts'
import { decide, entitiesOf } from '../../src/judgement/index.ts'
import { entriesFor } from '../../src/lists/index.ts'
import type { Parser } from '../../src/mail/index.ts'
import { resolve } from '../../src/organisation/index.ts'
import { receive } from '../../src/records/index.ts'
import type { Storage } from '../../src/storage/index.ts'

/** Takes mail in as intake does, without mailboxes: judged with the lists and the policy of the moment. */
export async function takeIn(
  storage: Storage,
  tenant: TenantId,
  parser: Parser,
  mails: readonly Fed[],
): Promise<MessageId[]> {
  const out: MessageId[] = []
  for (const fed of mails) {
    const context = { mailFrom: fed.mailFrom, clientIp: null, helo: null }
    const parsed = await parser.parse(fed.raw, context)
    const blob = await storage.blobs.put(tenant, fed.raw)
    const id = uuidv7<MessageId>()
    await storage.tenant(tenant, async (tx) => {
      const { facts, policy } = await tenantView(tx)
      const entities = entitiesOf(parsed.mail, context)
      const signals = gather({ mail: parsed.mail, context, organisation: facts })
      const inputs = {
        entities,
        authentication: parsed.mail.authentication,
        entries: await entriesFor(tx, entities),
        policy,
        unparsable: null,
        now: new Date().toISOString(),
      }
      const verdict = decide({ ...inputs, signals })
      const held = verdict.placement === 'quarantine'
      const deliveries = await Promise.all(
        fed.recipients.map(async (recipient) => ({
          id: uuidv7<DeliveryId>(),
          recipient,
          mailboxId: (await resolve(tx, recipient)).mailboxes[0]?.id ?? null,
          action: held
            ? ('blocked' as const)
            : verdict.placement === 'junk'
              ? ('junked' as const)
              : ('delivered' as const),
          location: held
            ? ('quarantine' as const)
            : verdict.placement === 'junk'
              ? ('junk' as const)
              : ('inbox' as const),
          handover: 'none' as const,
        })),
      )
      await storage.blobs.mark(tx, [blob])
      await receive(tx, {
        id,
        receivedAt: fed.receivedAt,
        direction: 'inbound',
        source: 'import',
        mailFrom: fed.mailFrom,
        clientIp: null,
        blob,
        parsed,
        attemptKey: null,
        deliveries,
        entities,
        verdict,
        signals,
        inputs,
      })
    })
    out.push(id)
  }
  return out
}
