import { createServer, type Server, type Socket } from 'node:net'
import { AppError, messageOf } from '../base/index.ts'
import type { StorageLog } from '../storage/index.ts'
import type { SessionOptions } from './dialogue.ts'
import { createByteBudget, createConnectionLimit, createNetworks, createRateLimit, plainIp } from './limits.ts'
import { formatReply, reply } from './reply.ts'
import { type Session, startSession } from './session.ts'
import type { Acceptor, Gateway, GatewayOptions, Listen } from './types.ts'

export interface GatewayDeps {
  readonly options: GatewayOptions
  readonly accept: Acceptor
  readonly log?: StorageLog
}

function withDefaults(o: GatewayOptions): SessionOptions {
  const maxSize = o.maxSize ?? 64 * 1024 * 1024
  return {
    hostname: o.hostname,
    maxSize,
    maxRecipients: o.maxRecipients ?? 1000,
    maxConnections: o.maxConnections ?? 200,
    maxConnectionsPerClient: o.maxConnectionsPerClient ?? 100,
    maxMessagesPerMinute: o.maxMessagesPerMinute ?? 0,
    maxBytesInFlight: o.maxBytesInFlight ?? 8 * maxSize,
    maxReceived: o.maxReceived ?? 50,
    maxPasses: o.maxPasses ?? 5,
    timeouts: { command: 300_000, data: 180_000, dataTotal: 600_000, quiet: 900_000, write: 60_000, ...o.timeouts },
  }
}

/**
 * Takes mail by LMTP and SMTP and gives every message to `accept`. Our own server, not `smtp-server`: that one takes
 * commands that end with a bare LF, keeps XFORWARD's attributes from one message to the next and asks DNS for them.
 * Throws AppError `gateway-port` when an address cannot be listened on.
 */
export async function createGateway({ options, accept, log = SILENT }: GatewayDeps): Promise<Gateway> {
  const settings = withDefaults(options)
  const connections = createConnectionLimit({
    total: settings.maxConnections,
    perClient: settings.maxConnectionsPerClient,
  })
  const sessions = new Set<Session>()
  let stopping = false
  const shared = {
    options: settings,
    acceptor: accept,
    rate: createRateLimit(settings.maxMessagesPerMinute),
    budget: createByteBudget(settings.maxBytesInFlight),
    xclient: createNetworks(options.xclient ?? []),
    xforward: createNetworks(options.xforward ?? []),
    log,
    stopping: () => stopping,
  }

  const connected = (protocol: Listen['protocol']) => (socket: Socket) => {
    socket.on('error', (error) => log.info({ error: messageOf(error) }, 'connection lost'))
    socket.setNoDelay(true)
    const ip = plainIp(socket.remoteAddress ?? '')
    const entered = stopping ? 'total' : connections.enter(ip)
    if (entered !== 'ok') {
      const why = entered === 'total' ? reply(421, '4.3.2', 'Too many connections') : TOO_MANY
      socket.end(formatReply(why), () => socket.destroy())
      return
    }
    const session = startSession(socket, { ...shared, protocol })
    sessions.add(session)
    void session.done.finally(() => {
      sessions.delete(session)
      connections.leave(ip)
    })
  }

  const servers: Server[] = []
  try {
    for (const where of options.listen) servers.push(await listen(where, connected(where.protocol)))
  } catch (error) {
    await Promise.all(servers.map(stop))
    throw error
  }

  return {
    ports: servers.map(portOf),
    connections: connections.total,
    close: async (graceMs = 10_000) => {
      stopping = true
      const closed = servers.map(stop)
      for (const session of sessions) session.dismiss()
      const grace = Promise.withResolvers<void>()
      const timer = setTimeout(grace.resolve, graceMs)
      await Promise.race([Promise.all([...sessions].map((s) => s.done)), grace.promise])
      clearTimeout(timer)
      for (const session of sessions) session.destroy()
      await Promise.all(closed)
    },
  }
}

const SILENT: StorageLog = { info: () => undefined, warn: () => undefined, error: () => undefined }
const TOO_MANY = reply(421, '4.7.0', 'Too many connections from your address')

const portOf = (server: Server): number => {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

const stop = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

function listen(where: Listen, connected: (socket: Socket) => void): Promise<Server> {
  const host = where.host ?? '127.0.0.1'
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, connected)
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const setting = `RECOURSE_GATEWAY_${where.protocol.toUpperCase()}_PORT`
      const cure = `Set another ${setting} (0 = any free one), stop what listens there, or allow the account to use ports below 1024.`
      const text = `${where.protocol.toUpperCase()} cannot listen on ${host}:${where.port}: ${messageOf(error)}`
      reject(new AppError('gateway-port', text, cure, { cause: error }))
    })
    server.listen(where.port, host, () => resolve(server))
  })
}
