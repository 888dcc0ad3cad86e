import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Actor, Api } from '../access/index.ts'
import { record } from '../audit/index.ts'
import { AppError, type MessageId, Uuid } from '../base/index.ts'
import { type Parser, PREVIEW_CSP } from '../mail/index.ts'
import { getMessage } from '../records/index.ts'
import type { Storage } from '../storage/index.ts'

export interface ContentDeps {
  readonly storage: Storage
  readonly parser: Pick<Parser, 'renderSafe'>
}

const Id = Type.Object({ id: Uuid<MessageId>() })

/** What mail says is read only through here, and every reading is in the audit log before the first byte is out (permissions #27). */
async function read(
  storage: Storage,
  actor: Actor,
  id: MessageId,
  how: 'message.raw' | 'message.preview',
): Promise<Buffer> {
  const message = await storage.tenant(actor.tenant, async (tx) => {
    const found = await getMessage(tx, id)
    if (!found)
      throw new AppError('not-found', `There is no message ${id}.`, 'Check the id, or look it up under Messages.', {
        status: 404,
      })
    if (found.blob_key === '')
      throw new AppError(
        'bytes-expired',
        'What this message said is not kept any more: its retention has ended.',
        'Its headers, verdict and timeline are still there.',
        { status: 410 },
      )
    await record(tx, {
      actor,
      action: how,
      subject: { kind: 'message', id },
      detail: { subject: found.subject, sender: found.sender_address },
    })
    return found
  })
  return await storage.blobs.get(actor.tenant, message.blob_key)
}

export function registerRaw(api: Api, { storage }: ContentDeps): void {
  api.get(
    '/messages/:id/raw',
    { config: { permission: 'mail.content' }, schema: { params: Id } },
    async (request, reply) => {
      const id = request.params.id
      const bytes = await read(storage, request.actor, id, 'message.raw')
      return reply.type('message/rfc822').header('content-disposition', `attachment; filename="${id}.eml"`).send(bytes)
    },
  )
}

/** An inert document, to be shown in a sandboxed frame; not below /api because the console's policy lets only this path be framed. */
export function registerPreview(app: FastifyInstance, { storage, parser }: ContentDeps): void {
  app.get<{ Params: { id: MessageId } }>(
    '/preview/:id',
    { config: { permission: 'mail.content' }, schema: { params: Id } },
    async (request, reply) => {
      const bytes = await read(storage, request.actor, request.params.id, 'message.preview')
      const { html } = await parser.renderSafe(bytes)
      return reply.type('text/html; charset=utf-8').header('content-security-policy', PREVIEW_CSP).send(html)
    },
  )
}
