import type { Signal } from '../../judgement/index.ts'
import { normaliseAddress } from '../../mail/pure.ts'
import { domainOf, isWithin, siteOf } from '../hosts.ts'
import { disguised } from '../names.ts'
import { points } from '../reading.ts'
import { isFreeMail, listOf } from '../senders.ts'
import { stylised } from '../text/tricks.ts'
import type { SignalInput } from '../types.ts'

/**
 * A From header that no mail program writes by itself: none, several, one that cannot be read, another's address as the name, letters from
 * elsewhere. Programs disagree on such headers, and that is what they are for: what is shown is not what was checked.
 */
export function fromOddity({ mail, organisation }: SignalInput): Signal[] {
  const found: { what: string; weight: number }[] = []
  const add = (weight: number, what: string) => found.push({ weight, what })
  if (mail.fromHeaders === 0) add(3, 'there is no From header')
  if (mail.fromHeaders > 1) add(4, `there are ${mail.fromHeaders} From headers`)
  else if (new Set(mail.from.map((f) => f.address)).size > 1)
    add(2.5, `the From header names ${mail.from.length} addresses`)
  const recipients = new Set([...mail.to, ...mail.cc].flatMap((r) => (r.address === null ? [] : [domainOf(r.address)])))
  const [first] = mail.from
  if (first !== undefined) {
    const address = first.address === null ? null : normaliseAddress(first.address)
    if (address === null) add(3, 'the From header holds no readable address')
    else for (const odd of ofAddress(address, recipients)) found.push(odd)
    for (const odd of ofName(first.name, address, listOf(mail) !== null, organisation.domains)) found.push(odd)
    if (encodedAscii(first.raw)) add(1.2, 'the name is encoded without need')
  }
  if (found.length === 0) return []
  found.sort((a, b) => b.weight - a.weight)
  const weight = points(found.reduce((sum, f, i) => sum + f.weight * 0.5 ** i, 0))
  const sender = first?.address == null ? null : normaliseAddress(first.address)
  return [
    {
      id: 'from-oddity',
      version: 1,
      weight,
      threat: 'spoof',
      technology: 'content',
      summary: `Odd sender: ${found
        .slice(0, 3)
        .map((f) => f.what)
        .join('; ')}`,
      evidence: { found, from: mail.from.slice(0, 5).map((f) => f.raw) },
      entities: sender === null ? [] : [{ kind: 'sender', value: sender }],
    },
  ]
}

function ofAddress(address: string, recipients: ReadonlySet<string>): { what: string; weight: number }[] {
  const local = address.slice(0, address.lastIndexOf('@'))
  const domain = domainOf(address)
  const out: { what: string; weight: number }[] = []
  if (domain.startsWith('[')) out.push({ weight: 2, what: 'the address has a number instead of a domain' })
  // Whoever writes in the recipient's own name uses their domain, whatever it is.
  else if (recipients.has(domain)) return out
  else if (!domain.includes('.') || /\.(?:local|localdomain|localhost|lan|internal|invalid)$/.test(domain))
    out.push({ weight: 1.8, what: `the domain ${domain} exists nowhere` })
  if (local.length > 45) out.push({ weight: 0.8, what: 'the local part is very long' })
  // Newsletters write the recipient's number into theirs, behind signs that split it.
  if (!/[#=]/.test(local) && local.split(/[._+-]/).some(looksRandom))
    out.push({ weight: 1, what: `the local part ${local.slice(0, 40)} is made of random letters` })
  if (/[%!]|@/.test(local)) out.push({ weight: 1.5, what: 'the local part holds a second address' })
  return out
}

function ofName(
  name: string,
  address: string | null,
  list: boolean,
  ours: readonly string[],
): { what: string; weight: number }[] {
  const out: { what: string; weight: number }[] = []
  const shown = /[^\s<>"'(),;:[\]]+@[a-z0-9.-]+\.[a-z]{2,}/i.exec(name.slice(0, 500))?.[0]
  const as = shown === undefined ? null : normaliseAddress(shown)
  if (
    as !== null &&
    !list &&
    (address === null || siteOf(domainOf(as)) !== siteOf(domainOf(address))) &&
    !isWithin(domainOf(as), ours)
  )
    out.push({
      weight: address !== null && isFreeMail(domainOf(address)) ? 2 : 2.8,
      what: `the name shows the address ${as}`,
    })
  if (disguised(name)) out.push({ weight: 3, what: 'the name mixes letters that only look alike' })
  const style = stylised(name)
  if (style !== null) out.push({ weight: style.weight, what: `the name has ${style.what}` })
  if (/(?:\p{Extended_Pictographic}|[\u2600-\u27bf]){1}/u.test(name.replace(/[©®™]/g, '')))
    out.push({ weight: 0.8, what: 'the name has pictures' })
  if (/[!$%]{1}|\b\d{6,}\b/.test(name))
    out.push({ weight: 0.9, what: 'the name has numbers or signs that no name has' })
  if (GENERIC.test(name) && address !== null && isFreeMail(domainOf(address)))
    out.push({ weight: 1.8, what: 'an office writes from a free mailbox' })
  return out
}

const GENERIC =
  /\b(?:support|help ?desk|admin(?:istrator)?|service|security|team|notification|billing|department|office|account|customer|mailer|webmaster|no.?reply|alert|bank|delivery|hr|payroll|president|director|secretary|ceo|barrister|attorney|kundenservice|soporte|servizio|suporte|atendimento)\b/i

/** `=?utf-8?B?…?=` around plain ASCII: programs encode what needs it; filters read what is not encoded. */
function encodedAscii(raw: string): boolean {
  const words = [...raw.matchAll(/=\?[^?]{1,40}\?b\?([A-Za-z0-9+/=]{8,400})\?=/gi)]
  return (
    words.length > 0 && words.every((w) => /^[\x20-\x7e]+$/.test(Buffer.from(w[1] ?? '', 'base64').toString('latin1')))
  )
}

/** Letters in an order that no language has: long runs of consonants, digits among letters again and again. */
export function looksRandom(text: string): boolean {
  const bare = text.toLowerCase().replace(/[^a-z0-9]/g, '')
  if (bare.length < 8) return false
  const switches = (bare.match(/[a-z][0-9]|[0-9][a-z]/g) ?? []).length
  const consonants = Math.max(0, ...(bare.match(/[bcdfghjklmnpqrstvwxz]+/g) ?? []).map((r) => r.length))
  const vowels = (bare.match(/[aeiouy]/g) ?? []).length / Math.max(1, (bare.match(/[a-z]/g) ?? []).length)
  return (
    switches >= 4 ||
    consonants >= 6 ||
    (bare.length >= 12 && /[a-z]/.test(bare) && vowels < 0.15) ||
    /^[0-9a-f]{16,}$/.test(bare)
  )
}
