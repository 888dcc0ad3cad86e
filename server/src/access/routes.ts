import Type from 'typebox'
import { AppError, type TenantId } from '../base/index.ts'
import type { Actor } from './actor.ts'
import type { Api } from './api.ts'
import { InstantText, PageOf } from './api.ts'
import { assertSameOrigin, type GateDeps } from './gate.ts'
import { addPerson, listPeople, removePerson, setPassword, setRole } from './people.ts'
import { ALL_PERMISSIONS, type Permission, ROLE_NAMES, ROLES, type Role } from './permissions.ts'
import { setUp, setupNeeded } from './setup.ts'
import { answer, ask, SIGN_IN } from './sign-in.ts'
import { asUser, createToken, listTokens, revokeToken } from './tokens.ts'

export interface AccessDeps extends GateDeps {
  /** The tenant of the first run. */
  readonly firstTenant: TenantId
  /** The code was used: it need not lie around any longer. */
  readonly onSetUp: () => void
}

const literals = <T extends string>(names: readonly T[]) => Type.Union(names.map((name) => Type.Literal(name)))
const RoleName = Type.Unsafe<Role>(literals(ROLE_NAMES))
const PermissionName = Type.Unsafe<Permission>(literals(ALL_PERMISSIONS))
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })
const Password = Type.String({ maxLength: 256 })

export const SetupRequest = Type.Object(
  {
    code: Type.String({ maxLength: 100 }),
    name: Type.String({ maxLength: 200 }),
    email: Type.String({ maxLength: 320 }),
    password: Password,
  },
  { additionalProperties: false },
)
export const SessionInfo = Type.Object({
  user: Type.Object({ id: Type.String(), name: Type.String(), email: Type.String() }),
  tenant: Type.Object({ id: Type.String(), name: Type.String() }),
  permissions: Type.Array(PermissionName),
})
export const UserRow = Type.Object({
  id: Type.String(),
  name: Type.String(),
  email: Type.String(),
  role: RoleName,
  createdAt: InstantText,
})
export const NewUser = Type.Object(
  { name: Type.String({ maxLength: 200 }), email: Type.String({ maxLength: 320 }), password: Password, role: RoleName },
  { additionalProperties: false },
)
const tokenFields = {
  id: Type.String(),
  name: Type.String(),
  permissions: Type.Array(PermissionName),
  createdAt: InstantText,
  createdBy: Type.String(),
  expiresAt: Type.Union([InstantText, Type.Null()]),
  lastUsedAt: Type.Union([InstantText, Type.Null()]),
}
export const TokenRow = Type.Object(tokenFields)
export const TokenMade = Type.Object({ ...tokenFields, token: Type.String({ description: 'Shown this once.' }) })
export const NewToken = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    permissions: Type.Array(PermissionName, { minItems: 1 }),
    expiresInDays: Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()])),
  },
  { additionalProperties: false },
)

/** First run, session, people and API tokens. */
export function register(app: Api, deps: AccessDeps): void {
  first(app, deps)
  session(app, deps)
  people(app, deps)
  tokens(app, deps)
}

function first(app: Api, deps: AccessDeps): void {
  const { storage, auth, firstTenant } = deps
  app.get(
    '/setup',
    { config: { permission: 'none' }, schema: { response: { 200: Type.Object({ needed: Type.Boolean() }) } } },
    async () => ({
      needed: await storage.tenant(firstTenant, setupNeeded),
    }),
  )
  app.post('/setup', { config: { permission: 'none' }, schema: { body: SetupRequest } }, async (request, reply) => {
    assertSameOrigin(request, deps.publicUrl)
    await setUp(storage, { auth, db: storage.db }, firstTenant, request.body)
    deps.onSetUp()
    const { email, password } = request.body
    return await answer(reply, await ask(auth, request, SIGN_IN, { email, password }))
  })
}

function session(app: Api, { storage }: AccessDeps): void {
  app.get(
    '/session',
    { config: { permission: 'signed-in' }, schema: { response: { 200: SessionInfo } } },
    ({ actor }) =>
      storage.tenant(actor.tenant, async (tx) => {
        const tenant = await tx.selectFrom('tenant').select('name').executeTakeFirstOrThrow()
        const person = await tx
          .selectFrom('membership')
          .select('email')
          .where('user_id', '=', actor.user)
          .executeTakeFirst()
        return {
          user: { id: actor.user, name: actor.name, email: person?.email ?? '' },
          tenant: { id: actor.tenant, name: tenant.name },
          permissions: [...actor.permissions],
        }
      }),
  )
}

