import { sql } from 'kysely'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type MailboxId, type TenantId, uuidv7 } from '../base/index.ts'
import type { Db, Outbox, Tx } from '../storage/index.ts'
import { meanwhile } from './changed.ts'
import { readDirectory, tellAnew } from './directory.ts'
import type { OrganisationDocument } from './document.ts'
import { domainOf, readOrganisation } from './validate.ts'

const here = sql<TenantId>`current_setting('recourse.tenant_id')::uuid`
const CHUNK = 5000

/**
 * Replaces the organisation by this document, in one step. Mailboxes keep their identity by address; one that is left out stays known as
 * removed, and comes back as itself. Throws AppError `organisation` (every mistake), `domain-taken`, `version` (changed meanwhile).
 */
export async function setOrganisation(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  input: unknown,
  actor: AuditActor,
): Promise<OrganisationDocument> {
  const wanted = readOrganisation(input)
  const version = await lock(tx, wanted.version, actor)
  const { rows } = await sql<{ id: TenantId }>`select ${here} as id`.execute(tx)
  const tenant = rows[0]?.id
  if (!tenant) throw new Error('no tenant is set')
  const before = await readDirectory(tx, tenant, version - 1)
  await saveDomains(tx, tenant, wanted.domains)
  await checkLogins(tx, tenant, wanted)
  await saveMailboxes(tx, wanted)
  await tx.deleteFrom('mail_alias').execute()
  for (const part of chunks(wanted.aliases))
    await tx
      .insertInto('mail_alias')
      .values(part.map((a) => ({ tenant_id: here, ...a })))
      .execute()
  await tx.deleteFrom('mail_group').execute()
  for (const part of chunks(wanted.groups))
    await tx
      .insertInto('mail_group')
      .values(
        part.map((g) => ({ tenant_id: here, address: g.address, display_name: g.displayName, members: g.members })),
      )
      .execute()
  await record(tx, {
    actor,
    action: 'organisation.set',
    subject: { kind: 'organisation', id: String(version) },
    detail: changes(before.document(), wanted),
  })
  await outbox.emit(tx, { kind: 'organisation.changed', data: { version } })
  return { ...wanted, version }
}

const LEAVE_OUT = ' Leave "version" out to replace whatever is there.'

/** One writer at a time per tenant; the new version, with a new revision that makes everybody read anew. */
async function lock(tx: Tx, expected: number, actor: AuditActor): Promise<number> {
  tellAnew(tx)
  const before = await tx.selectFrom('organisation_state').select('changed_by').forUpdate().executeTakeFirst()
  const state = await tx
    .insertInto('organisation_state')
    .values({ tenant_id: here, version: 1, revision: uuidv7(), changed_by: actor.name })
    .onConflict((c) =>
      c.column('tenant_id').doUpdateSet((eb) => ({
        version: eb('organisation_state.version', '+', 1),
        revision: eb.ref('excluded.revision'),
        changed_at: sql<Date>`now()`,
        changed_by: eb.ref('excluded.changed_by'),
      })),
    )
    .returning('version')
    .executeTakeFirstOrThrow()
  if (expected !== 0 && state.version !== expected + 1)
    throw meanwhile('organisation was', before?.changed_by, expected, state.version - 1, LEAVE_OUT)
  return state.version
}

async function saveDomains(tx: Tx, mine: TenantId, domains: readonly string[]): Promise<void> {
  for (const domain of domains.toSorted()) {
    // Held until the end: two tenants cannot take one domain at the same moment.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`recourse domain ${domain}`}, 0))`.execute(tx)
    const taken = await ownerWithin(tx, domain)
    if (taken && taken !== mine)
      throw new AppError(
        'domain-taken',
        `The domain ${domain} belongs to another organisation here.`,
        'Remove it there first, or leave it out.',
        { status: 409 },
      )
  }
  await tx
    .deleteFrom('org_domain')
    .where('domain', 'not in', [...domains, ''])
    .execute()
  if (domains.length > 0)
    await tx
      .insertInto('org_domain')
      .values(domains.map((domain) => ({ tenant_id: here, domain })))
      .onConflict((c) => c.doNothing())
      .execute()
}

/** The lookup policy shows this one domain's row, whoever has it; switched off again at once. */
async function ownerWithin(tx: Tx, domain: string): Promise<TenantId | null> {
  await sql`select set_config('recourse.lookup_domain', ${domain}, true)`.execute(tx)
  const row = await tx.selectFrom('org_domain').select('tenant_id').where('domain', '=', domain).executeTakeFirst()
  await sql`select set_config('recourse.lookup_domain', '', true)`.execute(tx)
  return row?.tenant_id ?? null
}

