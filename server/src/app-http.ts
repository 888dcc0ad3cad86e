import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import * as accessRoom from './access/index.ts'
import { engineStates } from './app-engines.ts'
import { reachable } from './app-parts.ts'
import type { Opened, Rooms } from './app-rooms.ts'
import { AppError, messageOf } from './base/index.ts'
import * as detection from './detection/index.ts'
import * as explorer from './explorer/index.ts'
import { createHttp, registerAudit, registerPreview, registerRaw } from './http/index.ts'
import * as intakeRoom from './intake/index.ts'
import * as lists from './lists/index.ts'
import * as organisation from './organisation/index.ts'
import * as quarantine from './quarantine/index.ts'
import * as remediationRoom from './remediation/index.ts'
import * as submissions from './submissions/index.ts'

/** The API and the console; gives back the address. The only place where the rooms' routes are named. */
export async function serveHttp(rooms: Rooms, opened: Opened): Promise<string> {
  const { config, storage, auth, parser } = rooms
  const http = await createHttp({
    storage,
    auth,
    log: rooms.log,
    metrics: rooms.metrics,
    publicUrl: config.http.publicUrl,
    trustedProxies: config.http.trustedProxies,
    consoleDir: config.http.consoleDir,
    maxBody: config.http.maxBodyMb * 1024 * 1024,
    checks: checks(rooms),
    details: () => engineStates(rooms.engines, rooms.feeds),
    routes: (api) => {
      accessRoom.register(api, {
        storage,
        auth,
        publicUrl: config.http.publicUrl,
        firstTenant: rooms.tenant,
        onSetUp: () => void rm(join(config.dataDir, 'setup-code'), { force: true }),
      })
      organisation.register(api, { storage })
      detection.register(api, { storage, engines: rooms.engines, feeds: rooms.feeds })
      lists.register(api, { storage, submissionExists: submissions.submissionExists })
      submissions.register(api, { storage, emailOf: accessRoom.emailOf(storage) })
      const take = {
        storage,
        remediation: rooms.remediation,
        outbox: storage.outbox,
        emailOf: accessRoom.emailOf(storage),
      }
      remediationRoom.register(api, {
        storage,
        remediation: rooms.remediation,
        rejectAsFalsePositive: explorer.rejectAsFalsePositive(take),
      })
      explorer.registerTakeAction(api, take)
      quarantine.register(api, { storage })
      intakeRoom.register(api, { intake: rooms.intake, directory: rooms.directory })
      explorer.register(api, { storage })
      explorer.registerHeld(api, {
        storage,
        remediation: rooms.remediation,
        emailOf: accessRoom.emailOf(storage),
      })
      registerRaw(api, { storage, parser })
      registerAudit(api, storage)
    },
    pages: (app) => registerPreview(app, { storage, parser }),
  })
  opened.add('http', () => http.close())
  const { host, port } = config.http
  await http.listen({ host, port }).catch((cause: unknown) => {
    throw new AppError(
      'http-port',
      `http.port ${port} on ${host} cannot be listened on: ${messageOf(cause)}`,
      'Stop what uses it, or choose another with RECOURSE_HTTP_PORT (0 = any free one).',
      { cause },
    )
  })
  const address = http.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${bound}`
}

const checks = ({ storage, config }: Rooms) => ({
  database: () => sql`select 1`.execute(storage.db),
  blobs: async () => {
    await mkdir(config.blobs.dir, { recursive: true, mode: 0o700 })
    const probe = join(config.blobs.dir, `.probe-${process.pid}`)
    await writeFile(probe, 'x')
    await rm(probe)
  },
  key: () => access(config.keyFile, constants.R_OK),
  mailboxes: () => reachable(config),
})
