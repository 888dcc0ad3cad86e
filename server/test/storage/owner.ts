// A server process of its own for the tests: owns an embedded PostgreSQL, says so in a line of JSON, and stays.
import { messageOf } from '../../src/base/index.ts'
import { startCluster } from '../../src/storage/index.ts'
import { unprivileged } from '../rig/account.ts'

const [dir = ''] = process.argv.slice(2)
try {
  const cluster = await startCluster({ dir, account: unprivileged() })
  console.log(
    JSON.stringify({ pid: cluster.pid(), adopted: cluster.adopted, url: cluster.url(), socket: cluster.socketDir }),
  )
  process.on('SIGTERM', () => void cluster.stop().then(() => process.exit(0)))
  setInterval(() => {}, 1000)
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  console.log(JSON.stringify({ error: messageOf(error), code }))
  process.exitCode = 1
}
