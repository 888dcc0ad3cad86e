import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Static } from 'typebox'
import { AppError, type Environment, type Loaded, loadConfig, messageOf } from './base/index.ts'
import { ConfigSchema } from './config-schema.ts'
import { commandSeconds } from './mailboxes/index.ts'
import { createNetworks } from './transport/index.ts'

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
  // As in `RECOURSE_CONFIG= recourse serve`.
  const named = env['RECOURSE_CONFIG'] || undefined
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
