import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import { SYSTEM } from '../audit/index.ts'
import { AppError, type TenantId } from '../base/index.ts'
import type { Db, Storage, Tx } from '../storage/index.ts'
import type { Auth } from './auth.ts'
import { addPerson, type NewPerson, type Person } from './people.ts'

const hashOf = (code: string): string => createHash('sha256').update(code.trim().toUpperCase()).digest('hex')
const here = sql<TenantId>`current_setting('recourse.tenant_id')::uuid`
// No letters that look like digits.
const ALPHABET = 'ABCDEFGHJKMNPQRSTVWXYZ23456789'

/** True as long as the tenant has nobody who can let others in. */
export async function setupNeeded(tx: Tx): Promise<boolean> {
  const found = await tx
    .selectFrom('membership')
    .select('user_id')
    .where('role', '=', 'administrator')
    .limit(1)
    .executeTakeFirst()
  return !found
}

/** A new one-time code, which makes earlier ones worthless; null when an administrator exists. */
export async function newSetupCode(tx: Tx): Promise<string | null> {
  await lock(tx)
  if (!(await setupNeeded(tx))) return null
  const letters = [...randomBytes(16)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? 'A')
  const code = [0, 4, 8, 12].map((at) => letters.slice(at, at + 4).join('')).join('-')
  await tx
    .insertInto('setup_code')
    .values({ tenant_id: here, hash: hashOf(code), used_at: null })
    .onConflict((c) => c.column('tenant_id').doUpdateSet({ hash: hashOf(code), made_at: sql`now()`, used_at: null }))
    .execute()
  return code
}

// Two set-ups at once: the second waits here and then finds an administrator.
const lock = (tx: Tx) =>
  sql`select pg_advisory_xact_lock(hashtextextended('recourse setup ' || current_setting('recourse.tenant_id'), 0))`.execute(
    tx,
  )

/**
 * The first administrator, for whoever holds the code. Throws AppError `setup-done` or `setup-code`. What the sign-in library has made
 * before a crash is taken over by the next attempt.
 */
export function setUp(
  storage: Storage,
  deps: { auth: Auth; db: Db },
  tenant: TenantId,
  request: Omit<NewPerson, 'role'> & { readonly code: string },
): Promise<Person> {
  return storage.tenant(tenant, async (tx) => {
    await lock(tx)
    if (!(await setupNeeded(tx)))
      throw new AppError(
        'setup-done',
        'This Recourse is set up already.',
        'Sign in; an administrator can let you in.',
        { status: 409 },
      )
    const row = await tx.selectFrom('setup_code').select('hash').where('used_at', 'is', null).executeTakeFirst()
    if (!row || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hashOf(request.code))))
      throw new AppError(
        'setup-code',
        'This is not the one-time code of this server.',
        'It is printed when the server starts; "recourse setup-code" shows it again.',
        { status: 403 },
      )
    const person = await addPerson(tx, deps, { ...request, role: 'administrator' }, { ...SYSTEM, name: 'Set-up' })
    await tx.updateTable('setup_code').set({ used_at: sql`now()` }).execute()
    return person
  })
}