/** Whose a domain (or an address's domain) is; null = nobody's here. For the gateway, which does not know the tenant yet. */
export function tenantOfDomain(storage: { readonly db: Db }, domainOrAddress: string): Promise<TenantId | null> {
  return storage.db.transaction().execute((tx) => ownerWithin(tx, domainOf(domainOrAddress).toLowerCase()))
}

/**
 * A login opens a mailbox at a store that tenants may share, so it must not be another's: one that is an address belongs to whose the
 * domain is, any other to who took it first. Case does not count: it does not for mail servers.
 */
async function checkLogins(tx: Tx, mine: TenantId, wanted: OrganisationDocument): Promise<void> {
  const own = new Set(wanted.domains)
  const special = wanted.mailboxes.filter((m) => m.login !== m.address)
  const foreign = special.find((m) => m.login.includes('@') && !own.has(domainOf(m.login).toLowerCase()))
  if (foreign) throw loginTaken(foreign.address, foreign.login, 'its domain is not among the domains')
  const free = special.filter((m) => !m.login.includes('@'))
  if (free.length === 0) return
  await sql`select pg_advisory_xact_lock(hashtextextended('recourse logins', 0))`.execute(tx)
  for (const part of chunks(free)) {
    await sql`select set_config('recourse.lookup_logins', ${part.map((m) => m.login.toLowerCase()).join('\n')}, true)`.execute(
      tx,
    )
    const taken = await tx
      .selectFrom('mailbox')
      .select('login')
      .where('tenant_id', '!=', mine)
      .limit(1)
      .executeTakeFirst()
    await sql`select set_config('recourse.lookup_logins', '', true)`.execute(tx)
    const login = taken?.login.toLowerCase()
    const whose = part.find((m) => m.login.toLowerCase() === login)
    if (whose) throw loginTaken(whose.address, whose.login, 'another organisation here has it')
  }
}

const loginTaken = (address: string, login: string, why: string): AppError =>
  new AppError(
    'login-taken',
    `The mailbox ${address} cannot have the login ${login}: ${why}.`,
    'Leave the login out: it is then the address.',
    {
      status: 409,
    },
  )

async function saveMailboxes(tx: Tx, wanted: OrganisationDocument): Promise<void> {
  const addresses = wanted.mailboxes.map((m) => m.address)
  await tx
    .updateTable('mailbox')
    .set({ removed_at: sql`now()` })
    .where('removed_at', 'is', null)
    .where((eb) => eb.not(eb('address', '=', sql<string>`any(${addresses}::text[])`)))
    .execute()
  for (const part of chunks(wanted.mailboxes))
    await tx
      .insertInto('mailbox')
      .values(
        part.map((m) => ({
          tenant_id: here,
          id: uuidv7<MailboxId>(),
          address: m.address,
          login: m.login,
          display_name: m.displayName,
          kind: m.kind,
          protected: m.protected,
          removed_at: null,
        })),
      )
      .onConflict((c) =>
        c.columns(['tenant_id', 'address']).doUpdateSet((eb) => ({
          login: eb.ref('excluded.login'),
          display_name: eb.ref('excluded.display_name'),
          kind: eb.ref('excluded.kind'),
          protected: eb.ref('excluded.protected'),
          removed_at: null,
        })),
      )
      .execute()
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += CHUNK) yield all.slice(i, i + CHUNK)
}

/** What changed, for the audit log. */
function changes(before: OrganisationDocument, after: OrganisationDocument): Record<string, unknown> {
  const diff = (key: 'mailboxes' | 'aliases' | 'groups') => {
    const old = new Map(before[key].map((one) => [one.address, JSON.stringify(one)]))
    const added: string[] = []
    const changed: string[] = []
    for (const one of after[key]) {
      const was = old.get(one.address)
      old.delete(one.address)
      if (was === undefined) added.push(one.address)
      else if (was !== JSON.stringify(one)) changed.push(one.address)
    }
    return { added: brief(added), changed: brief(changed), removed: brief([...old.keys()]) }
  }
  const domains = { before: before.domains.length, after: after.domains }
  return { domains, mailboxes: diff('mailboxes'), aliases: diff('aliases'), groups: diff('groups') }
}

const brief = (list: readonly string[]) => (list.length > 50 ? { count: list.length, first: list.slice(0, 50) } : list)
