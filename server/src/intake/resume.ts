import { type Clock, crashPoint, type MessageId, type TenantId } from '../base/index.ts'
import type { Verdict } from '../judgement/index.ts'
import {
  addDeliveries,
  type CurrentVerdict,
  currentVerdict,
  type Delivery,
  lockMessage,
  lockUnchanged,
  setHandover,
} from '../records/index.ts'
import type { Storage } from '../storage/index.ts'
import { buildSent, placementIn, type Reply, reply, type Sent } from '../transport/index.ts'
import { lateVerdict } from './again.ts'
import { copiesOf, eventsOf, HELD, isBeingHandedOver, newDelivery, outsideDeliveries, repliesOf } from './copies.ts'
import { recordFound } from './found.ts'
import type { Given, Handover } from './handover.ts'
import { LOOKS, look } from './look.ts'
import type { HomeOf, Incoming, Target } from './types.ts'

export interface ResumeDeps {
  readonly storage: Pick<Storage, 'tenant' | 'blobs'>
  readonly homeOf: HomeOf
  readonly clock: Clock
  readonly handoverMs?: number
  readonly doubtMs: number
  readonly handover: Handover
  readonly makeSent: (id: MessageId, incoming: Incoming, verdict: Verdict, raw: Buffer) => Sent
}

const WAIT = reply(451, '4.4.5', 'This message is being handed over just now, please try again')
const UNASKED = reply(451, '4.3.0', 'The mailbox cannot be asked whether this message has arrived, please try again')

/** A copy that has to be sent, and what is known of earlier attempts. */
interface Again {
  readonly row: Delivery
  readonly target: Target
  readonly doubted: boolean
  /** An earlier attempt's answer was lost: whatever happens now, the next one looks again. */
  readonly lost: boolean
  /** The mailbox could not be asked whether it is there. */
  readonly unasked: boolean
  readonly told: string
}

