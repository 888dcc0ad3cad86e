import { sql } from 'kysely'
import Type, { type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { type AuditActor, record } from '../audit/index.ts'
import { AppError, type TenantId } from '../base/index.ts'
import type { Outbox, Tx } from '../storage/index.ts'
import { changedMeanwhile } from './changed.ts'

const THREATS = [
  'malware',
  'high-confidence-phish',
  'phish',
  'high-confidence-spam',
  'spam',
  'bulk',
  'spoof',
  'impersonation',
  'none',
] as const

const days = (least: number, most: number, description: string) =>
  Type.Integer({ minimum: least, maximum: most, description })
const strict = { additionalProperties: false }
const held = days(1, 90, 'days in quarantine')

const settings = {
  clean: days(0, 3650, 'bytes of mail that was delivered without a threat; 0: not kept after delivery'),
  quarantine: Type.Object(
    Object.fromEntries(THREATS.map((t) => [t, held])) as Record<(typeof THREATS)[number], typeof held>,
    { ...strict, description: 'by reason; none: held by hand or unreadable' },
  ),
  softDeleted: days(1, 30, 'soft-deleted mail: can be brought back by its user and by analysts'),
  hardDeleted: days(1, 3650, 'hard-deleted mail: can be brought back by analysts'),
  moved: days(1, 3650, 'bytes of copies that were moved between folders, as insurance for an undo'),
}

export const RetentionSettings = Type.Object(settings, strict)
export type RetentionSettings = Static<typeof RetentionSettings>
/** How long what is kept, in days. */
export const Retention = Type.Object({ version: Type.Integer({ minimum: 0 }), ...settings }, strict)
export type Retention = Static<typeof Retention>

/** What may be sent: what is left out keeps its value; `version` guards against overwriting somebody's change. */
const Change = Type.Object(
  {
    ...(Object.fromEntries(Object.entries(settings).map(([k, v]) => [k, Type.Optional(v)])) as Record<string, TSchema>),
    quarantine: Type.Optional(Type.Partial(settings.quarantine, strict)),
    version: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  strict,
)

/** The field's numbers: 30 days in quarantine, 14 for soft-deleted mail. */
export const DEFAULT_RETENTION: Retention = {
  version: 0,
  clean: 30,
  quarantine: {
    malware: 30,
    'high-confidence-phish': 30,
    phish: 30,
    'high-confidence-spam': 30,
    spam: 30,
    bulk: 30,
    spoof: 30,
    impersonation: 30,
    none: 30,
  },
  softDeleted: 14,
  hardDeleted: 30,
  moved: 30,
}

/** What is in force; the default, version 0, before the first was saved. */
export async function getRetention(tx: Tx): Promise<Retention> {
  const row = await tx
    .selectFrom('retention_version')
    .select(['version', 'retention'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ? { ...row.retention, version: row.version } : DEFAULT_RETENTION
}

/** Saves a change as the next version. Throws AppError `retention` (what is wrong) or `version` (changed meanwhile). */
export async function setRetention(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  change: unknown,
  actor: AuditActor,
): Promise<Retention> {
  const wanted = checked(change)
  await sql`select pg_advisory_xact_lock(hashtextextended('recourse retention ' || current_setting('recourse.tenant_id'), 0))`.execute(
    tx,
  )
  const before = await getRetention(tx)
  if (wanted.version !== undefined && wanted.version !== before.version)
    throw await changedMeanwhile(tx, 'retention_version', wanted.version, before.version)
  const after: Retention = { ...merged(before, wanted), version: before.version + 1 }
  const { version, ...retention } = after
  await tx
    .insertInto('retention_version')
    .values({
      tenant_id: sql<TenantId>`current_setting('recourse.tenant_id')::uuid`,
      version,
      retention: JSON.stringify(retention),
      by: actor.name,
    })
    .execute()
  await record(tx, {
    actor,
    action: 'retention.set',
    subject: { kind: 'retention', id: String(version) },
    detail: { before, after },
  })
  await outbox.emit(tx, { kind: 'retention.changed', data: { version } })
  return after
}

const merged = (before: Retention, wanted: Wanted): Retention => ({
  ...before,
  ...wanted,
  quarantine: { ...before.quarantine, ...wanted.quarantine },
})

/** What is in force, and what would be after a change that is not saved. Throws AppError `retention`. */
export async function retentionWith(
  tx: Tx,
  change: unknown,
): Promise<{ readonly before: Retention; readonly after: Retention }> {
  const wanted = checked(change)
  const before = await getRetention(tx)
  return { before, after: merged(before, wanted) }
}

type Wanted = Partial<Omit<Retention, 'quarantine'>> & { readonly quarantine?: Partial<Retention['quarantine']> }

function checked(change: unknown): Wanted {
  if (isChange(change)) return change
  const wrong = [...Value.Errors(Change, change)].map(
    (e) => `${e.instancePath.slice(1).replaceAll('/', '.') || 'retention'}: ${e.message}`,
  )
  throw new AppError(
    'retention',
    `The retention cannot be saved: ${[...new Set(wrong)].join('; ')}.`,
    'Whole days: clean 0 to 3650, quarantine by reason 1 to 90, softDeleted 1 to 30, hardDeleted and moved 1 to 3650.',
    { status: 422 },
  )
}

const isChange = (change: unknown): change is Wanted => Value.Check(Change, change)
