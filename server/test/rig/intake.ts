import type { TenantId } from '../../src/base/index.ts'
import {
  createAcceptor,
  createDirectory,
  createIntake,
  createJudge,
  createView,
  type HomeOf,
  type Intake,
  type IntakeDeps,
} from '../../src/intake/index.ts'
import { createParser, type Parser } from '../../src/mail/index.ts'
import type { MailboxProvider } from '../../src/mailboxes/index.ts'
import { mailboxById, setOrganisation, setPolicy } from '../../src/organisation/index.ts'
import type { Storage, StorageLog } from '../../src/storage/index.ts'
import { createGateway, type Gateway, type GatewayOptions, type NextHop } from '../../src/transport/index.ts'

const admin = { user: 'rig', name: 'Rig' }

/** The same company under another domain: everything else is identical. */
export const company = (domain: string, people: readonly string[] = ['ann', 'bo', 'cy']) => ({
  domains: [domain],
  mailboxes: people.map((name) => ({ address: `${name}@${domain}`, displayName: `Person ${name}` })),
  aliases: [{ address: `chief@${domain}`, target: `${people[0]}@${domain}` }],
  groups: [{ address: `all@${domain}`, members: [...people.map((p) => `${p}@${domain}`), 'guest@elsewhere.example'] }],
})

export const saveCompany = (storage: Storage, tenant: TenantId, domain: string, people?: readonly string[]) =>
  storage.tenant(tenant, (tx) => setOrganisation(tx, storage.outbox, company(domain, people), admin))

export const savePolicy = (storage: Storage, tenant: TenantId, change: Record<string, unknown>) =>
  storage.tenant(tenant, (tx) => setPolicy(tx, storage.outbox, change, admin))

/** Every mailbox of every tenant lives at one provider, under its login. */
export const homesAt =
  (storage: Storage, provider: MailboxProvider): HomeOf =>
  async (tenant, id) => {
    const mailbox = await storage.tenant(tenant, (tx) => mailboxById(tx, id))
    return mailbox ? { provider, account: { login: mailbox.login } } : null
  }

export interface IntakeRig {
  readonly intake: Intake
  readonly gateway: Gateway
  readonly lmtp: number
  readonly smtp: number
  readonly homeOf: HomeOf
  close(): Promise<void>
}

export interface RigOptions {
  readonly storage: Storage
  readonly provider: MailboxProvider
  readonly nextHop: NextHop
  readonly parser?: Parser
  readonly gateway?: Partial<GatewayOptions>
  readonly intake?: Partial<IntakeDeps>
  readonly log?: StorageLog
}

/** Gateway and intake on real sockets, wired as the server wires them. */
export async function startIntake(o: RigOptions): Promise<IntakeRig> {
  const parser = o.parser ?? createParser({ workers: 1 })
  const homeOf = homesAt(o.storage, o.provider)
  const intake = createIntake({
    storage: o.storage,
    parser,
    judge: createJudge(createView(o.storage)),
    nextHop: o.nextHop,
    homeOf,
    hostname: 'mx.recourse.example',
    doubtMs: 2 * 60 * 60_000,
    ...o.intake,
  })
  const gateway = await createGateway({
    options: {
      listen: [
        { protocol: 'lmtp', port: 0 },
        { protocol: 'smtp', port: 0 },
      ],
      hostname: 'mx.recourse.example',
      xforward: ['127.0.0.1'],
      ...o.gateway,
    },
    accept: createAcceptor({ intake, directory: createDirectory(o.storage), ...(o.log ? { log: o.log } : {}) }),
  })
  return {
    intake,
    gateway,
    homeOf,
    lmtp: gateway.ports[0] ?? 0,
    smtp: gateway.ports[1] ?? 0,
    close: async () => {
      await gateway.close(2000)
      await o.nextHop.close()
      if (!o.parser) await parser.close()
    },
  }
}