/** An attempt that is known: what is done stays done, what is open goes on, what is in doubt is looked up. */
export function createResume(deps: ResumeDeps) {
  const { storage } = deps

  /** Adds recipients that came with this attempt for the first time; the verdict is the message's. */
  const rowsOf = (tenant: TenantId, id: MessageId, incoming: Incoming, raw: Buffer) =>
    storage.tenant(tenant, async (tx) => {
      await lockMessage(tx, id)
      const judged = await currentVerdict(tx, id)
      if (!judged) throw new Error(`message ${id} has no verdict`)
      const { verdict } = judged
      const sent = verdict.placement === 'quarantine' ? null : deps.makeSent(id, incoming, verdict, raw)
      const fresh = copiesOf(incoming.recipients).map((copy) => newDelivery(copy, sent))
      const wanted = [...fresh, ...outsideDeliveries(incoming.recipients)]
      const rows = await addDeliveries(tx, id, wanted, eventsOf({ verdict, inputs: NOTHING }, fresh))
      return { rows, added: new Set<string>(fresh.map((f) => f.id)), judged }
    })

  /** A reply when nothing is to be sent, else what is to be sent. */
  const decide = async (
    tenant: TenantId,
    row: Delivery,
    target: Target,
    judged: CurrentVerdict,
  ): Promise<Reply | Again> => {
    if (row.action !== 'pending') return HELD
    if (row.handover === 'none' || row.handover === 'refused')
      return { row, target, doubted: false, lost: false, unasked: false, told: 'tried again' }
    if (isBeingHandedOver(row, deps.clock.now(), deps.handoverMs)) return WAIT
    const looked = await look(deps.homeOf, tenant, target.mailboxId, row.message_id)
    if (looked.kind === 'found') {
      await storage.tenant(tenant, (tx) => recordFound(tx, row, looked, judged))
      return HELD
    }
    if (looked.kind === 'absent') {
      const doubted = row.handover === 'possibly-twice'
      return {
        row,
        target,
        doubted,
        lost: true,
        unasked: false,
        told: 'Looked for and not found in the mailbox: handed over again',
      }
    }
    const told = `Handed over again, possibly for the second time: the mailbox could not be asked (${looked.why})`
    return { row, target, doubted: true, lost: true, unasked: true, told }
  }

  /**
   * Copies of a message that was convicted while they waited: those that are in no mailbox yet, and those of which that could not be asked
   * for hours, which are looked for again (`lookUpDoubts`).
   */
  const hold = async (tenant: TenantId, again: Again, { verdict }: CurrentVerdict): Promise<Reply> => {
    const { row, doubted, unasked } = again
    if (unasked && deps.clock.now().getTime() - row.updated_at.getTime() < deps.doubtMs) return UNASKED
    return await storage.tenant(tenant, async (tx) => {
      if (!(await lockUnchanged(tx, [row])).has(row.id)) return WAIT
      const handover = doubted ? 'possibly-twice' : 'none'
      const why = unasked
        ? ', in doubt: the mailbox cannot be asked whether an earlier hand-over has arrived, so it may lie in the mailbox, too'
        : ': found while it waited to be handed over'
      await setHandover(tx, [{ deliveryId: row.id, handover, action: 'blocked', location: 'quarantine' }], {
        kind: 'quarantined',
        actor: `policy ${verdict.policy}`,
        summary: `Held in quarantine as ${verdict.threat}${why}`,
      })
      return HELD
    })
  }

  /** Copies with the same bytes. What another process has taken up meanwhile waits for it. */
  const send = async (
    tenant: TenantId,
    incoming: Incoming,
    again: readonly Again[],
    sent: Sent,
    judged: CurrentVerdict,
  ) => {
    const facts = { sentSha256: sent.sha256, sentSize: sent.size, sentPrefix: sent.prefix }
    const placement = placementIn(sent.prefix)
    crashPoint('intake.before-handover-commit')
    const mine = await storage.tenant(tenant, async (tx) => {
      const [first] = again
      if (first === undefined) return []
      await lockMessage(tx, first.row.message_id)
      // Judged again a moment ago: the next attempt knows.
      if ((await currentVerdict(tx, first.row.message_id))?.id !== judged.id) return []
      const free = await lockUnchanged(
        tx,
        again.map((a) => a.row),
      )
      const claimed = again.filter((a) => free.has(a.row.id))
      for (const a of claimed) {
        await setHandover(
          tx,
          [
            {
              deliveryId: a.row.id,
              handover: a.doubted ? 'possibly-twice' : 'handing-over',
              handoverDetail: a.told,
              ...facts,
            },
          ],
          { kind: 'handed-over-again', actor: 'gateway', summary: a.told },
        )
      }
      return claimed
    })
    crashPoint('intake.after-handover-commit')
    const given = mine.map(({ row, target, doubted, lost }): Given => {
      const late = lateVerdict(row.message_id, judged, placement)
      return { deliveryId: row.id, target, doubted, lost, ...(late ? { late } : {}) }
    })
    const replies = await deps.handover(tenant, incoming, given, sent, placement)
    return again.map((a) => replies[mine.indexOf(a)] ?? WAIT)
  }

  return async (tenant: TenantId, id: MessageId, incoming: Incoming, raw: Buffer): Promise<Reply[]> => {
    const { rows, added, judged } = await rowsOf(tenant, id, incoming, raw)
    const done = new Map<string, Reply>()
    const open = new Map<string, Again[]>()
    /** The same bytes as before where they may have arrived, or say the same; else with what today's verdict says. */
    let anew: string | undefined
    const prefixOf = ({ row, doubted, lost }: Again): string => {
      if (doubted || lost || placementIn(row.sent_prefix) === placeOf(judged)) return row.sent_prefix ?? ''
      anew ??= deps.makeSent(id, incoming, judged.verdict, raw).prefix
      return anew
    }
    const fresh: Given[] = []
    const known: { readonly row: Delivery; readonly target: Target }[] = []
    for (const { target } of copiesOf(incoming.recipients)) {
      const row = rows.find((r) => r.mailbox_id === target.mailboxId)
      if (!row) continue
      if (added.has(row.id) && row.action === 'pending')
        fresh.push({ deliveryId: row.id, target, doubted: false, lost: false })
      else known.push({ row, target })
    }
    for (let at = 0; at < known.length; at += LOOKS) {
      const some = known.slice(at, at + LOOKS)
      const decided = await Promise.all(
        some.map(async ({ row, target }) => ({ target, next: await decide(tenant, row, target, judged) })),
      )
      for (const { target, next } of decided) {
        if (!('row' in next)) done.set(target.mailboxId, next)
        else if (judged.verdict.placement !== 'quarantine') {
          const prefix = prefixOf(next)
          open.set(prefix, [...(open.get(prefix) ?? []), next])
        } else done.set(target.mailboxId, await hold(tenant, next, judged))
      }
    }
    const note = (targets: readonly Target[], replies: readonly Reply[]) =>
      targets.forEach((t, i) => {
        done.set(t.mailboxId, replies[i] ?? WAIT)
      })
    if (fresh.length > 0) {
      const first = rows.find((r) => r.id === fresh[0]?.deliveryId)
      const sent = buildSent(raw, first?.sent_prefix ?? '')
      note(
        fresh.map((f) => f.target),
        await deps.handover(tenant, incoming, fresh, sent, placeOf(judged)),
      )
    }
    for (const [prefix, again] of open) {
      note(
        again.map((a) => a.target),
        await send(tenant, incoming, again, buildSent(raw, prefix), judged),
      )
    }
    return repliesOf(incoming, done)
  }
}

const NOTHING = { unparsable: null }

const placeOf = ({ verdict }: CurrentVerdict): 'deliver' | 'junk' => (verdict.placement === 'junk' ? 'junk' : 'deliver')
