import { Type } from 'typebox'
import type { Api } from '../access/index.ts'
import { AppError } from '../base/index.ts'
import { type ImportDeps, importMessage } from './import-message.ts'

const FLAGS = {
  seen: '\\Seen',
  answered: '\\Answered',
  flagged: '\\Flagged',
  deleted: '\\Deleted',
  draft: '\\Draft',
} as const
const Flag = Type.Enum(['seen', 'answered', 'flagged', 'deleted', 'draft'])

/** One value or several of the same name. */
const Repeated = <T extends Parameters<typeof Type.Array>[0]>(type: T) =>
  Type.Union([Type.Array(type, { maxItems: 1000 }), type])

export const ImportQuery = Type.Object(
  {
    recipient: Type.Optional(Repeated(Type.String({ minLength: 3, maxLength: 320 }))),
    mailFrom: Type.Optional(Type.String({ maxLength: 320 })),
    receivedAt: Type.Optional(Type.String({ format: 'date-time' })),
    flag: Type.Optional(Repeated(Flag)),
    folder: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 500,
        pattern: '^(?!/)(?!.*//)(?!.*/$)[^\\u0000-\\u001f\\u007f]*$',
        description: 'a path of folders, a/b: no part of it empty, and no control characters',
      }),
    ),
  },
  { additionalProperties: false },
)

export const ImportAnswer = Type.Object({ messageId: Type.String(), duplicate: Type.Boolean() })

const list = <T extends string>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

/** POST /import: one raw message (message/rfc822) into its mailboxes. */
export function register(api: Api, deps: ImportDeps): void {
  api.post(
    '/import',
    {
      config: { permission: 'import.write' },
      schema: {
        description: 'Takes one raw message in: judged, recorded, put into its mailboxes with its own date.',
        consumes: ['message/rfc822'],
        querystring: ImportQuery,
        response: { 200: ImportAnswer },
      },
    },
    async (request) => {
      if (!Buffer.isBuffer(request.body)) {
        const cure = 'Send the raw message with content type message/rfc822.'
        throw new AppError('import-type', 'The body is no raw message', cure, { status: 415 })
      }
      const { recipient, mailFrom, receivedAt, flag, folder } = request.query
      return importMessage(deps, request.actor.tenant, {
        raw: request.body,
        recipients: list(recipient),
        mailFrom: mailFrom ?? null,
        receivedAt: receivedAt === undefined ? null : new Date(receivedAt),
        flags: list(flag).map((f) => FLAGS[f]),
        folder: folder ?? null,
      })
    },
  )
}
