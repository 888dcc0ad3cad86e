import { type Static, Type } from 'typebox'

/** Where the password comes from: given here, or (better) the first line of a file that only we may read. */
const Secret = {
  password: Type.Optional(Type.String({ secret: true, description: 'Password; prefer passwordFile.' })),
  passwordFile: Type.Optional(Type.String({ description: 'File whose first line is the password.' })),
}

export const ImapAuth = Type.Union([
  Type.Object(
    {
      type: Type.Literal('master'),
      user: Type.String({ description: 'Service account that may log in to every mailbox (Dovecot master user).' }),
      separator: Type.String({
        default: '*',
        description: 'Between login and service account: anna@example.org*recourse.',
      }),
      ...Secret,
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      type: Type.Literal('authzid'),
      user: Type.String({
        description: 'Service account that logs in as the mailbox (SASL authorization identity, Cyrus).',
      }),
      ...Secret,
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      type: Type.Literal('credentials'),
      file: Type.String({
        description:
          'JSON file: {"anna@example.org": {"user": "anna", "password": "…"}}; `user` defaults to the mailbox.',
      }),
    },
    { additionalProperties: false },
  ),
])

export const ImapOptions = Type.Object(
  {
    kind: Type.Literal('imap'),
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 1, maximum: 65535, default: 993 }),
    secure: Type.Boolean({
      default: true,
      description: 'TLS from the first byte; false: STARTTLS where the server has it.',
    }),
    tls: Type.Optional(
      Type.Object(
        {
          ca: Type.Optional(
            Type.String({ description: 'PEM file of the authority that signed the server’s certificate.' }),
          ),
          servername: Type.Optional(Type.String({ description: 'Name in the certificate, where it is not `host`.' })),
          verify: Type.Boolean({ default: true, description: 'false accepts any certificate: only for a trial.' }),
        },
        { additionalProperties: false },
      ),
    ),
    auth: ImapAuth,
    pool: Type.Optional(
      Type.Object(
        {
          connections: Type.Integer({ minimum: 1, maximum: 1000, default: 4, description: 'At once to this server.' }),
          perMailbox: Type.Integer({ minimum: 1, maximum: 20, default: 2, description: 'At once to one mailbox.' }),
          idleSeconds: Type.Integer({
            minimum: 0,
            maximum: 86_400,
            default: 20,
            description: 'An unused connection is kept so long.',
          }),
        },
        { additionalProperties: false },
      ),
    ),
    timeouts: Type.Optional(
      Type.Object(
        {
          connectSeconds: Type.Number({ exclusiveMinimum: 0, maximum: 3600, default: 10 }),
          commandSeconds: Type.Number({
            exclusiveMinimum: 0,
            maximum: 3600,
            default: 45,
            description: 'One command; must be shorter than the lease of a mailbox.',
          }),
          settleQuietSeconds: Type.Number({
            exclusiveMinimum: 0,
            maximum: 3600,
            default: 1,
            description: 'A folder that does not change for so long is taken to be at rest after a lost connection.',
          }),
        },
        { additionalProperties: false },
      ),
    ),
    hold: Type.Optional(
      Type.Object(
        {
          prefix: Type.String({
            default: 'Recourse-Hold/',
            description: 'Namespace that the mailbox’s owner cannot reach (docs/dovecot.md); separator at the end.',
          }),
          visibleName: Type.String({
            default: 'Recourse',
            description:
              'Folder in the user’s own tree where there is no such namespace; the user can see and empty it.',
          }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type ImapOptions = Static<typeof ImapOptions>

/** Longest that one command may take. */
export const commandSeconds = (options: Pick<ImapOptions, 'timeouts'>): number => options.timeouts?.commandSeconds ?? 45

/** The options with every default filled in. */
export interface ImapSettings {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly ca: string | null
  readonly servername: string | null
  readonly verify: boolean
  readonly auth: ImapOptions['auth']
  readonly connections: number
  readonly perMailbox: number
  readonly idleMs: number
  readonly connectMs: number
  readonly commandMs: number
  readonly quietMs: number
  readonly holdPrefix: string
  readonly visibleHold: string
}

export function settingsOf(options: ImapOptions): ImapSettings {
  return {
    host: options.host,
    port: options.port,
    secure: options.secure,
    ca: options.tls?.ca ?? null,
    servername: options.tls?.servername ?? null,
    verify: options.tls?.verify ?? true,
    auth: options.auth,
    connections: options.pool?.connections ?? 4,
    perMailbox: options.pool?.perMailbox ?? 2,
    idleMs: (options.pool?.idleSeconds ?? 20) * 1000,
    connectMs: (options.timeouts?.connectSeconds ?? 10) * 1000,
    commandMs: commandSeconds(options) * 1000,
    quietMs: (options.timeouts?.settleQuietSeconds ?? 1) * 1000,
    holdPrefix: options.hold?.prefix ?? 'Recourse-Hold/',
    visibleHold: options.hold?.visibleName ?? 'Recourse',
  }
}
