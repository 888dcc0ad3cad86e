import { type RawBuilder, sql } from 'kysely'
import type { ActionId, MailboxId, TenantId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import { isOpen } from '../ledger/open.ts'
import { redosBeside } from './redos.ts'

export const UNDER_WAY = 'An undo of it is under way.'
const GONE = 'The mailbox does not exist any more; the bytes stay in the vault until their retention ends.'
const DOUBT = 'It ended in doubt: what is found when it is looked for decides.'
const PARTS = 'Parts of its state were not kept.'
const DELIVERED = 'It was delivered by this action: it goes back to quarantine in the mailbox, not to the gate.'

/** Said of what cannot be given back any more, before and after somebody has tried. */
export const ended = (what: string, on: string): string =>
  `The retention of ${what} mail ended on ${on}: its bytes are destroyed.`

const day = (at: string) => sql`to_char(${sql.ref(at)} at time zone 'utc', 'YYYY-MM-DD')`
const retentionEnded = (
  after: RawBuilder<unknown>,
  first: string,
  last: string,
) => sql`'The retention of ' || ${after} || ' mail ended '
  || case when ${day(first)} = ${day(last)} then 'on ' || ${day(last)} else 'between ' || ${day(first)} || ' and ' || ${day(last)} end
  || ': its bytes are destroyed.'`

/** Undo actions that have not ended; their items are taken back by nobody else. */
export async function openUndos(tx: Tx, tenant: TenantId): Promise<readonly ActionId[]> {
  const rows = await sql<{ id: ActionId }>`
    select id from action where tenant_id = ${tenant} and kind = 'undo' and n_planned + n_approved + n_executing + n_retrying > 0
    order by id`.execute(tx)
  return rows.rows.map((r) => r.id)
}

const OPEN = isOpen('u')

/** What a plan has to know beside the items. */
export interface Circumstances {
  readonly undos: readonly ActionId[]
  /** Mailboxes that the organisation does not have any more. */
  readonly removed: readonly MailboxId[]
  /** Undos that have taken back undos, and may stand for what is chosen. */
  readonly redos: readonly ActionId[]
}

/** What was seen to stand in the way of some items: retention has ended, the mailbox is gone, an undo is under way. */
export interface Obstacles {
  readonly expired: boolean
  readonly gone: boolean
  readonly held: boolean
}

export async function circumstances(tx: Tx, tenant: TenantId, chosen: readonly ActionId[]): Promise<Circumstances> {
  const removed = await sql<{
    id: MailboxId
  }>`select id from mailbox where tenant_id = ${tenant} and removed_at is not null`.execute(tx)
  const redos = await redosBeside(tx, tenant, chosen)
  return { undos: await openUndos(tx, tenant), removed: removed.rows.map((r) => r.id), redos }
}

/**
 * What stands in the way of giving an item `i` back, or keeps it from being exact, in words; null where nothing does. From plain columns, so
 * that a million items are told in one pass. `free`: nothing stands in the way.
 */
export function judging(tenant: TenantId, { undos, removed }: Circumstances) {
  const underWay =
    undos.length === 0
      ? sql`false`
      : sql`i.id in (
          select u.undoes from action_item u where u.tenant_id = ${tenant} and u.action_id = any(${[...undos]}::uuid[])
            and u.undoes is not null and ${OPEN}
          union all select t.of_id from action_item u join item_together t on t.tenant_id = u.tenant_id and t.item_id = u.id
            where u.tenant_id = ${tenant} and u.action_id = any(${[...undos]}::uuid[]) and ${OPEN})`
  const gone =
    removed.length === 0
      ? sql`i.mailbox_id is null`
      : sql`(i.mailbox_id is null or i.mailbox_id = any(${[...removed]}::uuid[]))`
  const after = sql`coalesce(i.after_location, i.target_location)`
  const freeOf = (seen: Obstacles): RawBuilder<boolean> =>
    sql<boolean>`(${sql.join(
      [
        ...(seen.expired ? [sql`i.expired_at is null`] : []),
        ...(seen.gone ? [sql`not ${gone}`] : []),
        ...(seen.held ? [sql`not ${underWay}`] : []),
        sql`true`,
      ],
      sql` and `,
    )})`
  return {
    obstacle: sql`case when ${underWay} then ${UNDER_WAY}
      when i.expired_at is not null then ${retentionEnded(after, 'i.expired_at', 'i.expired_at')} when ${gone} then ${GONE} end`,
    inexact: inexact(sql`i.lost->>0`),
    free: freeOf({ expired: true, gone: true, held: true }),
    /** `free` where only these obstacles were seen among the items: each that is asked costs a pass over a million items a tenth of its time. */
    freeOf,
    /**
     * What the words depend on, eight columns to group by… Whether retention has ended is asked, not when: the database takes a column
     * that is always empty for one of many values, and would sum up in one process what it can in several.
     */
    facts: sql`${underWay} as held, i.lost->>0 as lost_word, i.expired_at is not null as expired, ${after} as after_location,
      i.state, i.restorable, i.via, ${gone} as gone`,
    /** …two that go with the counts… */
    span: sql`min(i.expired_at) as expired_first, max(i.expired_at) as expired_last`,
    /** …and the words for such a group `i`. */
    grouped: {
      obstacle: sql`case when i.held then ${UNDER_WAY}
        when i.expired then ${retentionEnded(sql`i.after_location`, 'i.expired_first', 'i.expired_last')} when i.gone then ${GONE} end`,
      inexact: inexact(sql`i.lost_word`),
    },
  }
}

const inexact = (lost: RawBuilder<unknown>) => sql`case when i.state <> 'done' then ${DOUBT}
  when ${lost} is not null then ${lost}
  when not i.restorable then ${PARTS}
  when i.via = 'deliver' then ${DELIVERED} end`

/** The item `i` is a layer that still counts: done, in doubt with a copy somewhere, or to be done soon. */
export const standing = sql<boolean>`i.reverted_by is null and (i.state in ('done', 'approved', 'executing')
  or i.next_attempt_at is not null
  or (i.state in ('ambiguous', 'failed', 'skipped') and exists (select 1 from item_copy sc
    where sc.tenant_id = i.tenant_id and sc.item_id = i.id and sc.side = 'after' and sc.ref is not null)))`

/**
 * Deliveries that were acted on more than once: quickly told, so a preview of a million copies takes these for layered. What `redos` have put
 * in force again is given back through them.
 */
export const actedTwice = (
  tenant: TenantId,
  redos: readonly ActionId[],
): RawBuilder<unknown> => sql`select distinct l.delivery_id from action_item l
  where l.tenant_id = ${tenant} and (l.layered or ${ofThese('l', redos)}) and l.reverted_by is null
    and l.state not in ('planned', 'already-there', 'not-found')`

const ofThese = (item: 'i' | 'l', redos: readonly ActionId[]): RawBuilder<unknown> =>
  redos.length === 0 ? sql`false` : sql`${sql.ref(`${item}.action_id`)} = any(${[...redos]}::uuid[])`

/**
 * Those of them on whose copies more than one item counts: what was taken and given back long ago counts no more, so a copy that is taken a
 * second time is as quickly given back as the first time. `chosen`: condition on an item `i`.
 */
export const countedTwice = (
  tenant: TenantId,
  chosen: RawBuilder<boolean>,
  redos: readonly ActionId[],
): RawBuilder<unknown> => sql`select i.delivery_id from action_item i
  where i.tenant_id = ${tenant} and i.delivery_id in (${actedTwice(tenant, redos)})
    and ${standing} and (i.undoes is null or ${ofThese('i', redos)} or (${chosen}))
  group by i.delivery_id having count(*) > 1`

/** The item `i` is of none of these deliveries. */
export const alone = (layered: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql<boolean>`i.delivery_id not in (${layered})`
