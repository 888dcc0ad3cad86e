import { hostname } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import Type, { type Static, type TSchema } from 'typebox'
import { AppError, type Environment, type Loaded, loadConfig, messageOf } from './base/index.ts'
import { EngineOptions, FeedOptions } from './detection/index.ts'
import { commandSeconds, ImapOptions } from './mailboxes/index.ts'
import { createNetworks } from './transport/index.ts'

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
      warnHours: Type.Integer({ minimum: 1, default: 24, description: 'Hours before that at which it is announced.' }),
      connections: Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 6,
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
      deadlineMs: Type.Integer({ minimum: 100, default: 10_000, description: 'Longest time for one message.' }),
      maxRssMb: Type.Integer({ minimum: 128, default: 768, description: 'Memory of one such process.' }),
      maxMb: Type.Integer({ minimum: 1, default: 100, description: 'Larger messages are read by their headers only.' }),
      askDns: Type.Boolean({
        default: false,
        description:
          'Check SPF, DKIM and DMARC ourselves, by DNS, where no trusted server has written Authentication-Results.',
      }),
    },
    strict,
  ),
})

type Raw = Static<typeof ConfigSchema>

/** The configuration with every path filled in and absolute. */
export interface Config extends Omit<Raw, 'keyFile' | 'blobs' | 'mailboxes' | 'http'> {
  readonly keyFile: string
  readonly blobs: { readonly dir: string }
  readonly mailboxes: { readonly kind: 'maildir'; readonly root: string } | Extract<Raw['mailboxes'], { kind: 'imap' }>
  readonly http: Omit<Raw['http'], 'consoleDir'> & { readonly consoleDir: string }
}

/** Variables of ours that are no settings of the server. */
const OTHER_ENV = [
  'RECOURSE_CONFIG',
  'RECOURSE_URL',
  'RECOURSE_TOKEN',
  'RECOURSE_CRASH_*',
  'RECOURSE_DEMO_*',
  'RECOURSE_TEST_*',
  'RECOURSE_BENCH_*',
]

/** From the environment and one JSON file: RECOURSE_CONFIG, else `<dataDir>/recourse.json` where there is one. */
export function readConfig(
  env: Environment,
  cwd = process.cwd(),
): Loaded<typeof ConfigSchema> & { readonly full: Config } {
  const named = env['RECOURSE_CONFIG']
  const path = named ?? join(env['RECOURSE_DATA_DIR'] ?? 'data', 'recourse.json')
  const loaded = loadConfig(ConfigSchema, {
    env,
    file: { path: resolve(cwd, path), required: named !== undefined },
    otherEnv: OTHER_ENV,
    aliases: { DATABASE_URL: 'database.url' },
  })
  return { ...loaded, full: complete(loaded.config, cwd) }
}

/** Paths made absolute and checks that concern more than one setting. */
export function complete(raw: Raw, cwd = process.cwd()): Config {
  const dataDir = resolve(cwd, raw.dataDir)
  const within = (path: string | null, otherwise: string) =>
    path === null ? join(dataDir, otherwise) : isAbsolute(path) ? path : resolve(cwd, path)
  if (raw.mailboxes.kind === 'imap' && raw.gateway.nextHop.kind === 'mailbox' && takesMail(raw))
    throw new AppError(
      'config',
      'gateway.nextHop.kind = "mailbox" (RECOURSE_GATEWAY_NEXT_HOP_KIND): with mailboxes on an IMAP server, mail must be handed to that server.',
      'Set RECOURSE_GATEWAY_NEXT_HOP_KIND=lmtp, RECOURSE_GATEWAY_NEXT_HOP_HOST and RECOURSE_GATEWAY_NEXT_HOP_PORT to its LMTP service.',
    )
  const twice = raw.feeds.files.map((f) => f.name).find((name, i, all) => all.indexOf(name) !== i)
  if (twice !== undefined)
    throw new AppError('config', `feeds.files: two are named ${twice}.`, 'Give each a name of its own.')
  checkNetworks(raw)
  const command = raw.mailboxes.kind === 'imap' ? commandSeconds(raw.mailboxes) : 0
  if (command >= raw.remediation.leaseSeconds)
    throw new AppError(
      'config',
      `remediation.leaseSeconds (RECOURSE_REMEDIATION_LEASE_SECONDS) is ${raw.remediation.leaseSeconds}, and one command at the mail server may take ${command} (mailboxes.timeouts.commandSeconds).`,
      'Make the lease longer than a command, or let commands end sooner.',
    )
  return {
    ...raw,
    dataDir,
    feeds: { ...raw.feeds, files: raw.feeds.files.map((f) => ({ ...f, path: resolve(cwd, f.path) })) },
    keyFile: within(raw.keyFile, 'master.key'),
    blobs: { dir: within(raw.blobs.dir, 'blobs') },
    mailboxes:
      raw.mailboxes.kind === 'imap' ? raw.mailboxes : { kind: 'maildir', root: within(raw.mailboxes.root, 'mail') },
    http: {
      ...raw.http,
      publicUrl: raw.http.publicUrl?.replace(/\/$/, '') ?? null,
      consoleDir: raw.http.consoleDir === null ? CONSOLE : resolve(cwd, raw.http.consoleDir),
    },
  }
}

/** Names of networks that the HTTP library knows, besides addresses. */
const KNOWN_NETWORKS: readonly string[] = ['loopback', 'linklocal', 'uniquelocal']

/** Whom we believe must be what was meant: a mistyped network would believe nobody, or everybody. */
function checkNetworks({ http, gateway }: Raw): void {
  const lists = {
    'http.trustedProxies (RECOURSE_HTTP_TRUSTED_PROXIES)': http.trustedProxies.filter(
      (p) => !KNOWN_NETWORKS.includes(p),
    ),
    'gateway.xclient (RECOURSE_GATEWAY_XCLIENT)': gateway.xclient,
    'gateway.xforward (RECOURSE_GATEWAY_XFORWARD)': gateway.xforward,
  }
  for (const [name, entries] of Object.entries(lists))
    try {
      createNetworks(entries)
    } catch (error) {
      throw new AppError(
        'config',
        `${name}: ${messageOf(error)}.`,
        'Each is an address, 192.0.2.7, or a network, 192.0.2.0/24.',
      )
    }
}

const CONSOLE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'console', 'dist')

export const takesMail = (config: Pick<Raw, 'roles' | 'gateway'>): boolean =>
  config.roles.includes('gateway') && (config.gateway.lmtp.port !== null || config.gateway.smtp.port !== null)
