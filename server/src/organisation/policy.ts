import { sql } from 'kysely'
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type TenantId, told } from '../base/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import { changedMeanwhile } from './changed.ts'

const Mode = Type.Union([Type.Literal('standard'), Type.Literal('strict'), Type.Literal('observe')])
const Place = Type.Union([Type.Literal('deliver'), Type.Literal('junk'), Type.Literal('quarantine')])
const points = { minimum: 0.1, maximum: 1000 }

const settings = {
  /** `observe`: judge and record what would have been done, deliver everything. */
  mode: Mode,
  /** Names of servers whose Authentication-Results are believed; others' are not. */
  trustedAuthserv: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 100 }),
  /** Domains (`d=` of ARC-Seal) whose word counts about mail that they passed on: lists and forwarders that change it. */
  trustedArcSealers: Type.Array(
    Type.String({
      pattern: '^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$',
      maxLength: 253,
      description: 'a domain, like lists.example.org',
    }),
    { maxItems: 100 },
  ),
  /** Points from which a message is convicted, and with high confidence; null = the mode's own. */
  thresholds: Type.Union([
    Type.Object({ suspicious: Type.Number(points), high: Type.Number(points) }, { additionalProperties: false }),
    Type.Null(),
  ]),
  /** Where mail goes that could not be read. */
  unparsable: Place,
  /** What users do in watched mailboxes that counts as their report. */
  userReports: Type.Object(
    {
      /** Moving a message into Junk or out of it (emptying Junk into the trash says nothing). */
      junkMoves: Type.Boolean(),
      /** Setting $Junk, $NotJunk or $Phishing. Some mail programs set them by filters of their own. */
      keywords: Type.Boolean(),
    },
    { additionalProperties: false },
  ),
  /** Who has to agree to an action on mailboxes. */
  approvals: Type.Object(
    {
      /** Whether somebody may approve what they have proposed themselves. */
      ownProposals: Type.Boolean(),
      /** An action on more copies than this needs two people; null = never by its size. */
      secondAbove: Type.Union([Type.Integer({ minimum: 0, maximum: 100_000_000 }), Type.Null()]),
      /** A hard delete needs two people. */
      secondForHardDelete: Type.Boolean(),
    },
    { additionalProperties: false },
  ),
}

export const PolicySettings = Type.Object(settings, { additionalProperties: false })
export type PolicySettings = Static<typeof PolicySettings>

export const Policy = Type.Object(
  { ...settings, version: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
)
export type Policy = Static<typeof Policy>

/** What may be sent: what is left out keeps its value; `version` guards against overwriting somebody's change. */
export const PolicyChange = Type.Partial(Policy, { additionalProperties: false })

/**
 * The policy of a new organisation, version 0. It acts (`standard`), since an organisation that puts Recourse inline for the first time is
 * told to choose `observe` first; it trusts nobody's Authentication-Results, since a wrongly trusted name makes forgeries pass.
 */
export const DEFAULT_POLICY: Policy = {
  version: 0,
  mode: 'standard',
  trustedAuthserv: [],
  trustedArcSealers: [],
  thresholds: null,
  unparsable: 'quarantine',
  userReports: { junkMoves: true, keywords: true },
  approvals: { ownProposals: true, secondAbove: null, secondForHardDelete: false },
}

/** The policy for everybody, as it is in force; the default, version 0, before the first was saved. */
export async function getPolicy(tx: Tx): Promise<Policy> {
  const row = await tx
    .selectFrom('policy_version')
    .select(['version', 'policy'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  // Settings that came later are not in a version that was saved before.
  return row ? { ...DEFAULT_POLICY, ...row.policy, version: row.version } : DEFAULT_POLICY
}

/** An earlier version, for showing what a verdict was decided by. */
export async function policyVersion(tx: Tx, version: number): Promise<Policy | null> {
  if (version === 0) return DEFAULT_POLICY
  const row = await tx.selectFrom('policy_version').select('policy').where('version', '=', version).executeTakeFirst()
  return row ? { ...DEFAULT_POLICY, ...row.policy, version } : null
}

/** Saves a change as the next version. Throws AppError `policy` (what is wrong) or `version` (changed meanwhile). */
export async function setPolicy(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  change: unknown,
  actor: AuditActor,
): Promise<Policy> {
  if (!Value.Check(PolicyChange, change))
    throw refuse(
      [...Value.Errors(PolicyChange, change)].map(
        (e) => `${e.instancePath.slice(1).replaceAll('/', '.') || 'policy'}: ${told(PolicyChange, e)}`,
      ),
    )
  await sql`select pg_advisory_xact_lock(hashtextextended('recourse policy ' || current_setting('recourse.tenant_id'), 0))`.execute(
    tx,
  )
  const before = await getPolicy(tx)
  if (change.version !== undefined && change.version !== before.version)
    throw await changedMeanwhile(tx, 'policy_version', change.version, before.version)
  const after: Policy = { ...before, ...change, version: before.version + 1 }
  if (after.thresholds && after.thresholds.high < after.thresholds.suspicious)
    throw refuse(['thresholds.high: must not be below thresholds.suspicious'])
  const { version, ...policy } = after
  await tx
    .insertInto('policy_version')
    .values({
      tenant_id: sql<TenantId>`current_setting('recourse.tenant_id')::uuid`,
      version,
      policy: JSON.stringify(policy),
      by: actor.name,
    })
    .execute()
  await record(tx, {
    actor,
    action: 'policy.set',
    subject: { kind: 'policy', id: String(version) },
    detail: { before, after },
  })
  await outbox.emit(tx, { kind: 'policy.changed', data: { version } })
  return after
}

function refuse(wrong: readonly string[]): AppError {
  return new AppError(
    'policy',
    `The policy cannot be saved: ${[...new Set(wrong)].join('; ')}.`,
    'mode: standard, strict or observe; trustedAuthserv: list of server names; trustedArcSealers: list of domains; thresholds: { suspicious, high } or null; unparsable: deliver, junk or quarantine; userReports: { junkMoves, keywords }; approvals: { ownProposals, secondAbove, secondForHardDelete }.',
    { status: 422 },
  )
}
