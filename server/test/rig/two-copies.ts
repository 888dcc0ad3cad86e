import { chownSync, copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inDatabase } from './database.ts'
import type { RunningServer } from './running.ts'

/**
 * As after a move to Junk whose answer was lost while its user copied the message there: the message of this action (one copy, moved from
 * INBOX to Junk, done) lies in INBOX again too, and its item is in doubt. Gives back the item.
 */
export async function leaveInDoubt(server: RunningServer, action: string, text: string): Promise<string> {
  const files = readdirSync(server.mail, { recursive: true, encoding: 'utf8' }).map((path) => join(server.mail, path))
  const junk = files.find(
    (path) => /\/\.Junk\/(cur|new)\/[^/]+$/.test(path) && readFileSync(path, 'latin1').includes(text),
  )
  if (!junk) throw new Error(`nothing with “${text}” in Junk`)
  const back = join(dirname(junk), '../../cur', `again.${junk.split('/').at(-1)}`)
  copyFileSync(junk, back)
  const { uid, gid } = statSync(junk)
  chownSync(back, uid, gid)
  return inDatabase(server, async (client) => {
    const one = (location: string, side: string) =>
      `json_build_object('ref', s.${side}_ref, 'state', coalesce(s.${side}_state, s.before_state), 'location', '${location}')`
    const found = await client.query<{ item_id: string }>(
      `insert into item_both (tenant_id, item_id, source, target)
      select s.tenant_id, s.item_id, ${one('inbox', 'before')}, ${one('junk', 'after')}
      from item_seen s join action_item i on i.tenant_id = s.tenant_id and i.id = s.item_id where i.action_id = $1 returning item_id`,
      [action],
    )
    const [row] = found.rows
    if (!row || found.rows.length > 1) throw new Error(`${found.rows.length} items`)
    await client.query('update item_seen set after_ref = null, after_state = null where item_id = $1', [row.item_id])
    await client.query(
      `update action_item set state = 'ambiguous', reason = 'It is in INBOX, and there is a copy in Junk since.', verified_at = null,
        after_location = null, after_folder = null where id = $1`,
      [row.item_id],
    )
    await client.query(
      `update action set state = 'failed', n_done = 0, n_verified = 0, n_ambiguous = 1 where id = $1`,
      [action],
    )
    return row.item_id
  })
}