/** Who lets others in cannot give, or take over, more than they have themselves: a token with `users.manage` alone least of all. */
function assertWithin(actor: Actor, role: Role): void {
  const more = ROLES[role].filter((p) => !actor.permissions.has(p))
  if (more.length > 0)
    throw new AppError(
      'role-rights',
      `This needs every right of the role ${role}; you lack ${more.join(', ')}.`,
      'Ask somebody who has them.',
      { status: 403 },
    )
}

function people(app: Api, { storage, auth }: AccessDeps): void {
  const config = { permission: 'users.manage' as const }
  const row = (p: Awaited<ReturnType<typeof listPeople>>[number]) => ({ ...p, createdAt: p.createdAt.toISOString() })
  const mayChange = async (actor: Actor, id: string) => {
    const found = (await storage.tenant(actor.tenant, listPeople)).find((p) => p.id === id)
    if (found) assertWithin(actor, found.role)
  }
  app.get('/users', { config, schema: { response: { 200: PageOf(UserRow) } } }, ({ actor }) =>
    storage.tenant(actor.tenant, async (tx) => ({ items: (await listPeople(tx)).map(row), next: null })),
  )
  app.post(
    '/users',
    { config, schema: { body: NewUser, response: { 201: UserRow } } },
    async ({ actor, body }, reply) => {
      assertWithin(actor, body.role)
      const made = await storage.tenant(actor.tenant, (tx) => addPerson(tx, { auth, db: storage.db }, body, actor))
      return reply.code(201).send(row(made))
    },
  )
  app.patch(
    '/users/:id',
    { config, schema: { params: Id, body: Type.Object({ role: RoleName }, { additionalProperties: false }) } },
    async ({ actor, params, body }, reply) => {
      assertWithin(actor, body.role)
      await mayChange(actor, params.id)
      await storage.tenant(actor.tenant, (tx) => setRole(tx, asUser(params.id), body.role, actor))
      return reply.code(204).send()
    },
  )
  app.put(
    '/users/:id/password',
    { config, schema: { params: Id, body: Type.Object({ password: Password }, { additionalProperties: false }) } },
    async ({ actor, params, body }, reply) => {
      await mayChange(actor, params.id)
      await setPassword({ storage, auth }, actor.tenant, asUser(params.id), body.password, actor)
      return reply.code(204).send()
    },
  )
  app.delete('/users/:id', { config, schema: { params: Id } }, async ({ actor, params }, reply) => {
    await mayChange(actor, params.id)
    await removePerson(storage, auth, actor.tenant, asUser(params.id), actor)
    return reply.code(204).send()
  })
}

function tokens(app: Api, { storage }: AccessDeps): void {
  const config = { permission: 'users.manage' as const }
  const row = (t: Awaited<ReturnType<typeof listTokens>>[number]) => ({
    ...t,
    permissions: [...t.permissions],
    createdAt: t.createdAt.toISOString(),
    expiresAt: t.expiresAt?.toISOString() ?? null,
    lastUsedAt: t.lastUsedAt?.toISOString() ?? null,
  })
  app.get('/tokens', { config, schema: { response: { 200: PageOf(TokenRow) } } }, ({ actor }) =>
    storage.tenant(actor.tenant, async (tx) => ({ items: (await listTokens(tx)).map(row), next: null })),
  )
  app.post(
    '/tokens',
    { config, schema: { body: NewToken, response: { 201: TokenMade } } },
    async ({ actor, body }, reply) => {
      const more = body.permissions.filter((p) => !actor.permissions.has(p))
      if (more.length > 0)
        throw new AppError(
          'token-rights',
          `A token cannot hold what its maker does not: ${more.join(', ')}.`,
          'Leave these out.',
          { status: 403 },
        )
      const expiresAt = body.expiresInDays ? new Date(Date.now() + body.expiresInDays * 86_400_000) : null
      const { secret, ...made } = await storage.tenant(actor.tenant, (tx) =>
        createToken(tx, { ...body, expiresAt }, actor),
      )
      return reply.code(201).send({ ...row(made), token: secret })
    },
  )
  app.delete(
    '/tokens/:id',
    { config, schema: { params: Type.Object({ id: Type.String({ format: 'uuid' }) }) } },
    async ({ actor, params }, reply) => {
      await storage.tenant(actor.tenant, (tx) => revokeToken(tx, params.id, actor))
      return reply.code(204).send()
    },
  )
}
