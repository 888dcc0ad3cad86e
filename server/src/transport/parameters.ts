import { isIP } from 'node:net'
import { plainIp } from './limits.ts'
import { parseAttributes } from './path.ts'
import { reply, SYNTAX } from './reply.ts'
import type { Client, Reply } from './types.ts'

export const needsUtf8 = (address: string): boolean => /[^\x20-\x7e]/.test(address)

/** What of MAIL FROM's parameters (SIZE, BODY, SMTPUTF8) is refused; null = all may stand. */
export function checkParameters(
  path: { address: string; parameters: ReadonlyMap<string, string | null> },
  maxSize: number,
): Reply | null {
  for (const [name, value] of path.parameters) {
    if (name === 'SIZE') {
      if (value === null || !/^\d{1,20}$/.test(value)) return SYNTAX('SIZE is a number')
      if (Number(value) > maxSize) return reply(552, '5.3.4', `Message is larger than ${maxSize} bytes`)
    } else if (name === 'BODY') {
      if (!/^(?:7BIT|8BITMIME)$/i.test(value ?? '')) return SYNTAX('BODY is 7BIT or 8BITMIME')
    } else if (name === 'SMTPUTF8') {
      if (value !== null) return SYNTAX('SMTPUTF8 has no value')
    } else {
      return reply(555, '5.5.4', 'Parameter of MAIL FROM is not known here')
    }
  }
  if (needsUtf8(path.address) && !path.parameters.has('SMTPUTF8')) return reply(553, '5.6.7', 'Address needs SMTPUTF8')
  return null
}

/** What a proxy in front of us says of the client behind it (Postfix's XFORWARD_README and XCLIENT_README). */
export type Forwarded = ReadonlyMap<string, string | null>

const ATTRIBUTES = {
  XFORWARD: ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'IDENT', 'SOURCE'],
  XCLIENT: ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'LOGIN', 'DESTADDR', 'DESTPORT'],
} as const
type ProxyCommand = keyof typeof ATTRIBUTES

/** As EHLO announces it. */
export const proxyFeature = (command: ProxyCommand): string => `${command} ${ATTRIBUTES[command].join(' ')}`

/** Null = not written as the command has to be. */
export const parseForwarded = (command: ProxyCommand, argument: string): Forwarded | null =>
  parseAttributes(argument, new Set(ATTRIBUTES[command]))

/** Attributes that a believed proxy did not name stay as they were. */
export function forwardedClient(client: Client, found: Forwarded | null): Client {
  if (!found) return client
  const raw = found.get('ADDR')
  const ip = raw == null ? null : plainIp(raw.replace(/^IPV6:/i, ''))
  return {
    ip: found.has('ADDR') ? (ip !== null && isIP(ip) !== 0 ? ip : null) : client.ip,
    name: found.has('NAME') ? (found.get('NAME') ?? null) : client.name,
    helo: found.has('HELO') ? (found.get('HELO') ?? null) : client.helo,
  }
}
