// Ends the retention of what was deleted, once, at the time that it is given; the crash test kills it at a named point.
// RECOURSE_RETENTION = JSON { url, blobs, imapPort, tenant, now }.
import type { TenantId } from '../../src/base/index.ts'
import { createImapProvider } from '../../src/mailboxes/index.ts'
import { createRemediation } from '../../src/remediation/index.ts'
import { connect } from '../../src/storage/index.ts'
import { quietLog } from '../rig/office.ts'

export interface RetentionSettings {
  readonly url: string
  readonly blobs: { readonly dir: string; readonly keyFile: string }
  readonly imapPort: number
  readonly tenant: TenantId
  readonly now: string
}

const settings: RetentionSettings = JSON.parse(process.env['RECOURSE_RETENTION'] ?? '{}')
const storage = await connect({ url: settings.url, blobs: settings.blobs, maxConnections: 8 })
const auth = { type: 'master', user: 'recourse', separator: '*', password: 'master' } as const
const mailboxes = createImapProvider({ kind: 'imap', host: '127.0.0.1', port: settings.imapPort, secure: false, auth })
const remediation = createRemediation({
  storage,
  mailboxes,
  nextHop: null,
  log: quietLog,
  clock: () => new Date(settings.now),
})
console.log(JSON.stringify(await remediation.endRetention(settings.tenant)))
await remediation.stop()
await mailboxes.close()
await storage.close()
