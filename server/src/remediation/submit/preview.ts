import { sql } from 'kysely'
import type { MessageId } from '../../base/index.ts'
import type { Tx } from '../../storage/index.ts'
import type { LedgerContext } from '../ledger/ledger.ts'
import type { ActionRequest, Requester } from '../types.ts'
import { chosen, classified, type Scope } from './select.ts'
import { senderCopies } from './sender-copy.ts'

/** The blast radius of an action that was not made yet: recorded state, with its time; execution decides. */
export interface Plan {
  readonly copies: number
  readonly mailboxes: number
  readonly messages: number
  readonly items: {
    readonly actionable: number
    readonly alreadyThere: number
    readonly notFound: number
    readonly impossible: number
  }
  /** Of the sender's own copies in Sent that would be looked for. */
  readonly senderCopies: number
  readonly byFolder: readonly { readonly folder: string; readonly count: number }[]
  /** Actionable, but an undo could not put everything back as it was. */
  readonly notExact: readonly { readonly reason: string; readonly count: number }[]
  readonly impossible: readonly {
    readonly reason: string
    readonly count: number
    readonly sample: readonly MessageId[]
  }[]
  readonly at: string
}

const SAMPLE = 5
const FOLDERS = 200
const FIRST =
  'It is delivered for the first time: it gets the time of the release, and an undo puts it into quarantine in the mailbox.'
const DATE = 'If its hold is lost: its date, since servers keep only 1970 to 2037.'

interface Counted {
  copies: number
  mailboxes: number
  messages: number
  actionable: number
  already_there: number
  impossible: number
  not_found: number
  first: number
  dates: number
}

/** Counted by the database: a million copies cost it a second or two, and us nothing. */
export async function previewAction(
  tx: Tx,
  context: LedgerContext,
  requester: Requester,
  request: ActionRequest,
  scope: Scope = {},
): Promise<Plan> {
  const { tenant } = context
  const ids = await chosen(tx, tenant, request.select)
  const k = classified(tenant, request, ids, { ...scope, automation: requester.user === null })
  const found = await sql<{
    counts: Counted
    folders: Plan['byFolder'] | null
    impossible: Plan['impossible'] | null
  }>`
    with ${k},
    c as (
      select count(*)::int as copies,
        count(distinct mailbox_id) filter (where "is" = 'actionable')::int as mailboxes,
        count(distinct message_id) filter (where "is" = 'actionable')::int as messages,
        count(*) filter (where "is" = 'actionable')::int as actionable,
        count(*) filter (where "is" = 'already-there')::int as already_there,
        count(*) filter (where "is" = 'impossible')::int as impossible,
        count(*) filter (where "is" = 'actionable' and location = 'unknown')::int as not_found,
        count(*) filter (where "is" = 'actionable' and first and target_kind = 'folder')::int as first,
        count(*) filter (where "is" = 'actionable' and (back_date < '1970-01-02' or back_date >= '2037-12-31'))::int as dates
      from k
    ), f as (
      select coalesce(folder, location) as folder, count(*)::int as count from k where "is" = 'actionable'
      group by 1 order by 2 desc, 1 limit ${FOLDERS}
    ), i as (
      select reason, count(*)::int as count from k where "is" = 'impossible' group by 1 order by 2 desc, 1
    )
    select (select row_to_json(c) from c) as counts, (select json_agg(f) from f) as folders,
      (select json_agg(json_build_object('reason', i.reason, 'count', i.count, 'sample', (select json_agg(s.message_id) from (
        select distinct k.message_id from k where k."is" = 'impossible' and k.reason = i.reason limit ${SAMPLE}) s))) from i)
        as impossible`.execute(tx)
  const [row] = found.rows
  if (!row) throw new Error('no counts')
  const { counts } = row
  return {
    copies: counts.copies,
    mailboxes: counts.mailboxes,
    messages: counts.messages,
    items: {
      actionable: counts.actionable,
      alreadyThere: counts.already_there,
      notFound: counts.not_found,
      impossible: counts.impossible,
    },
    senderCopies: request.senderCopy ? await senderCopies(tx, tenant, ids) : 0,
    byFolder: row.folders ?? [],
    notExact: [
      { reason: FIRST, count: counts.first },
      { reason: DATE, count: counts.dates },
    ].filter((r) => r.count > 0),
    impossible: row.impossible ?? [],
    at: context.now.toISOString(),
  }
}
