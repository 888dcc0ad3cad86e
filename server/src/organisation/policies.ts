import { sql } from 'kysely'
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type TenantId, told } from '../base/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import { changedMeanwhile } from './changed.ts'
import { type Directory, directory } from './directory.ts'
import { DEFAULT_POLICY, type Policy, type PolicySettings } from './policy.ts'

const Addresses = Type.Array(Type.String({ minLength: 1, maxLength: 320 }), { maxItems: 10_000 })
const Scope = Type.Object(
  { recipients: Addresses, groups: Addresses, domains: Addresses },
  { additionalProperties: false },
)
const points = { minimum: 0.1, maximum: 1000 }
const strict = { additionalProperties: false }

export const MailPolicy = Type.Object(
  {
    id: Type.String({
      pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
      description: 'small letters, digits and hyphens, at most 63; verdicts name it: it stays',
    }),
    name: Type.String({ minLength: 1, maxLength: 100 }),
    kind: Type.Enum(['strict', 'standard', 'custom'], { description: 'strict, standard: the presets, one each' }),
    priority: Type.Integer({ minimum: 0, maximum: 10_000, description: 'among custom ones: smaller first' }),
    enabled: Type.Boolean(),
    mail: Type.Array(Type.Enum(['inbound', 'internal', 'outbound']), { minItems: 1, maxItems: 3 }),
    applies: Scope,
    except: Scope,
    mode: Type.Enum(['standard', 'strict', 'observe']),
    thresholds: Type.Union([
      Type.Object({ suspicious: Type.Number(points), high: Type.Number(points) }, strict),
      Type.Null(),
    ]),
    unparsable: Type.Union([Type.Enum(['deliver', 'junk', 'quarantine']), Type.Null()]),
  },
  strict,
)
export type MailPolicy = Static<typeof MailPolicy>

export const MailPolicies = Type.Object(
  { version: Type.Integer({ minimum: 0 }), policies: Type.Array(MailPolicy, { maxItems: 200 }) },
  strict,
)
export type MailPolicies = Static<typeof MailPolicies>

const NONE: MailPolicies = { version: 0, policies: [] }

