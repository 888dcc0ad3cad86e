import { type RawBuilder, sql } from 'kysely'
import { type ItemId, type MailboxId, uuidv7 } from '../../base/index.ts'
import { jsonColumn, jsonText, PREPARED, type Tx, uuids } from '../../storage/index.ts'
import type { StoredState } from '../types.ts'
import type { Batch, Change, Fields, LedgerContext } from './ledger.ts'
import { endWait } from './waiting.ts'

// The rows that a change of state writes. What is the same for all items of a batch (nearly everything) goes over as one value, not as
// one for each; statements are looked up by keys whatever the statistics say.

const prepared = sql.raw(PREPARED)
const ended = ({ to, set }: Change): boolean =>
  to !== 'approved' && to !== 'executing' && set?.next_attempt_at === undefined
const idsOf = (changes: readonly Change[]): ItemId[] => changes.map((c) => c.item.id)

interface Opened {
  readonly id: string
  readonly mailbox: MailboxId
  /** JSON; `null` where nothing comes to a hold. */
  readonly position: string
  readonly changes: readonly Change[]
}

/** What begins now with a copy at hand, by the position that it shares. */
export function openBatches(changes: readonly Change[]): readonly Opened[] {
  const begun = changes.filter((c) => c.to === 'executing' && c.set?.before_ref)
  const parts = Map.groupBy(begun, (c) => jsonText(c.set?.hold_position ?? null))
  return [...parts].map(([position, part]) => {
    const mailbox = part[0]?.item.mailboxId
    if (!mailbox) throw new Error('an item that begins in no mailbox')
    return { id: uuidv7(), mailbox, position, changes: part }
  })
}

/** Each item's batch. */
export const batchesOf = (opened: readonly Opened[]): ReadonlyMap<ItemId, Batch> =>
  new Map(opened.flatMap(({ id, changes }) => idsOf(changes).map((item) => [item, { id, size: changes.length }])))

/** The intent of items that begin: a row for each batch. */
export async function writeBatches(tx: Tx, context: LedgerContext, opened: readonly Opened[]): Promise<void> {
  for (const { id, mailbox, position, changes: part } of opened) {
    const before = jsonText(part.map((c) => [c.set?.before_ref, c.set?.before_state]))
    const ids = idsOf(part)
    // Under the lease nothing else is begun in this mailbox: what is left of earlier batches has ended.
    await sql`${prepared} with old as (
        delete from item_batch b where b.tenant_id = recourse_tenant() and b.mailbox_id = ${mailbox}
          and not exists (select from action_item i where i.tenant_id = b.tenant_id and i.id = any(b.items)
            and i.batch_id = b.id and i.state = 'executing')
      )
      insert into item_batch (tenant_id, id, mailbox_id, at, items, position, before)
      values (recourse_tenant(), ${id}, ${mailbox}, ${context.now}, ${uuids(ids)}, ${position}::json, ${before})`.execute(
      tx,
    )
  }
}

/** Columns that a change may set, with their types. */
const COLUMNS: readonly (readonly [keyof Fields, string])[] = [
  ['via', 'text'],
  ['before_kind', 'text'],
  ['before_location', 'text'],
  ['before_folder', 'text'],
  ['after_location', 'text'],
  ['after_folder', 'text'],
  ['vault_id', 'uuid'],
  ['restorable', 'boolean'],
  ['lost', 'jsonb'],
  ['verified_at', 'timestamptz'],
]

/** Values of items, in their order, as columns of `x` or, where all are the same, as one value. */
class Columns {
  readonly names: string[] = []
  readonly arrays: RawBuilder<unknown>[] = []

  /** An expression for a value of each item; null: it is null for all. */
  of(name: string, type: string, values: readonly (string | number | boolean | null)[]): RawBuilder<unknown> | null {
    const [first = null] = values
    if (values.every((v) => v === first)) return first === null ? null : sql`${String(first)}::text::${sql.raw(type)}`
    this.names.push(name)
    this.arrays.push(sql`${values.map((v) => (v === null ? null : String(v)))}::text[]`)
    return sql`x.${sql.raw(name)}::${sql.raw(type)}`
  }
}

