import { sql } from 'kysely'
import type { MailboxId } from '../base/index.ts'
import { plainText, type Tx } from '../storage/index.ts'

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

/** One statement; index look-ups of bounded length. */
export async function senderHistory(
  tx: Tx,
  sender: string,
  mailboxes: readonly MailboxId[],
  before: Date,
): Promise<SenderHistory> {
  const address = plainText(sender).toLowerCase()
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const clean = sql`threat = 'none' and received_at < ${before}`
  const to =
    mailboxes.length === 0
      ? sql`false`
      : sql`exists (select 1 from (select tenant_id, id from message where sender_address = ${address} and ${clean}
          order by received_at desc limit ${LOOKED_AT}) m
          join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id where d.mailbox_id = any(${[...mailboxes]}))`
  const { rows } = await sql<{
    sender: number
    domain: number
    first: Date | null
    to_these: boolean
    since: Date | null
  }>`
    select
      (select count(*)::int from (select 1 from message where sender_address = ${address} and ${clean} limit ${MOST}) a) as sender,
      (select count(*)::int from (select 1 from message where sender_domain = ${domain} and ${clean} limit ${MOST}) b) as domain,
      (select received_at from message where sender_address = ${address} and ${clean} order by received_at limit 1) as first,
      ${to} as to_these,
      (select received_at from message order by received_at limit 1) as since`.execute(tx)
  const row = rows[0]
  return {
    fromSender: row?.sender ?? 0,
    fromDomain: row?.domain ?? 0,
    firstAt: row?.first?.toISOString() ?? null,
    toThese: row?.to_these ?? false,
    since: row?.since?.toISOString() ?? null,
  }
}
