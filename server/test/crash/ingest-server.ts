// A gateway with its intake on an embedded PostgreSQL of its own, as a process that a crash test kills.
// RECOURSE_INGEST = JSON { dir, lmtpPort, store }; prints "ready" when it listens.
import { join } from 'node:path'
import { addEntry } from '../../src/lists/index.ts'
import { createImapProvider, createMaildirProvider, type MailboxProvider } from '../../src/mailboxes/index.ts'
import { ALL_MIGRATIONS } from '../../src/migrations.ts'
import { connect, migrate } from '../../src/storage/index.ts'
import { createNextHop, type NextHop } from '../../src/transport/index.ts'
import { saveCompany, startIntake } from '../rig/intake.ts'

export interface IngestSettings {
  readonly dir: string
  readonly lmtpPort: number
  readonly handoverMs: number
  readonly people: readonly string[]
  readonly store:
    | { readonly kind: 'dovecot'; readonly imapPort: number; readonly lmtpPort: number }
    | { readonly kind: 'maildir'; readonly dir: string }
}

const settings: IngestSettings = JSON.parse(process.env['RECOURSE_INGEST'] ?? '{}')

function storeOf(store: IngestSettings['store']): { provider: MailboxProvider; nextHop: NextHop } {
  if (store.kind === 'maildir') {
    const provider = createMaildirProvider({ kind: 'maildir', root: store.dir })
    return { provider, nextHop: createNextHop({ kind: 'mailbox', provider }) }
  }
  return {
    provider: createImapProvider({
      kind: 'imap',
      host: '127.0.0.1',
      port: store.imapPort,
      secure: false,
      auth: { type: 'master', user: 'recourse', separator: '*', password: 'master' },
    }),
    nextHop: createNextHop({ kind: 'lmtp', host: '127.0.0.1', port: store.lmtpPort }),
  }
}

const storage = await connect({
  embedded: { dir: join(settings.dir, 'pg') },
  blobs: { dir: join(settings.dir, 'blobs'), keyFile: join(settings.dir, 'master.key') },
})
await migrate(storage, ALL_MIGRATIONS)
if ((await storage.tenants()).length === 0) {
  const admin = { user: 'rig', name: 'Rig' }
  for (const domain of ['a.example', 'b.example']) {
    const tenant = await storage.createTenant(domain)
    await saveCompany(storage, tenant, domain, settings.people)
    const blocked = { action: 'block', kind: 'sender-domain', value: 'bad.example' } as const
    await storage.tenant(tenant, (tx) => addEntry(tx, storage.outbox, admin, blocked))
  }
}
await storage.start()
await startIntake({
  storage,
  ...storeOf(settings.store),
  intake: { handoverMs: settings.handoverMs },
  gateway: { listen: [{ protocol: 'lmtp', port: settings.lmtpPort }] },
})
process.stdout.write('ready\n')
