import type { Signal } from '../../judgement/index.ts'
import { isLocalIp, normaliseAddress, type ParsedMail } from '../../mail/pure.ts'
import { headerOf } from '../hosts.ts'
import { points } from '../reading.ts'
import { hopsOf, listOf, senderOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

const DAY = 86_400_000

/**
 * What careless or lying senders do differently from mail programs and servers: missing headers, dates that do not fit, no recipient,
 * mail from a home connection, scripts on other people's web servers. Each is weak, and mail through lists has lost some of it.
 */
export function transportOddity({ mail, context }: SignalInput): Signal[] {
  const found = [...headers(mail), ...recipients(mail), ...dates(mail), ...origin(mail, context.clientIp)].sort(
    (a, b) => b.weight - a.weight,
  )
  if (found.length === 0) return []
  const weight = points(found.reduce((sum, f, i) => sum + f.weight * 0.6 ** i, 0) * (listOf(mail)?.shown ? 0.4 : 1))
  return [
    {
      id: 'transport-oddity',
      version: 1,
      weight,
      threat: 'spam',
      technology: 'content',
      summary: `Not sent as mail usually is: ${found
        .slice(0, 3)
        .map((f) => f.what)
        .join(', ')}`,
      evidence: { found },
      entities: [],
    },
  ]
}

interface Odd {
  readonly what: string
  readonly weight: number
}

function headers(mail: ParsedMail): Odd[] {
  const out: Odd[] = []
  const id = mail.internetMessageId
  if (id === null) out.push({ weight: 1.5, what: 'no Message-ID' })
  else if (!id.includes('@')) out.push({ weight: 0.9, what: 'a Message-ID without a domain' })
  else if (/@(?:localhost|\[|[^.@]+$)/i.test(id)) out.push({ weight: 0.4, what: 'a Message-ID of no domain' })
  else if (forgedId(id, mail))
    out.push({ weight: 1.5, what: 'a Message-ID of a provider that it did not come through' })
  if (headerOf(mail, 'date') === null) out.push({ weight: 1.5, what: 'no Date' })
  else if (mail.date === null) out.push({ weight: 1.2, what: 'an unreadable Date' })
  if (headerOf(mail, 'x-php-originating-script') !== null || headerOf(mail, 'x-php-script') !== null)
    out.push({ weight: 1.5, what: 'sent by a script on a web server' })
  const mailer = headerOf(mail, 'x-mailer') ?? ''
  if (
    /phpmailer|leaf ?phpmailer|swiftmailer|nodemailer|python|sendblaster|dark ?mailer|atomic mail|group mail|powermta|email blaster|advanced mass/i.test(
      mailer,
    )
  )
    out.push({ weight: 1, what: `sent by ${mailer.slice(0, 40)}` })
  const type = headerOf(mail, 'content-type')?.toLowerCase() ?? ''
  if (type.startsWith('text/html')) {
    const encoding = headerOf(mail, 'content-transfer-encoding')?.toLowerCase() ?? ''
    out.push({
      weight: encoding === 'base64' ? 1.1 : 0.7,
      what: encoding === 'base64' ? 'HTML alone, in base64' : 'HTML without a text',
    })
  }
  if (
    /^1\b|high|urgent/i.test(
      headerOf(mail, 'x-priority') ?? headerOf(mail, 'importance') ?? headerOf(mail, 'priority') ?? '',
    )
  )
    out.push({ weight: 0.6, what: 'marked as important' })
  if (mail.defects.some((d) => /boundary|multipart|unknown charset|truncated/i.test(d)))
    out.push({ weight: 0.8, what: 'broken structure' })
  if (mail.hasHtml && headerOf(mail, 'mime-version') === null) out.push({ weight: 1, what: 'no MIME-Version' })
  return out
}

/** Large providers make the Message-ID of what is sent through them. */
function forgedId(id: string, mail: ParsedMail): boolean {
  const maker = MAKERS.find(([pattern]) => pattern.test(id))
  return maker !== undefined && !mail.headers.some((h) => h.name.toLowerCase() === 'received' && maker[1].test(h.value))
}

const MAKERS: readonly (readonly [RegExp, RegExp])[] = [
  [/@(?:mail\.)?gmail\.com$/i, /google|gmail/i],
  [/@(?:hotmail|outlook|live|msn)\.com$/i, /hotmail|outlook|microsoft|msn/i],
  [/@(?:mail\.)?yahoo\.(?:com|co\.\w+)$/i, /yahoo/i],
  [/@aol\.com$/i, /aol|yahoo/i],
]

function recipients(mail: ParsedMail): Odd[] {
  const out: Odd[] = []
  if (mail.to.length === 0 && mail.cc.length === 0) out.push({ weight: 1.2, what: 'no recipient' })
  else if (mail.to.every((t) => t.address === null) && mail.cc.length === 0)
    out.push({ weight: 1.1, what: 'undisclosed recipients' })
  const from = senderOf(mail)
  if (
    from !== null &&
    mail.to.length === 1 &&
    mail.to[0]?.address != null &&
    normaliseAddress(mail.to[0].address) === from
  )
    out.push({ weight: 1.4, what: 'addressed to its own sender' })
  return out
}

function dates(mail: ParsedMail): Odd[] {
  const received = mail.date === null ? null : arrival(mail)
  if (received === null || mail.date === null) return []
  const days = (Date.parse(mail.date) - Date.parse(received)) / DAY
  if (days > 0.5) return [{ weight: days > 2 ? 1.5 : 0.8, what: 'a Date in the future' }]
  if (days < -10) return [{ weight: 0.8, what: 'a Date long past' }]
  return []
}

/** The topmost date that can be read: each is read when it is asked for. */
function arrival(mail: ParsedMail): string | null {
  for (const hop of hopsOf(mail)) {
    const { at } = hop
    if (at !== null) return at
  }
  return null
}

function origin(mail: ParsedMail, clientIp: string | null): Odd[] {
  const out: Odd[] = []
  const hops = hopsOf(mail)
  const edge = hops.find((h) => h.ip !== null && !isLocalIp(h.ip) && (clientIp === null || h.ip === clientIp))
  if (edge === undefined) return []
  if (edge.rdns !== null && isDialUp(edge.rdns))
    out.push({ weight: 1.6, what: `handed over by a home connection (${edge.rdns})` })
  else if (edge.rdns === null && edge.helo !== null && isDialUp(edge.helo))
    out.push({ weight: 1.2, what: 'handed over by a home connection' })
  if (edge.helo !== null && !edge.helo.includes('.'))
    out.push({ weight: 0.8, what: `handed over by something that calls itself ${edge.helo.slice(0, 40)}` })
  if (
    /^(?:ec2-|ip-?\d|vps|server\d|srv\d|v\d{5,}|vmi\d|host-?\d)|\b(?:contabo|vultr|linode|hostwindsdns|cloudapp|compute)\b/.test(
      edge.helo ?? edge.rdns ?? '',
    )
  )
    out.push({ weight: 0.9, what: 'handed over by a rented machine' })
  return out
}

/** Names that providers give to the connections of homes: the address in them, or words for how they connect. */
export function isDialUp(name: string): boolean {
  const first = name.split('.').slice(0, -2).join('.')
  const numbers = (first.match(/\d{1,3}/g) ?? []).length
  return (
    (numbers >= 3 && /\d{1,3}[.-]\d{1,3}[.-]\d{1,3}/.test(first)) ||
    (/(?:^|[.-])(?:dsl|adsl|xdsl|cable|dial(?:up)?|dyn(?:amic)?|pool|ppp|pppoe|dhcp|client|cust(?:omer)?|user|broadband|catv|hsd\d?)(?:[.-]|\d)/.test(
      name,
    ) &&
      numbers >= 2)
  )
}
