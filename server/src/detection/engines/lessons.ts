import { sql } from 'kysely'
import { type AuditActor, record } from '../../audit/index.ts'
import type { MessageId, TenantId } from '../../base/index.ts'
import type { Outbox, Tx } from '../../storage/index.ts'
import { type Class, type Learnt, type Lesson, MOST_KIN, MOST_LESSONS, packPlaces, START } from './classifier/index.ts'

/** Why a lesson was taught: whoever takes the cause back forgets the lesson. */
export interface LessonCause {
  readonly kind: 'submission' | 'person'
  readonly id: string
}

export interface TaughtLesson {
  readonly messageHash: string
  readonly class: Class
  readonly messageId: MessageId | null
  readonly cause: LessonCause
  readonly by: string
  readonly at: Date
}

interface Teaching {
  readonly lesson: Lesson
  readonly messageId: MessageId | null
  readonly cause: LessonCause
}

/**
 * Teaches an organisation's classifier one message. The same message again as something else replaces the earlier lesson; the rules are
 * those of `Classifier.learn`. The weights follow within seconds (job `classifier.refit`).
 */
export async function teach(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  { lesson, messageId, cause }: Teaching,
  actor: AuditActor,
): Promise<Learnt> {
  await lock(tx)
  const before = await tx
    .selectFrom('classifier_lesson')
    .select('class')
    .where('message_hash', '=', lesson.hash)
    .executeTakeFirst()
  if (before?.class === lesson.as) return 'known'
  const refused = await noRoom(tx, lesson, before === undefined)
  if (refused !== null) return refused
  await tx
    .insertInto('classifier_lesson')
    .values({
      tenant_id: sql<TenantId>`recourse_tenant()`,
      message_hash: lesson.hash,
      class: lesson.as,
      kin: lesson.kin,
      places: packPlaces(lesson.places),
      message_id: messageId,
      cause_kind: cause.kind,
      cause_id: cause.id,
      by: actor.name,
    })
    .onConflict((c) =>
      c.columns(['tenant_id', 'message_hash']).doUpdateSet((e) => ({
        class: e.ref('excluded.class'),
        kin: e.ref('excluded.kin'),
        places: e.ref('excluded.places'),
        message_id: e.ref('excluded.message_id'),
        cause_kind: e.ref('excluded.cause_kind'),
        cause_id: e.ref('excluded.cause_id'),
        by: e.ref('excluded.by'),
        at: sql<Date>`now()`,
      })),
    )
    .execute()
  await changed(tx, outbox, lesson.hash, lesson.as, actor, { cause, instead: before?.class ?? null })
  return before === undefined ? 'learnt' : 'changed'
}

async function noRoom(tx: Tx, lesson: Lesson, isNew: boolean): Promise<'enough' | 'full' | null> {
  const found = await sql<{ kin: number; total: number }>`
    select (select count(*) from classifier_lesson where tenant_id = recourse_tenant())::int as total,
      (select count(*) from classifier_lesson where tenant_id = recourse_tenant() and kin = ${lesson.kin}
        and class = ${lesson.as})::int as kin`.execute(tx)
  const { kin = 0, total = 0 } = found.rows[0] ?? {}
  if (kin >= MOST_KIN) return 'enough'
  return isNew && total >= MOST_LESSONS ? 'full' : null
}

/** Takes lessons back, as if they had never been taught. Returns how many there were. */
export async function forget(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  which: { readonly messageHash: string } | { readonly cause: LessonCause },
  actor: AuditActor,
): Promise<number> {
  await lock(tx)
  const gone = await tx
    .deleteFrom('classifier_lesson')
    .$if('messageHash' in which, (q) => q.where('message_hash', '=', 'messageHash' in which ? which.messageHash : ''))
    .$if('cause' in which, (q) => {
      const { kind, id } = 'cause' in which ? which.cause : { kind: '', id: '' }
      return q.where('cause_kind', '=', kind).where('cause_id', '=', id)
    })
    .returning(['message_hash', 'class'])
    .execute()
  for (const { message_hash, class: was } of gone) await changed(tx, outbox, message_hash, null, actor, { was })
  return gone.length
}

/** Newest first. */
export async function taughtLessons(tx: Tx, limit = 200): Promise<TaughtLesson[]> {
  const rows = await tx
    .selectFrom('classifier_lesson')
    .select(['message_hash', 'class', 'message_id', 'cause_kind', 'cause_id', 'by', 'at'])
    .orderBy('at', 'desc')
    .orderBy('message_hash')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    messageHash: row.message_hash,
    class: row.class,
    messageId: row.message_id,
    cause: { kind: row.cause_kind === 'submission' ? 'submission' : 'person', id: row.cause_id },
    by: row.by,
    at: row.at,
  }))
}

/** Lessons are counted: two that are taught at the same time must see each other. */
const lock = (tx: Tx) =>
  sql`select pg_advisory_xact_lock(hashtextextended('recourse lessons ' || recourse_tenant()::text, 0))`.execute(tx)

async function changed(
  tx: Tx,
  outbox: Pick<Outbox, 'emit'>,
  messageHash: string,
  to: Class | null,
  actor: AuditActor,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await sql`insert into classifier_model (tenant_id, wanted, version) values (recourse_tenant(), 1, ${START})
    on conflict (tenant_id) do update set wanted = classifier_model.wanted + 1`.execute(tx)
  await record(tx, {
    actor,
    action: to === null ? 'classifier.forget' : 'classifier.teach',
    subject: { kind: 'message', id: messageHash },
    detail: { class: to, ...detail },
  })
  await outbox.emit(tx, { kind: 'classifier.taught', data: { messageHash, class: to } })
}
