import { sql } from 'kysely'
import type { FolderMark, MailboxSession } from '../../mailboxes/index.ts'
import { jsonText, type Tx } from '../../storage/index.ts'
import type { Arrival, KnownFolder, WatchedMailbox } from './types.ts'

// A copy that cannot be read or recorded keeps no other one waiting: the look goes on behind it, and it is tried again.

export interface Later {
  readonly folderId: string
  readonly uid: number
  readonly backlog: boolean
}

/** As many as one look takes up again. */
const AT_MOST = 500
const FIRST_MS = 30_000
const LONGEST_MS = 3_600_000

export async function dueCopies(tx: Tx, mailbox: WatchedMailbox, now: Date): Promise<readonly Later[]> {
  const { rows } = await sql<{ folder_id: string; uid: string; backlog: boolean }>`
    select folder_id, uid, backlog from watched_later where mailbox_id = ${mailbox.id} and next_at <= ${now}
    order by next_at, folder_id, uid limit ${AT_MOST}`.execute(tx)
  return rows.map((row) => ({ folderId: row.folder_id, uid: Number(row.uid), backlog: row.backlog }))
}

export interface Again {
  readonly arrivals: readonly Arrival[]
  /** No longer there: nothing is left to try. */
  readonly gone: readonly Later[]
}

/** What those are that are due, as they lie there now. What lies in a folder that cannot be opened stays as it is. */
export async function lookAgain(
  session: Pick<MailboxSession, 'state'>,
  due: readonly Later[],
  pairs: readonly { readonly mark: FolderMark; readonly known: KnownFolder | null }[],
): Promise<Again> {
  const arrivals: Arrival[] = []
  const gone: Later[] = []
  const places = new Map(pairs.flatMap(({ mark, known }) => (known ? [[known.id, { mark, known }] as const] : [])))
  for (const [folderId, wanted] of Map.groupBy(due, (one) => one.folderId)) {
    const place = places.get(folderId)
    if (!place) continue
    const { mark, known } = place
    const uids = wanted.map(({ uid }) => uid)
    const states = new Map((await session.state(mark.path, uids)).map((state) => [state.ref.uid, state]))
    for (const one of wanted) {
      const state = states.get(one.uid)
      if (!state) gone.push(one)
      else if (state.ref.uidValidity === known.uidValidity)
        arrivals.push({ state, folder: known, use: mark.use, backlog: one.backlog })
    }
  }
  return { arrivals, gone }
}

export const laterOf = ({ folder, state, backlog }: Arrival): Later => ({
  folderId: folder.id,
  uid: state.ref.uid,
  backlog,
})

/** Each failure doubles the wait. */
export async function putOff(tx: Tx, mailbox: WatchedMailbox, copies: readonly Later[], now: Date): Promise<void> {
  if (copies.length === 0) return
  await sql`
    insert into watched_later as l (tenant_id, folder_id, uid, mailbox_id, backlog, attempts, next_at)
    select recourse_tenant(), x."folderId", x.uid, ${mailbox.id}, x.backlog, 1, ${new Date(now.getTime() + FIRST_MS)}::timestamptz
    from json_to_recordset(${jsonText(copies)}::json) as x("folderId" uuid, uid bigint, backlog boolean)
    on conflict (tenant_id, folder_id, uid) do update set attempts = l.attempts + 1, next_at = ${now}::timestamptz
      + least(${LONGEST_MS}::float8, ${FIRST_MS}::float8 * 2 ^ least(l.attempts, 20)) * interval '1 millisecond'`.execute(
    tx,
  )
}

export async function notLater(tx: Tx, copies: readonly Later[]): Promise<void> {
  if (copies.length === 0) return
  await sql`delete from watched_later l using json_to_recordset(${jsonText(copies)}::json) as x("folderId" uuid, uid bigint)
    where l.tenant_id = recourse_tenant() and l.folder_id = x."folderId" and l.uid = x.uid`.execute(tx)
}
