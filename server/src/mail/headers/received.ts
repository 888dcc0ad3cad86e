import { isIP } from 'node:net'

/** One Received header: which server took the message over from whom. What a sender wrote there may be invented. */
export interface Hop {
  /** Name that the sending side gave itself (HELO), lower case; null when it cannot be read. */
  readonly helo: string | null
  /** Name that the receiving side found for its address; null when it found or wrote none. */
  readonly rdns: string | null
  readonly ip: string | null
  /** The receiving server, lower case without the root's dot. */
  readonly by: string | null
  /** ISO instant; null when it cannot be read. */
  readonly at: string | null
}

const MAX = 2_000
const NAME = /^[a-z0-9_](?:[a-z0-9._-]{0,250}[a-z0-9_])?$/

const nameOf = (text: string | undefined): string | null => {
  const name = text?.toLowerCase().replace(/\.$/, '') ?? ''
  return NAME.test(name) && isIP(name) === 0 ? name : null
}

/** Reads one Received value in the forms of Postfix, Exim, Sendmail, qmail, Microsoft and Google. Never throws. */
export function parseReceived(value: string): Hop {
  const text = value.slice(0, MAX).replace(/\s+/g, ' ')
  const semicolon = text.lastIndexOf(';')
  const body = semicolon === -1 ? text : text.slice(0, semicolon)
  const byAt = / by /i.exec(` ${body}`)?.index ?? -1
  const from = /^\s*from /i.test(body) ? body.slice(0, byAt === -1 ? body.length : byAt) : ''
  const by = byAt === -1 ? undefined : /^ ?by ([^\s;()]+)/i.exec(body.slice(Math.max(0, byAt - 1)).trimStart())?.[1]
  const said = /^\s*from\s+([^\s()]+)/i.exec(from)?.[1]
  const inside = from.slice(said === undefined ? 0 : from.indexOf(said) + said.length)
  const helo = /\bhelo[= ]+([^\s()[\]]+)/i.exec(inside)?.[1]
  const rdns = /\((?:[^\s()[\]@]+@)?([^\s()[\]@:=]+)\s*\[/.exec(inside)?.[1]
  return {
    helo: nameOf(helo ?? said),
    rdns: nameOf(rdns) ?? (helo === undefined ? null : nameOf(said === 'unknown' ? undefined : said)),
    ip: ipOf(inside.replace(/\bhelo[= ]+[^\s()[\]]+/i, '')) ?? ipOf(said ?? ''),
    by: by === undefined ? null : by.toLowerCase().replace(/\.$/, ''),
    // Reading a date takes longer than all the rest, and few ask.
    get at() {
      return semicolon === -1 ? null : instant(text.slice(semicolon + 1))
    },
  }
}

function ipOf(text: string): string | null {
  for (const [candidate] of text.matchAll(/[0-9a-f:]*[:.][0-9a-f:.]+/gi)) {
    const ip = candidate.replace(/\.$/, '')
    if (isIP(ip) !== 0) return ip.toLowerCase()
    // `1.2.3.4:25`
    const alone = /^(\d{1,3}(?:\.\d{1,3}){3}):\d+$/.exec(ip)?.[1]
    if (alone !== undefined && isIP(alone) === 4) return alone
  }
  return null
}

function instant(text: string): string | null {
  if (text.length > 200) return null
  const at = new Date(text.replace(/\([^()]*\)/g, '').trim())
  const year = at.getUTCFullYear()
  return year >= 1980 && year <= 2100 ? at.toISOString() : null
}
