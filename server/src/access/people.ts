import { sql } from 'kysely'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type TenantId, type UserId } from '../base/index.ts'
import type { Db, Storage, Tx } from '../storage/index.ts'
import type { Actor } from './actor.ts'
import { type Auth, MIN_PASSWORD } from './auth.ts'
import { ROLES, type Role } from './permissions.ts'
import { asUser } from './tokens.ts'

export interface NewPerson {
  readonly name: string
  readonly email: string
  readonly password: string
  readonly role: Role
}

export interface Person {
  readonly id: UserId
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly createdAt: Date
}

const here = sql<TenantId>`current_setting('recourse.tenant_id')::uuid`
const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,253}$/

export function checkPerson(person: Pick<NewPerson, 'name' | 'email' | 'password'>): void {
  const refuse = (message: string, cure: string) => new AppError('person', message, cure, { status: 422 })
  if (person.name.trim() === '') throw refuse('The name is empty.', 'Give the name that others will see.')
  if (!EMAIL.test(person.email))
    throw refuse(`"${person.email}" is not an e-mail address.`, 'Give an address like ann@company.example.')
  if (person.password.length < MIN_PASSWORD || person.password.length > 256)
    throw refuse(
      `The password must have ${MIN_PASSWORD} to 256 characters.`,
      'Choose a longer one; several words are easy to remember.',
    )
}

/** A person's memberships in all tenants, oldest first. */
export function membershipsOf(db: Db, user: string): Promise<{ tenant: TenantId; role: Role }[]> {
  return db.transaction().execute(async (tx) => {
    await sql`select set_config('recourse.user_id', ${user}, true)`.execute(tx)
    const rows = await tx
      .selectFrom('membership')
      .select(['tenant_id', 'role'])
      .where('user_id', '=', user as UserId)
      .orderBy('created_at')
      .execute()
    return rows.map((row) => ({ tenant: row.tenant_id, role: row.role }))
  })
}

/** Who a signed-in person is in the tenant that they ask for, or their first. */
export async function actorOfPerson(
  db: Db,
  user: { id: string; name: string },
  wanted: string | null,
): Promise<Actor | null> {
  const memberships = await membershipsOf(db, user.id)
  const found = wanted === null ? memberships[0] : memberships.find((m) => m.tenant === wanted)
  return found
    ? { tenant: found.tenant, user: asUser(user.id), name: user.name, permissions: new Set(ROLES[found.role]) }
    : null
}

/**
 * The sign-in library's user of this address with this password. It commits by itself, so a crash may leave a user without membership:
 * such a one can do nothing, and is taken over by the next attempt with the same address.
 */
async function libraryUser(auth: Auth, db: Db, person: NewPerson): Promise<string> {
  const { internalAdapter, password } = await auth.$context
  const email = person.email.toLowerCase()
  const found = await internalAdapter.findUserByEmail(email)
  if (found && (await membershipsOf(db, found.user.id)).length > 0)
    throw new AppError(
      'person-known',
      `${email} has an account here already.`,
      'Use another address, or let that person sign in.',
      { status: 409 },
    )
  const user =
    found?.user ??
    (await internalAdapter.createUser({ email, name: person.name, emailVerified: true }, { method: 'admin' }))
  if (found) await internalAdapter.updateUser(user.id, { name: person.name })
  const hash = await password.hash(person.password)
  const accounts = await internalAdapter.findAccounts(user.id)
  if (accounts.some((a) => a.providerId === 'credential')) await internalAdapter.updatePassword(user.id, hash)
  else
    await internalAdapter.linkAccount({ userId: user.id, providerId: 'credential', accountId: user.id, password: hash })
  return user.id
}

