import { sql } from 'kysely'
import type { MessageId, TenantId } from '../../src/base/index.ts'
import { judgeAgain } from '../../src/intake/again.ts'
import type { Signal } from '../../src/judgement/index.ts'
import { deliveriesOf } from '../../src/records/index.ts'
import type { Storage, Tx } from '../../src/storage/index.ts'
import { sendAsMta } from './mta.ts'

export const MALWARE: Signal = {
  ...{ id: 'clamav', version: 1, weight: 20, threat: 'malware', technology: 'file-analysis' },
  ...{ summary: 'A known virus', evidence: {}, entities: [] },
}

export const convict = (tx: Tx, id: MessageId, of = MALWARE) =>
  judgeAgain(
    tx,
    id,
    { signals: (before) => [...before, of], actor: 'clamav', why: 'It has spoken.', detail: {} },
    new Date(),
  )

interface Where {
  readonly storage: Storage
  readonly tenant: TenantId
  readonly lmtp: number
}

/** Mail that an MTA sends and sends again while it waits for its mailboxes, each with a subject of its own, and what is known of it. */
export function waitingMail(where: () => Where) {
  const inTenant = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => where().storage.tenant(where().tenant, work)
  return {
    inTenant,
    /** Codes of the answers. */
    send: async (subject: string, recipients = ['ann@a.example']): Promise<string> => {
      const raw = Buffer.from(
        `From: Friend <friend@client.example>\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@client.example>\r\n\r\nbody\r\n`,
      )
      const mail = { mailFrom: 'friend@client.example', recipients, raw, ident: subject }
      const replies = await sendAsMta(where().lmtp, mail)
      return replies.map((r) => r?.slice(0, 3)).join(' ')
    },
    idOf: (subject: string): Promise<MessageId> =>
      inTenant(async (tx) => {
        const found = tx.selectFrom('message').select('id').where('subject', '=', subject)
        return (await found.executeTakeFirstOrThrow()).id
      }),
    /** Action, hand-over and location of each copy. */
    copiesOf: (id: MessageId): Promise<string[]> =>
      inTenant(async (tx) => (await deliveriesOf(tx, id)).map((d) => `${d.action} ${d.handover} ${d.latest_location}`)),
    /** As if the last that happened to its copies had happened so long ago. */
    sinceMinutes: (id: MessageId, minutes: number) =>
      inTenant((tx) =>
        sql`update delivery set updated_at = now() - ${minutes} * interval '1 minute' where message_id = ${id}::uuid`.execute(
          tx,
        ),
      ),
  }
}
