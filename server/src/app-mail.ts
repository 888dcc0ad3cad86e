import type { Opened, Rooms } from './app-rooms.ts'
import { takesMail } from './config.ts'
import { createAcceptor } from './intake/index.ts'
import { createGateway, type Gateway } from './transport/index.ts'

/** The gateway, where the roles and the ports ask for one. */
export async function serveMail(rooms: Rooms, opened: Opened): Promise<Gateway | null> {
  const { config, intake } = rooms
  if (!takesMail(config)) return null
  const { gateway: g } = config
  const listen = (['lmtp', 'smtp'] as const).flatMap((protocol) => {
    const { host, port } = g[protocol]
    return port === null ? [] : [{ protocol, host, port }]
  })
  const log = rooms.log.child({ room: 'gateway' })
  const gateway = await createGateway({
    options: {
      listen,
      hostname: g.hostname,
      maxSize: g.maxSizeMb * 1024 * 1024,
      maxRecipients: g.maxRecipients,
      maxConnections: g.maxConnections,
      maxConnectionsPerClient: g.maxConnectionsPerClient,
      maxMessagesPerMinute: g.maxMessagesPerMinute,
      xclient: g.xclient,
      xforward: g.xforward,
    },
    accept: createAcceptor({ intake, directory: rooms.directory, log }),
    log,
  })
  opened.add('gateway', () => gateway.close())
  rooms.metrics.gauge('recourse_gateway_connections', 'Connections to the gateway that are open.', [], () =>
    gateway.connections(),
  )
  return gateway
}
