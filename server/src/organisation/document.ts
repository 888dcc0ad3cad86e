import Type, { type Static } from 'typebox'

const Kind = Type.Union([Type.Literal('user'), Type.Literal('shared'), Type.Literal('secops')])
export type MailboxKind = Static<typeof Kind>

const strict = { additionalProperties: false }

export const MailboxEntry = Type.Object(
  {
    address: Type.String({ maxLength: 320 }),
    /** As the mail store calls it; by default the address. */
    login: Type.Optional(Type.String({ minLength: 1, maxLength: 320 })),
    displayName: Type.Optional(Type.String({ maxLength: 200 })),
    kind: Type.Optional(Kind),
    /** Impersonating this person is watched for more strictly. */
    protected: Type.Optional(Type.Boolean()),
  },
  strict,
)

export const AliasEntry = Type.Object(
  { address: Type.String({ maxLength: 320 }), target: Type.String({ maxLength: 320 }) },
  strict,
)

export const GroupEntry = Type.Object(
  {
    address: Type.String({ maxLength: 320 }),
    displayName: Type.Optional(Type.String({ maxLength: 200 })),
    members: Type.Array(Type.String({ maxLength: 320 }), { maxItems: 100_000 }),
  },
  strict,
)

/** An organisation as file and API take it; the same document, whole. */
export const OrganisationInput = Type.Object(
  {
    /** Refused when the organisation was changed since this version was read. */
    version: Type.Optional(Type.Integer({ minimum: 0 })),
    domains: Type.Array(Type.String({ maxLength: 253 }), { maxItems: 10_000 }),
    mailboxes: Type.Array(MailboxEntry, { maxItems: 1_000_000 }),
    aliases: Type.Optional(Type.Array(AliasEntry, { maxItems: 1_000_000 })),
    groups: Type.Optional(Type.Array(GroupEntry, { maxItems: 100_000 })),
  },
  strict,
)
export type OrganisationInput = Static<typeof OrganisationInput>

/** An organisation with every default filled in, addresses in lower case, sorted as given. */
export const OrganisationDocument = Type.Object({
  version: Type.Integer(),
  domains: Type.Array(Type.String()),
  mailboxes: Type.Array(
    Type.Object({
      address: Type.String(),
      login: Type.String(),
      displayName: Type.String(),
      kind: Kind,
      protected: Type.Boolean(),
    }),
  ),
  aliases: Type.Array(Type.Object({ address: Type.String(), target: Type.String() })),
  groups: Type.Array(
    Type.Object({ address: Type.String(), displayName: Type.String(), members: Type.Array(Type.String()) }),
  ),
})
export type OrganisationDocument = Static<typeof OrganisationDocument>
