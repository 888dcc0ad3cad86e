import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type TenantId, type UserId, uuidv7 } from '../base/index.ts'
import type { Storage, Tx } from '../storage/index.ts'
import type { Actor } from './actor.ts'
import { isPermission, type Permission } from './permissions.ts'

const PREFIX = 'rcs_'
const TOKEN = /^rcs_([0-9A-Za-z_-]{64})$/
const TENANT_BYTES = 16

export interface TokenInfo {
  readonly id: string
  readonly name: string
  readonly permissions: readonly Permission[]
  readonly createdAt: Date
  readonly createdBy: string
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')
const here = sql<TenantId>`current_setting('recourse.tenant_id')::uuid`

/** Makes a token; `secret` is shown this once. It names its tenant, so that nobody has to search all tenants for it. */
export async function createToken(
  tx: Tx,
  wanted: { readonly name: string; readonly permissions: readonly Permission[]; readonly expiresAt?: Date | null },
  actor: AuditActor,
): Promise<TokenInfo & { readonly secret: string }> {
  const { rows } = await sql<{ tenant: TenantId }>`select ${here} as tenant`.execute(tx)
  const tenant = Buffer.from((rows[0]?.tenant ?? '').replaceAll('-', ''), 'hex')
  const secret = PREFIX + Buffer.concat([tenant, randomBytes(32)]).toString('base64url')
  const permissions = [...new Set(wanted.permissions)].sort()
  const row = await tx
    .insertInto('api_token')
    .values({
      tenant_id: here,
      id: uuidv7(),
      name: wanted.name,
      hash: hashOf(secret),
      permissions,
      created_by: actor.name,
      expires_at: wanted.expiresAt ?? null,
      last_used_at: null,
      revoked_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await record(tx, {
    actor,
    action: 'token.create',
    subject: { kind: 'token', id: row.id },
    detail: { name: row.name, permissions },
  })
  return { ...shown(row), secret }
}

const shown = (row: {
  id: string
  name: string
  permissions: Permission[]
  created_at: Date
  created_by: string
  expires_at: Date | null
  last_used_at: Date | null
}): TokenInfo => ({
  id: row.id,
  name: row.name,
  permissions: row.permissions,
  createdAt: row.created_at,
  createdBy: row.created_by,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
})

/** Those that work, newest first; never their secrets. */
export async function listTokens(tx: Tx): Promise<readonly TokenInfo[]> {
  const rows = await tx
    .selectFrom('api_token')
    .selectAll()
    .where('revoked_at', 'is', null)
    .orderBy('created_at', 'desc')
    .execute()
  return rows.map(shown)
}

/** Works no more from the commit on; audited. Throws AppError `not-found`. */
export async function revokeToken(tx: Tx, id: string, actor: AuditActor): Promise<void> {
  const row = await tx
    .updateTable('api_token')
    .set({ revoked_at: sql`now()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('name')
    .executeTakeFirst()
  if (!row)
    throw new AppError(
      'not-found',
      'There is no such token, or it was revoked already.',
      'GET /tokens lists those that work.',
      { status: 404 },
    )
  await record(tx, { actor, action: 'token.revoke', subject: { kind: 'token', id }, detail: { name: row.name } })
}

/** The actor that a token stands for; null when it is unknown, revoked or expired. */
export async function actorOfToken(storage: Pick<Storage, 'tenant'>, token: string): Promise<Actor | null> {
  const body = TOKEN.exec(token)?.[1]
  if (!body) return null
  const tenant = tenantIn(body)
  return await storage.tenant(tenant, async (tx) => {
    const row = await tx
      .selectFrom('api_token')
      .select(['id', 'name', 'permissions', 'last_used_at'])
      .where('hash', '=', hashOf(token))
      .where('revoked_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
      .executeTakeFirst()
    if (!row) return null
    if (!row.last_used_at || Date.now() - row.last_used_at.getTime() > 60_000)
      await tx.updateTable('api_token').set({ last_used_at: sql`now()` }).where('id', '=', row.id).execute()
    const user: UserId = asUser(row.id)
    return { tenant, user, name: row.name, permissions: new Set(row.permissions.filter(isPermission)) }
  })
}

function tenantIn(body: string): TenantId {
  const hex = Buffer.from(body, 'base64url').subarray(0, TENANT_BYTES).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as TenantId
}

/** Ids are branded where they are read: here, where the sign-in library and our tokens hand them over. */
export const asUser = (id: string): UserId => id as UserId