/** Policies for some recipients, in the order in which they are asked, the one for everybody (`getPolicy`) left out. */
export async function getPolicies(tx: Tx): Promise<MailPolicies> {
  const row = await tx
    .selectFrom('mail_policies_version')
    .select(['version', 'policies'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ?? NONE
}

/** The policy for everybody and those for some, in one query: every message needs both. */
export async function allPolicies(tx: Tx): Promise<{ readonly policy: Policy; readonly others: MailPolicies }> {
  const found = await sql<{
    policy: PolicySettings | null
    version: number | null
    policies: MailPolicies['policies'] | null
    policies_version: number | null
  }>`select p.policy, p.version, m.policies, m.version as policies_version from (select recourse_tenant() as tenant) t
    left join lateral (select policy, version from policy_version where tenant_id = t.tenant order by version desc limit 1) p on true
    left join lateral (select policies, version from mail_policies_version where tenant_id = t.tenant
      order by version desc limit 1) m on true`.execute(tx)
  const [row] = found.rows
  return {
    policy: row?.policy ? { ...DEFAULT_POLICY, ...row.policy, version: row.version ?? 0 } : DEFAULT_POLICY,
    others: row?.policies ? { policies: row.policies, version: row.policies_version ?? 0 } : NONE,
  }
}

/**
 * Replaces them all by a new version. `version` must be the one that was read. Throws AppError `policies` (everything that is wrong) or
 * `version` (changed meanwhile).
 */
export async function setPolicies(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  body: unknown,
  actor: AuditActor,
): Promise<MailPolicies> {
  if (!Value.Check(MailPolicies, body))
    throw refuse(
      [...Value.Errors(MailPolicies, body)].map(
        (e) => `${e.instancePath.slice(1).replaceAll('/', '.') || 'policies'}: ${told(MailPolicies, e)}`,
      ),
    )
  await sql`select pg_advisory_xact_lock(hashtextextended('recourse policies ' || recourse_tenant()::text, 0))`.execute(
    tx,
  )
  const before = await getPolicies(tx)
  if (body.version !== before.version)
    throw await changedMeanwhile(tx, 'mail_policies_version', body.version, before.version)
  const policies = body.policies.map(tidy).sort(order)
  const wrong = problems(policies, await directory(tx))
  if (wrong.length > 0) throw refuse(wrong)
  const after = { version: before.version + 1, policies }
  await tx
    .insertInto('mail_policies_version')
    .values({
      tenant_id: sql<TenantId>`recourse_tenant()`,
      version: after.version,
      policies: JSON.stringify(policies),
      by: actor.name,
    })
    .execute()
  await record(tx, {
    actor,
    action: 'policies.set',
    subject: { kind: 'policies', id: String(after.version) },
    detail: { before: before.policies, after: policies },
  })
  await outbox.emit(tx, { kind: 'policies.changed', data: { version: after.version } })
  return after
}

const RANK = { strict: 0, standard: 1, custom: 2 } as const
const order = (a: MailPolicy, b: MailPolicy): number => RANK[a.kind] - RANK[b.kind] || a.priority - b.priority

const lower = (list: readonly string[]): string[] => [...new Set(list.map((a) => a.trim().toLowerCase()))].sort()

/** A preset's settings are the preset's, whatever was sent. */
function tidy(policy: MailPolicy): MailPolicy {
  const scope = (s: MailPolicy['applies']) => ({
    recipients: lower(s.recipients),
    groups: lower(s.groups),
    domains: lower(s.domains),
  })
  const { kind, mode } = policy
  return {
    ...policy,
    ...(kind === 'custom' ? {} : { mode: kind, thresholds: null, unparsable: null, priority: 0 }),
    ...(kind === 'custom' ? { mode } : {}),
    mail: [...new Set(policy.mail)].sort(),
    applies: scope(policy.applies),
    except: scope(policy.except),
  }
}

function problems(policies: readonly MailPolicy[], own: Directory): string[] {
  const groups = new Set(own.document().groups.map((g) => g.address))
  const twice = (what: string, values: readonly string[]) =>
    values.filter((v, i) => values.indexOf(v) !== i).map((v) => `${what} ${v} is there twice`)
  return [
    ...twice(
      'the id',
      policies.map((p) => p.id),
    ),
    ...twice(
      'the preset',
      policies.filter((p) => p.kind !== 'custom').map((p) => p.kind),
    ),
    ...twice(
      'the priority',
      policies.filter((p) => p.kind === 'custom').map((p) => String(p.priority)),
    ),
    ...policies.filter((p) => p.id === 'secops' || p.id === 'everybody').map((p) => `the id ${p.id} is taken`),
    ...policies.flatMap(({ name, thresholds, applies, except }) => [
      ...(thresholds && thresholds.high < thresholds.suspicious
        ? [`${name}: thresholds.high must not be below thresholds.suspicious`]
        : []),
      ...[applies, except].flatMap((scope) => [
        ...scope.groups.filter((g) => !groups.has(g)).map((g) => `${name}: there is no group ${g}`),
        ...scope.domains.filter((d) => !own.domains.has(d)).map((d) => `${name}: ${d} is no domain of ours`),
        ...scope.recipients
          .filter((r) => !own.mailboxes.some((m) => m.address === r))
          .map((r) => `${name}: there is no mailbox ${r}`),
      ]),
    ]),
  ]
}

function refuse(wrong: readonly string[]): AppError {
  return new AppError(
    'policies',
    `The policies cannot be saved: ${[...new Set(wrong)].slice(0, 20).join('; ')}.`,
    'Correct these and save again; GET /policies shows the shape.',
    { status: 422 },
  )
}
