import { sql } from 'kysely'
import type { ActionId, EntryId, TenantId } from '../../base/index.ts'
import type { Cause } from '../../judgement/index.ts'
import { getEntry, suspendedSignals } from '../../lists/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { ActionState } from '../ledger/states.ts'
import type { Person } from '../ledger/tables.ts'
import { type ActionFacts, actionsById } from './actions.ts'
import { actedTwice, alone, type Circumstances, circumstances, judging, type Obstacles } from './facts.ts'
import { countAtGate } from './gate.ts'
import { layered, type Resolved } from './layered.ts'
import { type Chosen, choose, type NamedCause, refuseUnended, type UndoSelection } from './selection.ts'

export interface Counted {
  readonly reason: string
  readonly count: number
}

/** The blast radius of an undo: recorded state, with its time; execution decides. */
export interface UndoPreview {
  /** Copies that would be given back… */
  readonly copies: number
  /** …of so many messages, in so many mailboxes. */
  readonly messages: number
  readonly mailboxes: number
  /** Of them, exactly as they were. */
  readonly exact: number
  readonly notExact: readonly Counted[]
  /** Selected, but not to be given back. */
  readonly impossible: readonly Counted[]
  /** Where they go back to. */
  readonly byFolder: readonly { readonly folder: string; readonly count: number }[]
  readonly actions: readonly TouchedAction[]
  /** When the first and the last of them were taken. */
  readonly past: { readonly copies: number; readonly from: string | null; readonly to: string | null }
  /** What matches and has not ended: stop it, or wait. */
  readonly running: {
    readonly copies: number
    readonly actions: readonly {
      readonly id: ActionId
      readonly name: string
      readonly state: ActionState
      readonly left: number
    }[]
  }
  /** Copies that the gate keeps because of the named causes: no action has taken them; released with `releaseHeld`. */
  readonly heldAtGate: number
  /** Copies that the gate has handed over as junk because of them, and that lie in Junk still; into the Inbox with `releaseHeld`, too. */
  readonly junkedAtGate: number
  /** What new mail would meet. */
  readonly future: readonly Future[]
  readonly at: string
}

export interface TouchedAction {
  readonly id: ActionId
  readonly name: string
  readonly state: ActionState
  readonly requestedBy: Person
  readonly createdAt: string
  readonly cause: Cause | null
  readonly copies: number
  readonly impossible: number
}

export interface Future {
  readonly cause: NamedCause
  readonly state: 'acts' | 'suspended' | 'gone' | 'unknown'
  readonly canSuspend: boolean
  readonly says: string
}

/** Sums up what the items say, however many there are. */
class Sum {
  readonly #impossible = new Map<string, number>()
  readonly #notExact = new Map<string, number>()
  readonly #folders = new Map<string, number>()
  readonly #actions = new Map<ActionId, { copies: number; impossible: number }>()
  copies = 0
  #inexact = 0
  #from: Date | null = null
  #to: Date | null = null