/** Makes a person with a role in the transaction's tenant. */
export async function addPerson(
  tx: Tx,
  deps: { auth: Auth; db: Db },
  person: NewPerson,
  actor: AuditActor,
): Promise<Person> {
  checkPerson(person)
  const id = asUser(await libraryUser(deps.auth, deps.db, person))
  const row = await tx
    .insertInto('membership')
    .values({
      tenant_id: here,
      user_id: id,
      role: person.role,
      name: person.name,
      email: person.email.toLowerCase(),
      created_by: actor.name,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  await record(tx, {
    actor,
    action: 'user.create',
    subject: { kind: 'user', id },
    detail: { email: row.email, role: row.role },
  })
  return { id, name: row.name, email: row.email, role: row.role, createdAt: row.created_at }
}

/** Everybody who may sign in to this organisation, oldest first. */
export async function listPeople(tx: Tx): Promise<readonly Person[]> {
  const rows = await tx.selectFrom('membership').selectAll().orderBy('created_at').execute()
  return rows.map((row) => ({
    id: row.user_id,
    name: row.name,
    email: row.email,
    role: row.role,
    createdAt: row.created_at,
  }))
}

/** Somebody must stay who can let others in. */
async function keepAnAdministrator(tx: Tx, without: UserId): Promise<void> {
  const left = await tx
    .selectFrom('membership')
    .select('user_id')
    .where('role', '=', 'administrator')
    .forUpdate()
    .execute()
  if (left.every((row) => row.user_id === without))
    throw new AppError(
      'last-administrator',
      'This is the last administrator.',
      'Make somebody else an administrator first.',
      { status: 409 },
    )
}

/** Audited. Throws AppError `not-found`, and refuses to leave the organisation without an administrator. */
export async function setRole(tx: Tx, user: UserId, role: Role, actor: AuditActor): Promise<void> {
  const before = await tx
    .selectFrom('membership')
    .select('role')
    .where('user_id', '=', user)
    .forUpdate()
    .executeTakeFirst()
  if (!before) throw noSuchPerson()
  if (role !== 'administrator') await keepAnAdministrator(tx, user)
  await tx.updateTable('membership').set({ role }).where('user_id', '=', user).execute()
  await record(tx, {
    actor,
    action: 'user.role',
    subject: { kind: 'user', id: user },
    detail: { before: before.role, after: role },
  })
}

/** Ends the membership, and with the last one all sessions. */
export async function removePerson(
  storage: Storage,
  auth: Auth,
  tenant: TenantId,
  user: UserId,
  actor: AuditActor,
): Promise<void> {
  await storage.tenant(tenant, async (tx) => {
    const known = await tx.selectFrom('membership').select('user_id').where('user_id', '=', user).executeTakeFirst()
    if (!known) throw noSuchPerson()
    await keepAnAdministrator(tx, user)
    const row = await tx.deleteFrom('membership').where('user_id', '=', user).returning('email').executeTakeFirst()
    if (!row) throw noSuchPerson()
    await record(tx, {
      actor,
      action: 'user.remove',
      subject: { kind: 'user', id: user },
      detail: { email: row.email },
    })
  })
  if ((await membershipsOf(storage.db, user)).length === 0)
    await (await auth.$context).internalAdapter.deleteUserSessions(user)
}

/**
 * A new password from an administrator; ends all sessions of that person. Refused for somebody who belongs to other tenants as well: one
 * tenant's administrator must not get into another. Throws AppError `person`, `not-found`, `person-elsewhere`.
 */
export async function setPassword(
  deps: { storage: Storage; auth: Auth },
  tenant: TenantId,
  user: UserId,
  password: string,
  actor: AuditActor,
): Promise<void> {
  const memberships = await membershipsOf(deps.storage.db, user)
  if (!memberships.some((m) => m.tenant === tenant)) throw noSuchPerson()
  if (memberships.length > 1)
    throw new AppError(
      'person-elsewhere',
      'This person belongs to other organisations here as well.',
      'They can change the password themselves once signed in.',
      { status: 409 },
    )
  const { internalAdapter, password: hasher } = await deps.auth.$context
  await deps.storage.tenant(tenant, async (tx) => {
    const person = await tx
      .selectFrom('membership')
      .select(['name', 'email'])
      .where('user_id', '=', user)
      .executeTakeFirstOrThrow()
    checkPerson({ ...person, password })
    await record(tx, { actor, action: 'user.password', subject: { kind: 'user', id: user } })
  })
  await internalAdapter.updatePassword(user, await hasher.hash(password))
  await internalAdapter.deleteUserSessions(user)
}

const noSuchPerson = () =>
  new AppError('not-found', 'There is no such person here.', 'GET /users lists those who are.', { status: 404 })

/** The mail address of the person who asks; null for API tokens. */
export const emailOf = (storage: Pick<Storage, 'tenant'>) => (actor: Actor) =>
  storage.tenant(actor.tenant, async (tx) => {
    const row = await tx.selectFrom('membership').select('email').where('user_id', '=', actor.user).executeTakeFirst()
    return row?.email ?? null
  })
