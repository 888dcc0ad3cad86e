import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { AppError } from '../base/index.ts'
import type { Db } from '../storage/index.ts'

const ALLOWED = 8
const LOCK_MINUTES = 15

/** One address tried from one client: guessing locks out the guesser, not the person whose address it is. */
export const refusalKey = (email: string, ip: string): string =>
  createHash('sha256').update(`${email.trim().toLowerCase()} ${ip}`).digest('hex')

/** Throws AppError `locked-out` (429) while too many attempts with this address from this client have failed. */
export async function assertNotLocked(db: Db, key: string): Promise<void> {
  const { rows } = await sql<{
    locked_until: Date
  }>`select locked_until from recourse_auth.refusal where key = ${key} and locked_until > now()`.execute(db)
  const until = rows[0]?.locked_until
  if (!until) return
  const minutes = Math.max(1, Math.ceil((until.getTime() - Date.now()) / 60_000))
  throw new AppError(
    'locked-out',
    `Too many failed attempts to sign in with this address from here. It can be tried again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`,
    'Wait, or sign in from another network. An administrator can set a new password (recourse users password EMAIL).',
    { status: 429 },
  )
}

/** Counts a failure; returns whether this one locked. Failures that lie an hour apart do not add up. */
export async function noteFailure(db: Db, key: string): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    insert into recourse_auth.refusal as r (key, failures, last_at) values (${key}, 1, now())
    on conflict (key) do update set
      failures = case when r.last_at < now() - interval '1 hour' or r.locked_until < now() then 1 else r.failures + 1 end,
      locked_until = case when r.last_at >= now() - interval '1 hour' and (r.locked_until is null or r.locked_until >= now()) and r.failures + 1 >= ${ALLOWED}
        then now() + make_interval(mins => ${LOCK_MINUTES}) end,
      last_at = now()
    returning r.locked_until is not null as locked`.execute(db)
  await sql`delete from recourse_auth.refusal where last_at < now() - interval '1 day'`.execute(db)
  return rows[0]?.locked ?? false
}

export const forgetFailures = (db: Db, key: string) =>
  sql`delete from recourse_auth.refusal where key = ${key}`.execute(db)
