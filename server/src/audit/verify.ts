import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Tx } from '../storage/index.ts'

export interface AuditCheck {
  readonly ok: boolean
  /** Entries looked at. */
  readonly entries: number
  /** Number and hash of the newest entry. Kept elsewhere, it proves later that nothing before it was changed. */
  readonly head: { readonly seq: number; readonly hash: string } | null
  /** What is wrong, in sentences; at most 20. */
  readonly problems: readonly string[]
}

interface Row {
  readonly seq: number
  readonly prev_hash: string
  readonly hash: string
  readonly text: string
}

const PAGE = 2000

/**
 * Computes the whole chain of the transaction's tenant anew, here and not in the database, and compares: changed, missing, moved and
 * cut-off entries show. `pinned` is a head that was noted down earlier: with it, a chain that was rewritten as a whole shows too.
 */
export async function verify(tx: Tx, pinned?: { readonly seq: number; readonly hash: string }): Promise<AuditCheck> {
  const problems: string[] = []
  const head = (await tx.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirst()) ?? null
  let last = { seq: 0, hash: '' }
  let entries = 0
  for (;;) {
    const { rows } = await page(tx, last.seq)
    for (const row of rows) {
      problems.push(...check(row, last))
      if (pinned && row.seq === pinned.seq && row.hash !== pinned.hash)
        problems.push(`Entry ${row.seq} has another hash than the one that was noted down: the chain was rewritten.`)
      last = { seq: row.seq, hash: row.hash }
      entries++
    }
    if (rows.length < PAGE || problems.length > 20) break
  }
  if (head && problems.length === 0 && (head.seq !== last.seq || head.hash !== last.hash))
    problems.push(`The chain ends with entry ${last.seq}, but ${head.seq} were written: the newest were cut off.`)
  if (!head && entries > 0) problems.push('The end of the chain is not recorded any more.')
  if (pinned && last.seq < pinned.seq) problems.push(`Entry ${pinned.seq}, which was noted down, is missing.`)
  return { ok: problems.length === 0, entries, head, problems: problems.slice(0, 20) }
}

const page = (tx: Tx, after: number) =>
  sql<Row>`select e.seq, e.prev_hash, e.hash, recourse_audit_text(e) as text from audit_entry e
    where e.seq > ${after} order by e.seq limit ${PAGE}`.execute(tx)

function check(row: Row, last: { readonly seq: number; readonly hash: string }): string[] {
  const wrong: string[] = []
  if (row.seq !== last.seq + 1)
    wrong.push(
      row.seq === last.seq + 2
        ? `Entry ${last.seq + 1} is missing.`
        : `Entries ${last.seq + 1} to ${row.seq - 1} are missing.`,
    )
  else if (row.prev_hash !== last.hash) wrong.push(`Entry ${row.seq} does not follow entry ${last.seq}.`)
  if (createHash('sha256').update(row.text, 'utf8').digest('hex') !== row.hash)
    wrong.push(`Entry ${row.seq} was changed after it was written.`)
  return wrong
}
