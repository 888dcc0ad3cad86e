// Works on an action until it has ended, as a worker process does. The crash test kills it at named points and starts it again.
import { setTimeout as pause } from 'node:timers/promises'
import { createImapProvider } from '../../src/mailboxes/index.ts'
import { createRemediation, getAction } from '../../src/remediation/index.ts'
import { connect } from '../../src/storage/index.ts'
import { quietLog } from '../rig/office.ts'
import { History } from '../simulation/history.ts'
import { watched } from '../simulation/watched.ts'
import { readSettings } from './remediation-settings.ts'

const settings = readSettings()
const storage = await connect({ url: settings.url, blobs: settings.blobs, maxConnections: 8 })
const imap = createImapProvider({
  kind: 'imap',
  host: '127.0.0.1',
  port: settings.imapPort,
  secure: false,
  auth: { type: 'master', user: 'recourse', separator: '*', password: 'master' },
  timeouts: { connectSeconds: 5, commandSeconds: 20, settleQuietSeconds: 0.2 },
})
const { history } = settings
const mailboxes = history
  ? watched(imap, {
      history: new History(history.file),
      process: history.process,
      knows: () => true,
      peek: (_, folder, uids, session) => session.state(folder, uids),
      gate: async () => {},
    })
  : imap
const remediation = createRemediation({
  storage,
  mailboxes,
  nextHop: null,
  log: { ...quietLog, error: (about, message) => console.error(message, about) },
  tuning: {
    ...(settings.lease ?? { leaseMs: 1500, deadlineMs: 300 }),
    backoffMs: 200,
    batch: settings.batch,
    perServer: 4,
    lookEveryMs: 200,
  },
})
const ended = async (): Promise<boolean> => {
  const action = await storage.tenant(settings.tenant, (tx) => getAction(tx, settings.tenant, settings.action))
  return action !== null && !['queued', 'running'].includes(action.state)
}
while (!(await ended())) {
  await remediation.drain(settings.tenant)
  await pause(50)
}
await remediation.stop()
await mailboxes.close()
await storage.close()
console.log('ended')
