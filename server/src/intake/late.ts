import { type Log, messageOf, type TenantId } from '../base/index.ts'
import {
  ABSENT,
  claimPending,
  type Engines,
  GIVE_UP_AFTER,
  heardPending,
  type Pending,
  postponePending,
  settlePending,
} from '../detection/index.ts'
import type { Signal } from '../judgement/index.ts'
import type { MailContext, Parser } from '../mail/index.ts'
import { addEvents, getMessage } from '../records/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import { type Again, harsher, judgeAgain, lockArrived, strongest } from './again.ts'

export interface LateDeps {
  readonly storage: Pick<Storage, 'tenant' | 'blobs' | 'outbox'>
  readonly parser: Pick<Parser, 'parse'>
  readonly engines: Pick<Engines, 'askOnly' | 'up'>
  readonly log: Pick<Log, 'warn'>
}

const AT_ONCE = 20

/**
 * Asks engines that are back about mail that was judged without them. What was found at receipt stays as it was frozen; only what they
 * say is added, and the lists and the policy of today decide. Returns how many messages were judged again. A worker that dies leaves
 * its messages to another, two minutes later.
 */
export async function judgeLate(deps: LateDeps, tenant: TenantId): Promise<number> {
  let done = 0
  for (;;) {
    const up = deps.engines.up()
    if (up.length === 0) return done
    const claimed = await deps.storage.tenant(tenant, (tx) => claimPending(tx, up, AT_ONCE))
    if (claimed.length === 0) return done
    for (const pending of claimed) if (await judgeOne(deps, tenant, pending)) done++
  }
}

async function judgeOne(deps: LateDeps, tenant: TenantId, pending: Pending): Promise<boolean> {
  try {
    const message = await deps.storage.tenant(tenant, (tx) => getMessage(tx, pending.messageId))
    if (message === null) {
      await deps.storage.tenant(tenant, (tx) => settlePending(tx, pending.messageId))
      return false
    }
    const raw = await deps.storage.blobs.get(tenant, message.blob_key)
    const context: MailContext = { mailFrom: message.mail_from, clientIp: message.client_ip, helo: null }
    const { mail } = await deps.parser.parse(raw, context)
    const { signals, absent } = await deps.engines.askOnly(pending.engines, { mail, raw, context })
    const heard = pending.engines.filter((e) => !absent.includes(e))
    if (heard.length === 0 && !isOver(pending)) {
      await deps.storage.tenant(tenant, (tx) => postponePending(tx, pending, absent, 'did not answer'))
      return false
    }
    const left = isOver(pending) ? [] : absent
    return await deps.storage.tenant(tenant, (tx) => settle(tx, deps, pending, { signals, heard, left }))
  } catch (error) {
    const why = messageOf(error)
    deps.log.warn({ tenant, message: pending.messageId, reason: why }, 'a message could not be judged again')
    await deps.storage.tenant(tenant, async (tx) => {
      if (isOver(pending)) await giveUp(tx, pending, why)
      else await postponePending(tx, pending, pending.engines, why)
    })
    return false
  }
}

const isOver = (pending: Pending): boolean =>
  pending.attempts >= GIVE_UP_AFTER.attempts || Date.now() - pending.since.getTime() > GIVE_UP_AFTER.days * 86_400_000

interface Found {
  readonly signals: readonly Signal[]
  readonly heard: readonly string[]
  /** Still to be asked. */
  readonly left: readonly string[]
}

async function settle(tx: Tx, { storage }: LateDeps, pending: Pending, found: Found): Promise<boolean> {
  if (found.heard.length === 0) {
    await giveUp(tx, pending, 'did not answer')
    return false
  }
  if (!(await lockArrived(tx, pending.messageId, new Date()))) {
    await postponePending(tx, pending, pending.engines, 'its copies are being handed over')
    return false
  }
  // An engine that is back makes due what a worker has in hand: two may have asked, and what both heard counts once.
  const left = await heardPending(tx, pending, found.heard, found.left)
  if (left === null) return false
  const again = await judgeAgain(
    tx,
    pending.messageId,
    {
      signals: (before) => [
        ...before.filter((s) => s.id !== ABSENT || left.includes(String(s.evidence['engine']))),
        ...found.signals.filter((s) => s.id !== ABSENT),
      ],
      actor: found.heard.join(', '),
      why: `${found.heard.join(' and ')} did not answer at receipt.`,
      detail: { engines: found.heard },
    },
    new Date(),
  )
  if (again === null) return false
  await announce(tx, storage, pending, again, found.signals)
  return true
}

/** Another place by the policy: what follows is an action, with the strongest new finding as its cause, if there is one. */
async function announce(
  tx: Tx,
  storage: LateDeps['storage'],
  pending: Pending,
  { before, after, otherwise }: Again,
  found: readonly Signal[],
): Promise<void> {
  if (before.placement === after.placement) return
  const worse = harsher(after, before)
  const cause = strongest(found, worse)
  // A harsher list or policy acts on what comes, not on what is there: that is asked for apart. What would be let go today is proposed.
  if (worse && (cause === null || !harsher(after, otherwise))) return
  await storage.outbox.emit(tx, {
    kind: 'verdict.late',
    data: {
      messageId: pending.messageId,
      signal: cause && { id: cause.id, version: cause.version },
      from: { threat: before.threat, placement: before.placement },
      to: { threat: after.threat, placement: after.placement },
    },
  })
}

async function giveUp(tx: Tx, pending: Pending, why: string): Promise<void> {
  if (!(await settlePending(tx, pending.messageId))) return
  const { messageId, engines, attempts } = pending
  await addEvents(tx, [
    {
      messageId,
      kind: 'engine-given-up',
      actor: engines.join(', '),
      summary: `The verdict stays without ${engines.join(' and ')}: asked ${attempts} times, ${why}`,
      detail: { engines, attempts },
    },
  ])
}
