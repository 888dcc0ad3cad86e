/** An address as one number, so that prefixes are comparable. IPv4-mapped IPv6 is IPv4. */
export interface Ip {
  readonly family: 4 | 6
  readonly bits: bigint
}

export interface Network extends Ip {
  readonly prefix: number
}

const WIDTH = { 4: 32, 6: 128 } as const

/** Null when the text is not an address. Accepts the IMAP/SMTP literal prefix `IPv6:` and a zone (`%eth0`, dropped). */
export function parseIp(text: string): Ip | null {
  const plain = text
    .trim()
    .replace(/^\[|\]$/g, '')
    .replace(/^ipv6:/i, '')
    .replace(/%.*$/, '')
  const four = parseFour(plain)
  if (four !== null) return { family: 4, bits: four }
  const six = parseSix(plain)
  if (six === null) return null
  return six >> 32n === 0xffffn ? { family: 4, bits: six & 0xffffffffn } : { family: 6, bits: six }
}

function parseFour(text: string): bigint | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255)) return null
  return parts.reduce((sum, p) => (sum << 8n) | BigInt(p), 0n)
}

function parseSix(text: string): bigint | null {
  const halves = text.split('::')
  if (halves.length > 2 || !text.includes(':')) return null
  const head = groups(halves[0] ?? '')
  const tail = halves.length === 2 ? groups(halves[1] ?? '') : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail].reduce((sum, g) => (sum << 16n) | g, 0n)
}

function groups(text: string): bigint[] | null {
  if (text === '') return []
  const out: bigint[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) out.push(BigInt(`0x${part}`))
    else {
      const four = i === parts.length - 1 ? parseFour(part) : null
      if (four === null) return null
      out.push(four >> 16n, four & 0xffffn)
    }
  }
  return out
}

/** `192.0.2.0/24`, `2001:db8::1`; bits behind the prefix are cleared. Null when it is neither address nor CIDR. */
export function parseNetwork(text: string): Network | null {
  const [address = '', prefixText, ...rest] = text.trim().split('/')
  const ip = parseIp(address)
  if (ip === null || rest.length > 0) return null
  const width = WIDTH[ip.family]
  if (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) return null
  const prefix = prefixText === undefined ? width : Number(prefixText)
  return prefix > width ? null : cut(ip, prefix)
}

/** The network of `prefix` bits around an address. */
export function cut(ip: Ip, prefix: number): Network {
  const shift = BigInt(WIDTH[ip.family] - prefix)
  return { family: ip.family, bits: (ip.bits >> shift) << shift, prefix }
}

/** Never across families: 192.0.2.1 is in no network of IPv6. */
export const contains = (network: Network, ip: Ip): boolean =>
  network.family === ip.family && cut(ip, network.prefix).bits === network.bits

/** Normal text: dotted quad, or RFC 5952 for IPv6; a single address without its full prefix. */
export function formatNetwork(network: Network): string {
  const address = formatIp(network)
  return network.prefix === WIDTH[network.family] ? address : `${address}/${network.prefix}`
}

export function formatIp(ip: Ip): string {
  if (ip.family === 4) return [24n, 16n, 8n, 0n].map((s) => String((ip.bits >> s) & 0xffn)).join('.')
  const all = Array.from({ length: 8 }, (_, i) => ((ip.bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  const run = longestZeroRun(all)
  if (run === null) return all.join(':')
  return `${all.slice(0, run.start).join(':')}::${all.slice(run.end).join(':')}`
}

function longestZeroRun(all: readonly string[]): { start: number; end: number } | null {
  let best: { start: number; end: number } | null = null
  for (let start = 0; start < all.length; start++) {
    let end = start
    while (all[end] === '0') end++
    if (end - start > 1 && (best === null || end - start > best.end - best.start)) best = { start, end }
  }
  return best
}
