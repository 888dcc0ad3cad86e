import { type Static, type TSchema, Type } from 'typebox'

/** One value or several: several mean *or*. In a query string the parameter is repeated. */
const many = <T extends TSchema>(item: T) =>
  Type.Optional(Type.Union([item, Type.Array(item, { minItems: 1, maxItems: 100 })]))

export const Threats = Type.Enum([
  'malware',
  'high-confidence-phish',
  'phish',
  'high-confidence-spam',
  'spam',
  'bulk',
  'spoof',
  'impersonation',
  'none',
])
export const Actions = Type.Enum(['delivered', 'junked', 'blocked', 'pending'])
export const Locations = Type.Enum([
  'inbox',
  'folder',
  'junk',
  'quarantine',
  'deleted-items',
  'soft-deleted',
  'hard-deleted',
  'dropped',
  'external',
  'failed',
  'unknown',
])

const word = Type.String({ minLength: 1, maxLength: 1000 })
const instant = Type.String({ minLength: 10, maxLength: 40, description: 'ISO 8601, e.g. 2026-05-01T00:00:00Z' })
const uuid = Type.String({ pattern: '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' })

/** The filter language that Explorer, Take action and investigations share. All fields must match; within one, any value. */
export const MessageFilter = Type.Object(
  {
    q: Type.Optional(
      Type.String({ maxLength: 200, description: 'text within subject, sender’s name or address, or recipient' }),
    ),
    /** Received at or after. */
    from: Type.Optional(instant),
    /** Received before. */
    to: Type.Optional(instant),
    threat: many(Threats),
    action: many(Actions),
    /** Latest delivery location. */
    location: many(Locations),
    sender: many(word),
    senderDomain: many(word),
    recipient: many(word),
    mailbox: many(uuid),
    url: many(Type.String({ minLength: 1, maxLength: 4096 })),
    urlDomain: many(word),
    fileHash: many(Type.String({ pattern: '^[0-9a-fA-F]{64}$' })),
    ip: many(Type.String({ minLength: 2, maxLength: 60 })),
    internetMessageId: many(word),
    /** A user or analyst reported it. */
    reported: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type MessageFilter = Static<typeof MessageFilter>
