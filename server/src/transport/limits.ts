import { BlockList, isIP } from 'node:net'
import { AppError } from '../base/index.ts'

/** Addresses that configuration names: single ones or networks. Throws AppError `bad-network`. */
export function createNetworks(list: readonly string[]): { has(ip: string): boolean } {
  const networks = new BlockList()
  for (const entry of list) {
    const [ip = '', prefix, ...more] = entry.split('/')
    const version = isIP(ip)
    const most = version === 6 ? 128 : 32
    // An empty prefix would be 0: everybody.
    const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
    if (version === 0 || more.length > 0 || bits < 0 || bits > most) {
      throw new AppError('bad-network', `"${entry}" is no IP address or network`, 'Write 192.0.2.7 or 192.0.2.0/24.')
    }
    networks.addSubnet(ip, bits, version === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    has: (ip) => isIP(ip) !== 0 && networks.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4'),
  }
}

/** `::ffff:192.0.2.1` is 192.0.2.1: what a dual-stack socket says of an IPv4 client. */
export const plainIp = (ip: string): string => ip.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')

/** Who holds how many connections. */
export function createConnectionLimit(options: { total: number; perClient: number }) {
  const counts = new Map<string, number>()
  let total = 0
  return {
    /** 'total' or 'client' = refused, nothing was counted. */
    enter(ip: string): 'ok' | 'total' | 'client' {
      const mine = counts.get(ip) ?? 0
      if (total >= options.total) return 'total'
      if (mine >= options.perClient) return 'client'
      counts.set(ip, mine + 1)
      total++
      return 'ok'
    },
    leave(ip: string): void {
      const mine = (counts.get(ip) ?? 1) - 1
      if (mine > 0) counts.set(ip, mine)
      else counts.delete(ip)
      total--
    },
    total: () => total,
  }
}

/** A sliding window of one minute in six steps; memory is bounded by the clients of the last minute. */
export function createRateLimit(perMinute: number, now: () => number = Date.now) {
  const STEP = 10_000
  let windows: { at: number; counts: Map<string, number> }[] = []
  return {
    take(ip: string): boolean {
      if (perMinute <= 0) return true
      const step = Math.floor(now() / STEP)
      // A clock that jumped back must not lock anybody out: steps of the future are forgotten.
      windows = windows.filter((w) => w.at > step - 6 && w.at <= step)
      const used = windows.reduce((sum, w) => sum + (w.counts.get(ip) ?? 0), 0)
      if (used >= perMinute) return false
      let current = windows.find((w) => w.at === step)
      if (!current) {
        current = { at: step, counts: new Map() }
        windows.push(current)
      }
      current.counts.set(ip, (current.counts.get(ip) ?? 0) + 1)
      return true
    },
  }
}

/** Bytes of messages in memory, over all connections. */
export function createByteBudget(total: number) {
  let used = 0
  return {
    take(bytes: number): boolean {
      if (used + bytes > total) return false
      used += bytes
      return true
    },
    give(bytes: number): void {
      used -= bytes
    },
    used: () => used,
  }
}

export type Networks = ReturnType<typeof createNetworks>
export type RateLimit = ReturnType<typeof createRateLimit>
export type ByteBudget = ReturnType<typeof createByteBudget>