const scalar = (value: Fields[keyof Fields]): string | boolean | null =>
  value === undefined || value === null
    ? null
    : typeof value === 'string' || typeof value === 'boolean'
      ? value
      : jsonText(value)

/** One statement for the items and for what is due; gives back how many items were in the state that they should be in. */
export async function moveItems(
  tx: Tx,
  context: LedgerContext,
  changes: readonly Change[],
  batches: ReadonlyMap<ItemId, Batch>,
): Promise<number> {
  const x = new Columns()
  const none = sql`null`
  const each = (name: string, type: string, value: (c: Change) => string | number | boolean | null) =>
    x.of(name, type, changes.map(value))
  const tries = (c: Change) =>
    Number((c.to === 'executing' && !c.goesOn) || (c.to === 'failed' && c.item.state === 'approved'))
  const from = each('from_state', 'text', (c) => c.item.state) ?? none
  const sets = [
    sql`state = ${each('to_state', 'text', (c) => c.to)}`,
    sql`reason = ${each('why', 'text', (c) => c.why ?? null) ?? none}`,
    sql`attempts = i.attempts + ${each('tries', 'integer', tries)}`,
    sql`next_attempt_at = ${each('next_attempt_at', 'timestamptz', (c) => c.set?.next_attempt_at ?? null) ?? none}`,
    sql`updated_at = ${context.now}`,
    ...(context.epoch === null ? [] : [sql`epoch = ${context.epoch}::bigint`]),
  ]
  for (const [name, type] of COLUMNS) {
    const value = each(name, type, (c) => scalar(c.set?.[name]))
    if (value) sets.push(sql`${sql.ref(name)} = coalesce(${value}, i.${sql.ref(name)})`)
  }
  const batch = each('batch_id', 'uuid', (c) => batches.get(c.item.id)?.id ?? null)
  if (batch) sets.push(sql`batch_id = coalesce(${batch}, i.batch_id)`)
  const ids = uuids(idsOf(changes))
  const alike = x.arrays.length === 0
  const joined = alike
    ? sql``
    : sql`from unnest(${ids}, ${sql.join(x.arrays)}) as x(id, ${sql.raw(x.names.join(', '))})`
  const matches = alike ? sql`` : sql`and i.id = x.id`
  const over = uuids(idsOf(changes.filter(ended)))
  const mailboxes = [...new Set(changes.filter(ended).flatMap((c) => c.item.mailboxId ?? []))]
  const waits = changes.filter(
    (c) => !ended(c) && (c.to === 'failed' || (c.to === 'approved' && c.item.state !== 'executing')),
  )
  const due =
    waits.length === 0
      ? sql``
      : sql`, w as (
        insert into item_due (tenant_id, item_id, action_id, mailbox_id, retry_at)
        select recourse_tenant(), u.id, u.action_id, u.mailbox_id, u.next_attempt_at from u
        where u.mailbox_id is not null and u.id = any(${uuids(idsOf(waits))})
        on conflict (tenant_id, item_id) do update set retry_at = excluded.retry_at)`
  const gone = changes.some(ended)
    ? sql`, e as (delete from item_due where tenant_id = recourse_tenant() and item_id = any(${over})), f as (${endWait(mailboxes, over)})`
    : sql``
  const moved = await sql<{ n: number }>`${prepared}
    with u as (
      update action_item i set ${sql.join(sets)} ${joined}
      where i.tenant_id = recourse_tenant() and i.id = any(${ids}) ${matches} and i.state = ${from}
      returning i.id, i.action_id, i.mailbox_id, i.next_attempt_at
    )${due}${gone}
    select count(*)::int as n from u`.execute(tx)
  return moved.rows[0]?.n ?? 0
}

