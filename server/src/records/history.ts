import { sql } from 'kysely'
import type { MailboxId } from '../base/index.ts'
import { jsonText, PREPARED, plainText, type Tx } from '../storage/index.ts'

/** What an organisation has had from a sender before this moment, by its records. Only mail in which nothing was found counts. */
export interface SenderHistory {
  /** Messages from this address, up to 20. */
  readonly fromSender: number
  /** …and from its domain. */
  readonly fromDomain: number
  /** When the first of the address came; ISO instant. */
  readonly firstAt: string | null
  /** Was one of the last 50 of the address for one of these mailboxes? */
  readonly toThese: boolean
  /** Oldest record of the organisation: who has just begun to keep records knows nobody. ISO instant. */
  readonly since: string | null
}

const MOST = 20
const LOOKED_AT = 50

export interface HistoryQuestion {
  readonly sender: string
  readonly mailboxes: readonly MailboxId[]
  readonly before: Date
}

/**
 * One statement for all; index look-ups of bounded length for each. Answers in the order of the questions. Constants are written into it and
 * the questions are JSON, whose length PostgreSQL does not guess: so one plan is kept, where arrays made it plan for every group of messages.
 */
export async function senderHistories(tx: Tx, questions: readonly HistoryQuestion[]): Promise<SenderHistory[]> {
  if (questions.length === 0) return []
  const asked = questions.map((q, nth) => {
    const address = plainText(q.sender).toLowerCase()
    const domain = address.slice(address.lastIndexOf('@') + 1)
    return { nth, address, domain, mailboxes: q.mailboxes.join(','), before: q.before.toISOString() }
  })
  const clean = sql`threat = 'none' and received_at < q.before`
  const { rows } = await sql<{
    sender: number
    domain: number
    first: Date | null
    to_these: boolean
    since: Date | null
  }>`${sql.raw(PREPARED)}
    select
      (select count(*)::int from (select 1 from message where sender_address = q.address and ${clean} limit ${sql.lit(MOST)}) a) as sender,
      (select count(*)::int from (select 1 from message where sender_domain = q.domain and ${clean} limit ${sql.lit(MOST)}) b) as domain,
      (select received_at from message where sender_address = q.address and ${clean} order by received_at limit 1) as first,
      exists (select 1 from (select tenant_id, id from message where sender_address = q.address and ${clean}
          order by received_at desc limit ${sql.lit(LOOKED_AT)}) m
          join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id
          where d.mailbox_id = any(string_to_array(q.mailboxes, ',')::uuid[])) as to_these,
      (select received_at from message order by received_at limit 1) as since
    from json_to_recordset(${jsonText(asked)}::json)
      as q(nth int, address text, domain text, mailboxes text, before timestamptz)
    order by q.nth`.execute(tx)
  return rows.map((row) => ({
    fromSender: row.sender,
    fromDomain: row.domain,
    firstAt: row.first?.toISOString() ?? null,
    toThese: row.to_these,
    since: row.since?.toISOString() ?? null,
  }))
}

/** How many domains have sent mail in which nothing was found, since then; counted up to `most`. */
export async function cleanDomainsSince(tx: Tx, since: Date, most: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from (
    select distinct sender_domain from message where threat = 'none' and received_at > ${since} limit ${most}) d`.execute(
    tx,
  )
  return rows[0]?.count ?? 0
}
