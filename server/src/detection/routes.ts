import { Type } from 'typebox'
import type { Api } from '../access/index.ts'
import { AppError } from '../base/index.ts'
import type { Storage } from '../storage/index.ts'
import { registerBrake } from './brake/routes.ts'
import { countPending, type Engines, forget, taughtLessons } from './engines/index.ts'
import { CONFIDENCES, FEED_KINDS, type Feeds } from './feeds/index.ts'

export interface DetectionRoutesDeps {
  readonly storage: Pick<Storage, 'tenant' | 'outbox'>
  readonly engines: Pick<Engines, 'statuses' | 'modelOf'>
  readonly feeds: Pick<Feeds, 'statuses'>
}

const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()])
const count = Type.Integer()
const Class = Type.Enum(['ham', 'spam', 'phish'])

export const EngineRow = Type.Object({
  id: Type.Enum(['rspamd', 'clamav']),
  address: Type.String(),
  state: Type.Enum(['up', 'down', 'unknown']),
  since: Type.String(),
  lastError: OrNull(Type.Object({ at: Type.String(), message: Type.String() })),
  latencyMs: OrNull(Type.Number({ description: 'of late; null before its first answer' })),
  answered: count,
  failed: count,
  tooLarge: count,
})

export const FeedRow = Type.Object({
  name: Type.String(),
  kind: Type.Enum([...FEED_KINDS]),
  path: Type.String(),
  confidence: Type.Enum([...CONFIDENCES]),
  state: Type.Enum(['ok', 'old', 'failed', 'loading'], {
    description: 'failed: what is there now cannot be used, the last good one still is; old: older than maxAgeHours',
  }),
  entries: count,
  refused: Type.Integer({ description: 'lines that hold no entry of this kind' }),
  fileTime: OrNull(Type.String()),
  loadedAt: OrNull(Type.String()),
  lastError: OrNull(Type.Object({ at: Type.String(), message: Type.String() })),
  hits: Type.Integer({ description: 'found by this process since its start' }),
  memory: Type.Integer({ description: 'bytes' }),
})

export const EnginesView = Type.Object({
  items: Type.Array(EngineRow, { description: 'as this process sees them' }),
  feeds: Type.Array(FeedRow, { description: 'as this process sees them' }),
  classifier: Type.Object({
    version: Type.String(),
    taught: Type.Object({ ham: count, spam: count, phish: count }),
  }),
  pending: Type.Integer({
    description: 'messages that were judged without an engine and are judged again when it is back',
  }),
})

export const LessonRow = Type.Object({
  messageHash: Type.String(),
  class: Class,
  messageId: OrNull(Type.String()),
  cause: Type.Object({ kind: Type.Enum(['submission', 'person']), id: Type.String() }),
  by: Type.String(),
  at: Type.String(),
})

/** Health of the engines; what the organisation's classifier was taught, and taking it back. */
export function register(app: Api, { storage, engines, feeds }: DetectionRoutesDeps): void {
  registerBrake(app, { storage })
  app.get(
    '/engines',
    { config: { permission: 'settings.read' }, schema: { response: { 200: EnginesView } } },
    async ({ actor }) => {
      const { version, weights } = await engines.modelOf(actor.tenant)
      return {
        items: engines.statuses(),
        feeds: feeds.statuses(),
        classifier: { version, taught: { ...weights.taught } },
        pending: await storage.tenant(actor.tenant, countPending),
      }
    },
  )
  app.get(
    '/engines/classifier/lessons',
    {
      config: { permission: 'mail.read' },
      schema: {
        querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }),
        response: { 200: Type.Object({ items: Type.Array(LessonRow) }) },
      },
    },
    async ({ actor, query }) => {
      const lessons = await storage.tenant(actor.tenant, (tx) => taughtLessons(tx, query.limit))
      return { items: lessons.map((l) => ({ ...l, at: l.at.toISOString() })) }
    },
  )
  app.delete(
    '/engines/classifier/lessons/:hash',
    {
      config: { permission: 'lists.write' },
      schema: {
        params: Type.Object({
          hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'a SHA-256: 64 hexadecimal digits' }),
        }),
        response: { 200: Type.Object({ forgotten: count }) },
      },
    },
    async ({ actor, params }) => {
      const forgotten = await storage.tenant(actor.tenant, (tx) =>
        forget(tx, storage.outbox, { messageHash: params.hash }, actor),
      )
      if (forgotten > 0) return { forgotten }
      throw new AppError('no-lesson', 'The classifier was not taught this message.', 'Look at the list of lessons.', {
        status: 404,
      })
    },
  )
}