/** A row for all that were moved by the same step for the same reason. */
export async function writeHistory(tx: Tx, context: LedgerContext, changes: readonly Change[]): Promise<void> {
  const key = ({ item, to, why }: Change) => JSON.stringify([item.actionId, item.mailboxId, item.state, to, why])
  for (const part of Map.groupBy(changes, key).values()) {
    const [first] = part
    if (!first) continue
    const { item, to, why } = first
    await sql`${prepared} insert into item_history (tenant_id, action_id, mailbox_id, at, who, from_state, to_state, why, items)
      values (recourse_tenant(), ${item.actionId}, ${item.mailboxId ?? null}, ${context.now}, ${context.who}, ${item.state}, ${to},
        ${why ?? null}, ${uuids(idsOf(part))})`.execute(tx)
  }
}

/** What the copies of items that end now looked like before, where they were begun, and look like after. */
export async function writeSeen(tx: Tx, changes: readonly Change[]): Promise<void> {
  const seen = changes
    .filter((c) => c.to !== 'approved' && c.to !== 'executing')
    .filter((c) => c.item.beforeRef || c.set?.after_ref)
  if (seen.length === 0) return
  const before = seen.map(({ item }) => item.beforeState ?? null)
  const after = seen.map(({ set }, n) => {
    const state = set?.after_state ?? null
    return state !== null && before[n] && looksAlike(state, before[n]) ? null : state
  })
  const ids = uuids(idsOf(seen))
  // Few have a row already, and nobody else writes one: the items are locked by their change of state. An insert that expects conflicts
  // writes half as much again.
  await sql`${prepared} with x as (
      select * from unnest(${ids}, ${jsonColumn(seen.map((c) => c.item.beforeRef))}, ${jsonColumn(before)},
        ${jsonColumn(seen.map((c) => c.set?.after_ref))}, ${jsonColumn(after)})
        as x(id, before_ref, before_state, after_ref, after_state)
    ), known as (
      update item_seen s set before_ref = coalesce(x.before_ref::json, s.before_ref),
        before_state = coalesce(x.before_state::json, s.before_state), after_ref = coalesce(x.after_ref::json, s.after_ref),
        after_state = case when x.after_ref is null then s.after_state else x.after_state::json end
      from x where s.tenant_id = recourse_tenant() and s.item_id = any(${ids}) and s.item_id = x.id
      returning s.item_id
    )
    insert into item_seen (tenant_id, item_id, before_ref, before_state, after_ref, after_state)
    select recourse_tenant(), x.id, x.before_ref::json, x.before_state::json, x.after_ref::json, x.after_state::json
    from x where x.id not in (select item_id from known)`.execute(tx)
}

/** Whether a copy looks as it did; its folder is another one, so whether that is subscribed is not asked. */
const looksAlike = (a: StoredState, b: StoredState): boolean =>
  a.size === b.size &&
  a.internalDate === b.internalDate &&
  a.sha256 === b.sha256 &&
  a.networkMessageId === b.networkMessageId &&
  a.internetMessageId === b.internetMessageId &&
  sameList(a.flags, b.flags) &&
  sameList(a.keywords, b.keywords)

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((x, n) => x === b[n])

/** A batch of which every item ends in this step is over. */
export async function closeBatches(tx: Tx, changes: readonly Change[]): Promise<void> {
  const over: string[] = []
  const ending = changes.filter((c) => c.to !== 'executing' && c.item.batch)
  for (const [id, part] of Map.groupBy(ending, (c) => c.item.batch?.id ?? '')) {
    if (part.length === part[0]?.item.batch?.size) over.push(id)
  }
  if (over.length > 0) {
    await sql`${prepared} delete from item_batch where tenant_id = recourse_tenant() and id = any(${uuids(over)})`.execute(
      tx,
    )
  }
}
