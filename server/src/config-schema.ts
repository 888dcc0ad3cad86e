import { hostname } from 'node:os'
import Type, { type TSchema } from 'typebox'
import { BrakeOptions, EngineOptions, FeedOptions } from './detection/index.ts'
import { ImapOptions } from './mailboxes/index.ts'

const orNull = <T extends TSchema>(type: T, options: { default: null; description: string; secret?: boolean }) =>
  Type.Union([type, Type.Null()], options)
const port = Type.Integer({ minimum: 0, maximum: 65535 })
const strict = { additionalProperties: false }

const Maildir = Type.Object(
  {
    kind: Type.Literal('maildir', {
      description: 'Where mailboxes are: imap (a mail server) or maildir (directories of ours).',
    }),
    root: orNull(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Directory of the mailboxes; null = <dataDir>/mail.',
    }),
  },
  strict,
)

const Listener = (protocol: string) =>
  Type.Object(
    {
      host: Type.String({ minLength: 1, default: '127.0.0.1', description: `Address on which ${protocol} is taken.` }),
      port: orNull(port, {
        default: null,
        description: `Port on which ${protocol} is taken; null = not at all, 0 = any free one.`,
      }),
    },
    strict,
  )

const NextHop = Type.Union(
  [
    Type.Object(
      {
        kind: Type.Literal('mailbox', {
          description: 'Where accepted mail goes: lmtp (the mail store) or mailbox (straight into our Maildir).',
        }),
      },
      strict,
    ),
    Type.Object(
      {
        kind: Type.Literal('lmtp'),
        host: Type.String({ minLength: 1, description: 'The mail store.' }),
        port: Type.Integer({ minimum: 1, maximum: 65535, default: 24 }),
        maxConnections: Type.Integer({
          minimum: 1,
          maximum: 1000,
          default: 16,
          description: 'To the mail store, at the same time.',
        }),
        timeoutMs: Type.Integer({
          minimum: 1000,
          maximum: 3_600_000,
          default: 60_000,
          description: 'Silence before a connection is given up.',
        }),
      },
      strict,
    ),
  ],
  { default: { kind: 'mailbox' } },
)

const Gateway = Type.Object(
  {
    hostname: Type.String({
      minLength: 1,
      default: hostname(),
      description: 'Our name in greetings and Received lines.',
    }),
    lmtp: Listener('LMTP'),
    smtp: Listener('SMTP'),
    nextHop: NextHop,
    maxSizeMb: Type.Integer({ minimum: 1, maximum: 1024, default: 64, description: 'Largest message.' }),
    maxRecipients: Type.Integer({ minimum: 1, default: 1000, description: 'Of one message by LMTP.' }),
    maxConnections: Type.Integer({ minimum: 1, default: 200, description: 'At once; further ones are told 421.' }),
    maxConnectionsPerClient: Type.Integer({ minimum: 1, default: 100, description: 'Of them, from one address.' }),
    maxMessagesPerMinute: Type.Integer({ minimum: 0, default: 0, description: 'From one client; 0 = no limit.' }),
    doubtMinutes: Type.Integer({
      minimum: 1,
      maximum: 10_080,
      default: 120,
      description:
        'Convicted mail that may have arrived in a mailbox that cannot be asked: so long after the last hand-over the MTA is told to try again, then the mail is held in quarantine. Keep it below the time after which the MTA tells senders of a delay.',
    }),
    xclient: Type.Array(Type.String(), {
      default: [],
      description: 'Addresses or networks whose XCLIENT is believed.',
    }),
    xforward: Type.Array(Type.String(), {
      default: [],
      description: 'Addresses or networks whose XFORWARD is believed.',
    }),
  },
  strict,
)

const Roles = Type.Array(Type.Union([Type.Literal('api'), Type.Literal('worker'), Type.Literal('gateway')]), {
  default: ['api', 'worker', 'gateway'],
  minItems: 1,
  description: 'What this process does: answer the API and console, work on actions, take mail.',
})

