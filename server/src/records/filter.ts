import { type Static, type TSchema, Type } from 'typebox'
import { THREATS } from '../judgement/index.ts'
import { LOCATIONS } from './locations.ts'

/** One value or several: several mean *or*. In a query string the parameter is repeated. */
const many = <T extends TSchema>(item: T) =>
  Type.Optional(Type.Union([item, Type.Array(item, { minItems: 1, maxItems: 100 })]))

export const Threats = Type.Enum(THREATS)
export const Actions = Type.Enum(['delivered', 'junked', 'blocked', 'pending'])
export const Locations = Type.Enum(LOCATIONS)

export const Directions = Type.Enum(['inbound', 'internal', 'outbound'])
export const Technologies = Type.Enum([
  'authentication',
  'impersonation-user',
  'impersonation-domain',
  'url-reputation',
  'url-analysis',
  'file-analysis',
  'content',
  'list-entry',
  'none',
])
/** Results of authentication, as messages are recorded with them. */
export const AuthResults = Type.Enum([
  'pass',
  'fail',
  'softfail',
  'neutral',
  'none',
  'temperror',
  'permerror',
  'policy',
  'unknown',
])
/** What was done with a copy after its delivery. Automation's proposal that a person approved is that person's. */
export const AdditionalActions = Type.Enum(['manual-remediation', 'automated-remediation', 'zap', 'quarantine-release'])
export type AdditionalAction = Static<typeof AdditionalActions>

/** Fields of which `not` makes *none of*. */
export const NEGATABLE = [
  'q',
  'threat',
  'technology',
  'direction',
  'action',
  'location',
  'originalLocation',
  'additional',
  'sender',
  'senderDomain',
  'recipient',
  'mailbox',
  'url',
  'urlDomain',
  'bodyFingerprint',
  'subjectFingerprint',
  'structureFingerprint',
  'urlFingerprint',
  'imageFingerprint',
  'fileHash',
  'ip',
  'messageId',
  'internetMessageId',
  'spf',
  'dkim',
  'dmarc',
] as const
export type Negatable = (typeof NEGATABLE)[number]

const word = Type.String({ minLength: 1, maxLength: 1000 })
const instant = Type.String({ minLength: 10, maxLength: 40, description: 'ISO 8601, e.g. 2026-05-01T00:00:00Z' })
const uuid = Type.String({
  pattern: '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$',
  description: 'a UUID: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20',
})
const hash = Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'a SHA-256: 64 hexadecimal digits' })

const bytes = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))
const some = Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 }))

/**
 * The filter language that Explorer, Take action and investigations share. All fields must match (`match: any`: one of them, within the
 * time); within one, any value; fields that `not` names, none of their values.
 */
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
    /** How the threat was found. */
    technology: many(Technologies),
    direction: many(Directions),
    action: many(Actions),
    /** Latest delivery location. */
    location: many(Locations),
    originalLocation: many(Locations),
    /** `none`: nothing was done after the delivery. */
    additional: many(Type.Enum([...AdditionalActions.enum, 'none'])),
    sender: many(word),
    senderDomain: many(word),
    recipient: many(word),
    mailbox: many(uuid),
    /** The recipient’s mailbox is a protected one of the organisation, or is not. */
    protected: Type.Optional(Type.Boolean()),
    /** Without a scheme: by http, https and ftp. A slash at the end does not matter. */
    url: many(Type.String({ minLength: 1, maxLength: 4096 })),
    urlDomain: many(word),
    /** As the message's detail gives it: mail with the same text, whatever its subject. */
    bodyFingerprint: many(word),
    /** The same of its subject, of how its HTML is built, of its links, of its picture. */
    subjectFingerprint: many(word),
    structureFingerprint: many(word),
    urlFingerprint: many(word),
    imageFingerprint: many(word),
    fileHash: many(hash),
    ip: many(Type.String({ minLength: 2, maxLength: 60 })),
    /** Network message ID: all its recipients' copies. */
    messageId: many(uuid),
    internetMessageId: many(word),
    /** These four are looked up in each message of the time: narrow it. `dkim`: of any signature; `none` where there is none. */
    spf: many(AuthResults),
    dkim: many(AuthResults),
    dmarc: many(AuthResults),
    /** The sender’s domain was proved by SPF or DKIM. */
    aligned: Type.Optional(Type.Boolean()),
    /** More than so many links in the message. */
    urlsOver: some,
    urlsUnder: some,
    attachmentsOver: some,
    attachmentsUnder: some,
    /** Of the whole message, in bytes. */
    sizeOver: bytes,
    sizeUnder: bytes,
    /** A user or analyst reported it. */
    reported: Type.Optional(Type.Boolean()),
    not: Type.Optional(
      Type.Union([Type.Enum([...NEGATABLE]), Type.Array(Type.Enum([...NEGATABLE]), { maxItems: 40 })]),
    ),
    match: Type.Optional(Type.Enum(['all', 'any'])),
  },
  { additionalProperties: false },
)
export type MessageFilter = Static<typeof MessageFilter>

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T]

/** The conditions that the filter's `not` turns into *none of*. */
export const negated = (filter: MessageFilter): ReadonlySet<string> => new Set(list<Negatable>(filter.not))

/** A filter for people to read: `sender = a@x.example or b@x.example, location ≠ junk`. */
export function filterText(filter: MessageFilter): string {
  const not = negated(filter)
  const sign = (name: string) => {
    const [, of, side] = /^(.*)(Over|Under)$/.exec(name) ?? []
    return of ? `${of} ${side === 'Over' ? '>' : '<'}` : `${name} ${not.has(name) ? '≠' : '='}`
  }
  const text = ([name, value]: [string, unknown]) => `${sign(name)} ${[value].flat().join(' or ')}`
  const given = Object.entries(filter).filter(
    ([name, value]) => value !== undefined && value !== '' && !CONTROL.has(name),
  )
  const [time, rest] = [given.filter(([name]) => TIME.has(name)), given.filter(([name]) => !TIME.has(name))]
  if (filter.match !== 'any' || rest.length < 2) return given.map(text).join(', ')
  return [...time.map(text), `any of (${rest.map(text).join('; ')})`].join(', ')
}
const CONTROL = new Set(['not', 'match'])
const TIME = new Set(['from', 'to'])
