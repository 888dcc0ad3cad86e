import { sql } from 'kysely'
import type { Actor } from '../access/index.ts'
import type { TenantId, UserId } from '../base/index.ts'
import { getPolicy, mailboxById } from '../organisation/index.ts'
import { getDeliveries } from '../records/index.ts'
import type { Events, Outbox, Tx } from '../storage/index.ts'
import { report } from './report.ts'

/**
 * What a user said of a message in their own mailbox, by moving it into or out of Junk or by a keyword, becomes a user report where policy
 * says so. Saying the same of the same message again is no second report.
 */
export async function reportOpinion(
  tx: Tx,
  outbox: Outbox,
  tenant: TenantId,
  said: Events['mailbox.opinion'],
): Promise<boolean> {
  const { userReports } = await getPolicy(tx)
  const byKeyword = said.how.startsWith('marked ')
  if (!(byKeyword ? userReports.keywords : userReports.junkMoves)) return false
  const [delivery] = await getDeliveries(tx, [said.deliveryId])
  const mailbox = delivery?.mailbox_id ? await mailboxById(tx, delivery.mailbox_id) : null
  if (!delivery || !mailbox || (await alreadySaid(tx, said, mailbox.id))) return false
  const actor: Actor = {
    tenant,
    user: mailbox.id as string as UserId,
    name: mailbox.address,
    permissions: new Set(['submission.write']),
  }
  await report(tx, { outbox, emailOf: async () => mailbox.address }, actor, said.messageId, {
    as: 'user',
    opinion: said.opinion,
    threat: said.threat,
    reason: `In the mailbox: ${said.how}`,
    recipient: delivery.recipient,
  })
  return true
}

async function alreadySaid(tx: Tx, said: Events['mailbox.opinion'], by: string): Promise<boolean> {
  const last = await sql<{ opinion: string; threat: string | null }>`
    select opinion, threat from submission where message_id = ${said.messageId} and by_id = ${by} order by at desc limit 1`.execute(
    tx,
  )
  const row = last.rows[0]
  return row !== undefined && row.opinion === said.opinion && (said.threat === null || row.threat === said.threat)
}