export const ConfigSchema = Type.Object({
  dataDir: Type.String({
    minLength: 1,
    default: 'data',
    description: 'Where everything lies that has no place of its own.',
  }),
  roles: Roles,
  organisationName: Type.String({
    minLength: 1,
    default: 'My organisation',
    description: 'Name of the organisation that the first start makes.',
  }),
  log: Type.Object(
    {
      level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        default: 'info',
        description: 'What is worth a line.',
      }),
    },
    strict,
  ),
  http: Type.Object(
    {
      host: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address of API and console.' }),
      port: Type.Integer({
        minimum: 0,
        maximum: 65535,
        default: 8780,
        description: 'Port of API and console; 0 = any free one.',
      }),
      publicUrl: orNull(Type.String({ pattern: '^https?://[^/]+/?$' }), {
        default: null,
        description:
          'Address that people type, behind a proxy: https://recourse.company.example. Makes cookies secure; null = the address that is asked.',
      }),
      trustedProxies: Type.Array(Type.String(), {
        default: [],
        description: 'Addresses or networks of proxies whose X-Forwarded headers are believed.',
      }),
      maxBodyMb: Type.Integer({
        minimum: 1,
        maximum: 1024,
        default: 100,
        description: 'Largest request, imported mail among them.',
      }),
      consoleDir: orNull(Type.String({ minLength: 1 }), {
        default: null,
        description: 'The built console; null = the one of this checkout.',
      }),
    },
    strict,
  ),
  database: Type.Object(
    {
      url: orNull(Type.String({ pattern: '^postgres(ql)?://' }), {
        default: null,
        secret: true,
        description: 'PostgreSQL 15 to 18; null = our own, started and stopped with us. DATABASE_URL means the same.',
      }),
      maxConnections: Type.Integer({ minimum: 4, maximum: 500, default: 20, description: 'Of this process.' }),
    },
    strict,
  ),
  blobs: Type.Object(
    {
      dir: orNull(Type.String({ minLength: 1 }), {
        default: null,
        description: 'Encrypted raw mail; null = <dataDir>/blobs. Must be shared by all processes.',
      }),
    },
    strict,
  ),
  keyFile: orNull(Type.String({ minLength: 1 }), {
    default: null,
    description: 'File of the master key; null = <dataDir>/master.key. Losing it loses the mail.',
  }),
  mailboxes: Type.Union([Maildir, ImapOptions], { default: { kind: 'maildir' } }),
  gateway: Gateway,
  engines: EngineOptions,
  feeds: FeedOptions,
  brake: BrakeOptions,
  remediation: Type.Object(
    {
      maxByHand: Type.Integer({
        minimum: 1,
        default: 10_000,
        description: 'Copies of an action that are chosen by hand.',
      }),
      maxByQuery: Type.Integer({
        minimum: 1,
        default: 1_000_000,
        description: 'Copies of an action chosen by a query.',
      }),
      maxActive: Type.Integer({ minimum: 1, default: 50, description: 'Actions of an organisation that wait or run.' }),
      maxActiveCopies: Type.Integer({
        minimum: 1,
        default: 1_000_000,
        description: 'While an action on more copies runs, people begin no other.',
      }),
      maxSubmit: Type.Integer({ minimum: 1, default: 100, description: 'Messages submitted for review in one go.' }),
      pendingDays: Type.Integer({
        minimum: 1,
        maximum: 365,
        default: 7,
        description: 'Days that a proposed action waits for approval before it expires.',
      }),
      warnHours: Type.Integer({
        minimum: 1,
        maximum: 8760,
        default: 24,
        description: 'Hours before that at which it is announced.',
      }),
      connections: Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 8,
        description:
          'Mailboxes of one mail server that a process works in at the same time: some more than its pool has connections, as each of them needs only the database for a part of the time.',
      }),
      perServerPerMinute: orNull(Type.Integer({ minimum: 1 }), {
        default: null,
        description: 'Messages that a process moves in a minute on one mail server; null = no limit.',
      }),
      perMailboxPerMinute: orNull(Type.Integer({ minimum: 1 }), {
        default: null,
        description: 'The same, in one mailbox.',
      }),
      leaseSeconds: Type.Integer({
        minimum: 10,
        maximum: 3600,
        default: 60,
        description:
          'A process that stands still has its mailboxes for so long yet, and for one command at the mail server, before another one works in them. Those of a dead process are free after seconds.',
      }),
    },
    strict,
  ),
  watch: Type.Object(
    {
      enabled: Type.Boolean({
        default: false,
        description: 'Watch the mailboxes: judge what is found there, follow what users move and mark.',
      }),
      pollSeconds: Type.Integer({
        minimum: 1,
        maximum: 3600,
        default: 30,
        description: 'Between two looks at a mailbox.',
      }),
      concurrency: Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 4,
        description: 'Mailboxes looked at side by side.',
      }),
      listeners: Type.Integer({
        minimum: 0,
        maximum: 100_000,
        default: 0,
        description: 'Mailboxes with a connection of their own that tells of news at once (NOTIFY, IDLE).',
      }),
      backlogPerMinute: Type.Integer({
        minimum: 1,
        default: 6000,
        description: 'Messages from before watching began that are judged in a minute.',
      }),
    },
    strict,
  ),
  parser: Type.Object(
    {
      workers: Type.Integer({ minimum: 1, maximum: 64, default: 2, description: 'Processes that read mail.' }),
      deadlineMs: Type.Integer({
        minimum: 100,
        maximum: 3_600_000,
        default: 10_000,
        description: 'Longest time for one message.',
      }),
      maxRssMb: Type.Integer({
        minimum: 128,
        maximum: 1_048_576,
        default: 768,
        description: 'Memory of one such process.',
      }),
      maxMb: Type.Integer({
        minimum: 1,
        maximum: 1024,
        default: 100,
        description: 'Larger messages are read by their headers only.',
      }),
      askDns: Type.Boolean({
        default: false,
        description:
          'Check SPF, DKIM and DMARC ourselves, by DNS, where no trusted server has written Authentication-Results.',
      }),
    },
    strict,
  ),
})
