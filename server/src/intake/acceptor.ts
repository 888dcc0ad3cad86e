import { type Clock, crashPoint, messageOf, systemClock, type TenantId } from '../base/index.ts'
import type { StorageLog } from '../storage/index.ts'
import { type Acceptor, type Envelope, type Reply, reply, TRY_LATER } from '../transport/index.ts'
import { attemptKey } from './attempt.ts'
import type { Intake } from './intake.ts'
import type { Directory, Incoming, Resolution } from './types.ts'

const NO_RELAY = reply(550, '5.7.1', 'Relaying denied: this domain is not ours')
const UNKNOWN = reply(550, '5.1.1', 'There is no such mailbox here')

const OUTSIDE = reply(550, '5.7.1', 'This address leads to others outside, and mail is not relayed here')

function refusalOf(r: Resolution): Reply | null {
  if (r.kind === 'not-ours') return NO_RELAY
  if (r.kind === 'unknown') return UNKNOWN
  return r.targets.length === 0 && r.external.length > 0 ? OUTSIDE : null
}

export interface AcceptorDeps {
  readonly intake: Intake
  readonly directory: Directory
  readonly clock?: Clock
  readonly log?: StorageLog
}

/** What the gateway asks: whose a recipient is, and what becomes of a message, tenant by tenant. */
export function createAcceptor({ intake, directory, clock = systemClock, log }: AcceptorDeps): Acceptor {
  const one = async (tenant: TenantId, envelope: Envelope, recipients: Incoming['recipients'], raw: Buffer) => {
    try {
      const taken = await intake.take(
        tenant,
        {
          source: 'gateway',
          protocol: envelope.protocol,
          mailFrom: envelope.mailFrom,
          client: envelope.client,
          receivedAt: clock.now(),
          smtpUtf8: envelope.smtpUtf8,
          attemptKey: (sha256) => attemptKey(envelope, sha256, raw),
          recipients,
        },
        raw,
      )
      return taken.replies
    } catch (error) {
      log?.error({ tenant, ident: envelope.ident, error: messageOf(error) }, 'message could not be taken')
      return recipients.map(() => TRY_LATER)
    }
  }

  return {
    recipient: async (address) => refusalOf(await directory.resolve(address)),
    message: async (envelope, raw) => {
      const resolved = await Promise.all(envelope.recipients.map((address) => directory.resolve(address)))
      const replies = resolved.map((r) => refusalOf(r) ?? TRY_LATER)
      const tenants = new Map<TenantId, ({ readonly at: number } & Incoming['recipients'][number])[]>()
      resolved.forEach((r, at) => {
        if (r.kind !== 'known' || refusalOf(r)) return
        const mine = tenants.get(r.tenant) ?? []
        mine.push({ at, address: envelope.recipients[at] ?? '', targets: r.targets, external: r.external })
        tenants.set(r.tenant, mine)
      })
      for (const [tenant, recipients] of tenants) {
        const said = await one(tenant, envelope, recipients, raw)
        recipients.forEach(({ at }, i) => {
          replies[at] = said[i] ?? TRY_LATER
        })
      }
      crashPoint('intake.before-reply')
      return replies
    },
    replied: () => crashPoint('intake.after-reply'),
  }
}
