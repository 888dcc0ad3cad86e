import { type Clock, crashPoint, type DeliveryId, type TenantId } from '../base/index.ts'
import { type HopResult, type NextHop, type Reply, reply, type Sent } from '../transport/index.ts'
import type { LateVerdict } from './again.ts'
import { createAppendHop } from './append-hop.ts'
import { HANDOVER_MS } from './copies.ts'
import { replyOf, type Settled } from './settle.ts'
import type { HomeOf, Incoming, Stage, Target } from './types.ts'
import type { Writer } from './writing.ts'

/** A copy whose hand-over has been written down. */
export interface Given {
  readonly deliveryId: DeliveryId
  readonly target: Target
  readonly doubted: boolean
  /** The answer to an earlier attempt was lost. */
  readonly lost: boolean
  /** Its bytes say what an earlier verdict said: to be asked for when it has arrived. */
  readonly late?: LateVerdict
}

export interface HandoverDeps {
  readonly writer: Writer
  readonly nextHop: NextHop | null
  readonly homeOf: HomeOf
  readonly clock: Clock
  readonly handoverMs?: number
  readonly timed: <T>(stage: Stage, work: Promise<T>) => Promise<T>
}

const NO_HOP = reply(451, '4.3.5', 'No mail store is configured')

export type Handover = ReturnType<typeof createHandover>

/** Gives copies to the next hop and writes down what it said. Their state `handing over` must be committed before. */
export function createHandover(deps: HandoverDeps) {
  const give = (
    tenant: TenantId,
    incoming: Incoming,
    given: readonly Given[],
    sent: Sent,
    placement: 'deliver' | 'junk',
  ) => {
    if (incoming.source === 'import') {
      const { flags = [], folder = null, receivedAt: date } = incoming
      const append = createAppendHop(deps.homeOf, tenant, { flags, folder, date })
      return Promise.all(given.map((g) => append(sent.bytes, placement, g.target)))
    }
    if (!deps.nextHop) return Promise.resolve(given.map((): HopResult => ({ kind: 'temporary', reply: NO_HOP })))
    return deps.nextHop.handOver({
      mailFrom: incoming.mailFrom ?? '',
      recipients: given.map((g) => ({ address: g.target.address, login: g.target.login })),
      bytes: sent.bytes,
      placement,
      smtpUtf8: incoming.smtpUtf8,
      deadline: Date.now() + (deps.handoverMs ?? HANDOVER_MS),
    })
  }

  return async (
    tenant: TenantId,
    incoming: Incoming,
    given: readonly Given[],
    sent: Sent,
    placement: 'deliver' | 'junk',
  ): Promise<readonly Reply[]> => {
    if (given.length === 0) return []
    crashPoint('intake.before-handover')
    const results: readonly HopResult[] = await deps.timed('hand-over', give(tenant, incoming, given, sent, placement))
    crashPoint('intake.after-handover')
    const settled = given.map((g, i): Settled => {
      const result = results[i] ?? { kind: 'unknown', why: 'no result' }
      const { target: _, ...copy } = g
      return { ...copy, result, placement, by: incoming.source }
    })
    crashPoint('intake.before-delivered-commit')
    await deps.timed('settle', deps.writer.settle(tenant, settled))
    crashPoint('intake.after-delivered-commit')
    return settled.map((s) => replyOf(s.result))
  }
}
