import Type from 'typebox'
import { type Api, InstantText, PageOf } from '../access/index.ts'
import { list, record, verify } from '../audit/index.ts'
import type { Storage } from '../storage/index.ts'

export const AuditRow = Type.Object({
  id: Type.String(),
  seq: Type.Integer(),
  at: InstantText,
  actor: Type.String(),
  actorId: Type.String(),
  action: Type.String(),
  /** Kind and id of what it is about. */
  target: Type.Union([Type.String(), Type.Null()]),
  detail: Type.Record(Type.String(), Type.Unknown()),
  hash: Type.String(),
})

export const AuditResult = Type.Object({
  ok: Type.Boolean(),
  entries: Type.Integer(),
  head: Type.Union([Type.Object({ seq: Type.Integer(), hash: Type.String() }), Type.Null()]),
  problems: Type.Array(Type.String()),
})

const Query = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
  cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description: 'what the page before gave as next' })),
  action: Type.Optional(Type.String()),
  actor: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
})
const Pinned = Type.Object({
  seq: Type.Optional(Type.Integer({ minimum: 1 })),
  hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', description: 'a SHA-256: 64 hexadecimal digits' })),
})

/** GET /audit, GET /audit/verify?seq=&hash= (a head that was noted down earlier). */
export function registerAudit(api: Api, storage: Storage): void {
  const config = { permission: 'audit.read' as const }
  api.get(
    '/audit',
    { config, schema: { querystring: Query, response: { 200: PageOf(AuditRow) } } },
    ({ actor, query }) =>
      storage.tenant(actor.tenant, async (tx) => {
        const { limit = 100, cursor, ...rest } = query
        const entries = await list(tx, { limit, ...rest, ...(cursor ? { before: Number(cursor) } : {}) })
        const last = entries.at(-1)
        const items = entries.map((e) => ({
          id: e.id,
          seq: e.seq,
          at: e.at.toISOString(),
          actor: e.actor,
          actorId: e.actorId,
          action: e.action,
          target: e.subject ? `${e.subject.kind} ${e.subject.id}` : null,
          detail: e.detail,
          hash: e.hash,
        }))
        return { items, next: last && entries.length === limit ? String(last.seq) : null }
      }),
  )
  api.get(
    '/audit/verify',
    { config, schema: { querystring: Pinned, response: { 200: AuditResult } } },
    async ({ actor, query }) => {
      const pinned =
        query.seq !== undefined && query.hash !== undefined ? { seq: query.seq, hash: query.hash } : undefined
      const result = await storage.tenant(actor.tenant, (tx) => verify(tx, pinned))
      await storage.tenant(actor.tenant, (tx) =>
        record(tx, { actor, action: 'audit.verify', detail: { ok: result.ok, entries: result.entries } }),
      )
      return { ...result, problems: [...result.problems] }
    },
  )
}