  add(item: {
    actionId: ActionId
    folder: string | null
    obstacle: string | null
    inexact: string | null
    n: number
    from: Date
    to: Date
  }): void {
    const { n } = item
    const action = this.#actions.get(item.actionId) ?? { copies: 0, impossible: 0 }
    this.#actions.set(item.actionId, action)
    if (item.obstacle !== null) {
      action.impossible += n
      grow(this.#impossible, item.obstacle, n)
      return
    }
    action.copies += n
    this.copies += n
    grow(this.#folders, item.folder ?? 'unknown', n)
    if (this.#from === null || item.from < this.#from) this.#from = item.from
    if (this.#to === null || item.to > this.#to) this.#to = item.to
    if (item.inexact === null) return
    this.#inexact += n
    grow(this.#notExact, item.inexact, n)
  }

  /** An action whose item lies under another: given back with it, or not. */
  lower(actionId: ActionId, goes: boolean): void {
    const action = this.#actions.get(actionId) ?? { copies: 0, impossible: 0 }
    if (goes) action.copies++
    else action.impossible++
    this.#actions.set(actionId, action)
  }

  /** Actions that are touched beside these. */
  beside(actions: readonly ActionFacts[]): readonly ActionId[] {
    const known = new Set(actions.map((a) => a.id))
    return [...this.#actions.keys()].filter((id) => !known.has(id))
  }

  preview(
    actions: readonly ActionFacts[],
  ): Omit<UndoPreview, 'messages' | 'mailboxes' | 'running' | 'heldAtGate' | 'junkedAtGate' | 'future' | 'at'> {
    return {
      copies: this.copies,
      exact: this.copies - this.#inexact,
      notExact: counted(this.#notExact),
      impossible: counted(this.#impossible),
      byFolder: counted(this.#folders).map(({ reason, count }) => ({ folder: reason, count })),
      actions: actions.flatMap((a) => {
        const sum = this.#actions.get(a.id)
        return sum ? [{ ...touched(a), ...sum }] : []
      }),
      past: {
        copies: this.copies,
        from: this.#from?.toISOString() ?? null,
        to: this.#to?.toISOString() ?? null,
      },
    }
  }
}

const grow = (counts: Map<string, number>, key: string, n: number) => counts.set(key, (counts.get(key) ?? 0) + n)
const counted = (counts: ReadonlyMap<string, number>): Counted[] =>
  [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count)

const touched = ({ id, name, state, requestedBy, createdAt, cause }: ActionFacts) => ({
  id,
  name,
  state,
  requestedBy,
  createdAt: createdAt.toISOString(),
  cause,
})

/** What an undo of this selection would do. */
export async function previewOf(tx: Tx, tenant: TenantId, selection: UndoSelection, now: Date): Promise<UndoPreview> {
  const chosen = await choose(tx, tenant, selection)
  if (selection.actions) await refuseUnended(tx, tenant, chosen, selection.actions)
  const around = await circumstances(
    tx,
    tenant,
    chosen.actions.map((a) => a.id),
  )
  const sum = new Sum()
  await FOR_MANY.execute(tx)
  const seen = await plain(tx, tenant, chosen, around, sum)
  const piles = { messages: new Set<string>(), mailboxes: new Set<string>(), whole: true }
  for await (const part of layered(tx, tenant, chosen, around, actedTwice(tenant, around.redos))) {
    for (const resolved of part) {
      const { top, below, behind, obstacle, inexact } = resolved
      const folder = (below.at(-1) ?? top).folder
      const at = new Date(top.at === Number.POSITIVE_INFINITY ? now : top.at)
      sum.add({ actionId: top.actionId, folder, obstacle, inexact, n: 1, from: at, to: at })
      for (const l of [...below, ...behind]) sum.lower(l.actionId, obstacle === null)
      piles.whole &&= goesWhole(resolved)
      if (obstacle !== null) continue
      piles.messages.add(top.messageId)
      if (top.mailboxId !== null) piles.mailboxes.add(top.mailboxId)
    }
  }
  const redos = await actionsById(tx, tenant, sum.beside(chosen.actions))
  const count = distinct(tx, tenant, chosen, around, { seen, apart: !piles.whole })
  const gate = await countAtGate(tx, tenant, selection)
  return {
    ...sum.preview([...chosen.actions, ...redos]),
    messages: await count('message_id', piles.messages),
    mailboxes: await count('mailbox_id', piles.mailboxes),
    running: {
      copies: chosen.running.reduce((n, a) => n + a.left, 0),
      actions: chosen.running.map(({ id, name, state, left }) => ({ id, name, state, left })),
    },
    heldAtGate: gate.held,
    junkedAtGate: gate.junked,
    future: await future(tx, chosen, now),
    at: now.toISOString(),
  }
}

/** Every layer of it goes back, to one mailbox: counted item by item or as one copy, its messages and mailboxes are the same. */
const goesWhole = ({ top, below, obstacle }: Resolved): boolean =>
  obstacle === null && below.every((l) => l.messageId === top.messageId && l.mailboxId === top.mailboxId)

interface Group extends Obstacles {
  action_id: ActionId
  folder: string | null
  obstacle: string | null
  inexact: string | null
  n: number
  first: Date
  last: Date
}

/** A plan over a million items reads them once; this is what the database needs to do it with all its processors and without files. */
const FOR_MANY = sql`select set_config('work_mem', '256MB', true), set_config('jit', 'off', true),
  set_config('parallel_setup_cost', '100', true), set_config('parallel_tuple_cost', '0.001', true)`

/** Items that nothing lies on or under: summed up by the database. Gives back which obstacles there are. */
async function plain(tx: Tx, tenant: TenantId, chosen: Chosen, around: Circumstances, sum: Sum): Promise<Obstacles> {
  if (chosen.actions.length === 0) return { expired: false, gone: false, held: false }
  const { facts, span, grouped } = judging(tenant, around)
  // Grouped by what decides, then put into words: words are long, and items are many.
  const rows = await sql<Group>`
    select i.action_id, coalesce(i.before_folder, i.before_location) as folder, ${grouped.obstacle} as obstacle,
      ${grouped.inexact} as inexact, i.n, i.first, i.last, i.expired, i.gone, i.held
    from (select i.action_id, i.before_folder, i.before_location, ${facts}, count(*)::int as n,
        min(coalesce(i.verified_at, i.updated_at)) as first, max(coalesce(i.verified_at, i.updated_at)) as last, ${span}
      from action_item i where ${chosen.condition} and ${alone(actedTwice(tenant, around.redos))}
      group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) i`.execute(tx)
  for (const g of rows.rows) sum.add({ ...g, actionId: g.action_id, from: g.first, to: g.last })
  const any = (of: (g: Group) => boolean) => rows.rows.some(of)
  return { expired: any((g) => g.expired), gone: any((g) => g.gone), held: any((g) => g.held) }
}

/**
 * How many different ones the copies that go back have; `more` are those of the layered copies. Of a million items each condition costs:
 * only obstacles that were seen are asked for, and layered items are counted with the others unless some of them stay (`apart`).
 */
function distinct(
  tx: Tx,
  tenant: TenantId,
  chosen: Chosen,
  around: Circumstances,
  { seen, apart }: { seen: Obstacles; apart: boolean },
) {
  return async (column: 'message_id' | 'mailbox_id', more: ReadonlySet<string>): Promise<number> => {
    if (chosen.actions.length === 0) return 0
    const c = sql.ref(`i.${column}`)
    const free = judging(tenant, around).freeOf(seen)
    const which = apart ? sql`${free} and ${alone(actedTwice(tenant, around.redos))}` : free
    const items = sql`select ${c} as c from action_item i where ${chosen.condition} and ${which} group by 1`
    const all = apart && more.size > 0 ? sql`${items} union select unnest(${[...more]}::uuid[])` : items
    const rows = await sql<{ n: number }>`select count(c)::int as n from (${all}) x`.execute(tx)
    return rows.rows[0]?.n ?? 0
  }
}

/** The causes that were named, else those of the actions: does new mail still meet them? */
async function future(tx: Tx, chosen: Chosen, now: Date): Promise<readonly Future[]> {
  const named: readonly NamedCause[] =
    chosen.causes.length > 0 ? chosen.causes : chosen.actions.flatMap((a) => (a.cause ? [a.cause] : []))
  const distinct = [...new Map(named.map((c) => [`${c.kind} ${c.id} ${c.version}`, c])).values()]
  return Promise.all(distinct.slice(0, 50).map((c) => futureOf(tx, c, now)))
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i

async function futureOf(tx: Tx, cause: NamedCause, now: Date): Promise<Future> {
  if (cause.kind === 'entry') {
    const entry = UUID.test(cause.id) ? await getEntry(tx, cause.id as EntryId) : null
    if (entry?.state === 'active') {
      const says = `New mail that the ${entry.action} entry on ${entry.value} matches is treated as before.`
      return { cause, state: 'acts', canSuspend: true, says }
    }
    const says = entry
      ? `The entry on ${entry.value} is ${entry.state}: new mail does not meet it.`
      : 'There is no such entry any more.'
    return { cause, state: 'gone', canSuspend: false, says }
  }
  if (cause.kind === 'signal') {
    const rules = (await suspendedSignals(tx, now)).filter((r) => r.id === cause.id)
    const off = rules.some((r) => r.version === null || r.version === cause.version)
    const says = off
      ? `${cause.id} is suspended: new mail is judged without it.`
      : `New mail in which ${cause.id} is found is still judged by it.`
    return { cause, state: off ? 'suspended' : 'acts', canSuspend: !off, says }
  }
  const says = 'This cause is not something that can be suspended: new mail is judged as before.'
  return { cause, state: 'unknown', canSuspend: false, says }
}
