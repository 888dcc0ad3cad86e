import type { ParsedMail } from '../../../mail/index.ts'
import { Features } from './found.ts'
import { wordsOf } from './words.ts'

/** Words read of one message; the rest of a long one says little more. */
const MAX_WORDS = 700

/**
 * What the classifier looks at: `invoice`, `your account` (pairs), `subject:urgent`,
 * `url-domain:example.com`, `shape:html long-text`. Nothing that receivers wrote: no Received, no authentication, no
 * filters' headers, and not to whom it was sent. Pure, and independent of language: scripts without spaces give pairs of characters.
 */
export function featuresOf(mail: ParsedMail): Features {
  const found = new Features()
  const add = (feature: string): void => found.add(feature)
  senders(mail, add)
  headers(mail, add)
  links(mail, add)
  shape(mail, add)
  for (const attachment of mail.attachments.slice(0, 20)) {
    add(`file:${extension(attachment.name)}`)
    add(`file-type:${attachment.realType ?? attachment.declaredType}`.slice(0, 80))
  }
  sequence(wordsOf(mail.subject.slice(0, 1000)), 'subject:', add)
  found.addText(wordsOf(mail.text.slice(0, 16_384), MAX_WORDS))
  return found
}

type Add = (feature: string) => void

/** Each word, and each with the next one. */
function sequence(words: readonly string[], prefix: string, add: Add): void {
  words.forEach((word, i) => {
    add(`${prefix}${word}`)
    const next = words[i + 1]
    if (next !== undefined) add(`${prefix}${word} ${next}`)
  })
}

function senders(mail: ParsedMail, add: Add): void {
  const [from] = mail.from
  add(`from-count:${Math.min(3, mail.from.length)}`)
  if (from === undefined) return
  sequence(wordsOf(from.name.slice(0, 200)), 'name:', add)
  if (from.address === null) {
    add('from:unreadable')
    return
  }
  const domain = domainOf(from.address)
  add(`from:${from.address.slice(0, 200)}`)
  for (const part of tails(domain)) add(`from-domain:${part}`)
  add(`from-shape:${shapeOf(from.address.slice(0, from.address.lastIndexOf('@')))}`)
  add(`from-host:${hostShape(domain)}`)
  if (from.name.includes('@')) add('name:holds an address')
  if (from.name === '') add('name:none')
  const id = mail.internetMessageId
  const idDomain = id === null ? null : id.replace(/^.*@/s, '').replace(/>.*$/s, '').toLowerCase()
  add(`id:${idDomain === null ? 'none' : related(idDomain, domain)}`)
  const [reply] = mail.replyTo
  add(
    `reply:${reply === undefined ? 'none' : reply.address === null ? 'unreadable' : related(domainOf(reply.address), domain)}`,
  )
  if (reply?.address && domainOf(reply.address) !== domain) add(`reply-domain:${domainOf(reply.address)}`)
}

const domainOf = (address: string): string =>
  address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .slice(0, 253)

/** `a.b.example.com` → the whole, `example.com`, `com`. */
function tails(domain: string): string[] {
  const labels = domain.split('.')
  return [...new Set([domain, labels.slice(-2).join('.'), labels.slice(-1).join('.')])]
}

const related = (a: string, b: string): string =>
  a === b ? 'same' : a.split('.').slice(-2).join('.') === b.split('.').slice(-2).join('.') ? 'related' : 'other'

/** `k7x2q9` → `a0a0a0`, cut: how a name is built, whatever it says. */
const shapeOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\p{L}+/gu, (run) => (run.length > 12 ? 'aa' : 'a'))
    .replace(/\p{N}+/gu, '0')
    .slice(0, 12)

const hostShape = (host: string): string => {
  const labels = host.split('.')
  return [
    /^[\d.]+$|:/.test(host) ? 'ip' : `labels${Math.min(5, labels.length)}`,
    /\d/.test(labels.slice(0, -1).join('')) ? 'digits' : '',
    host.includes('xn--') ? 'idn' : '',
    host.includes('-') ? 'hyphen' : '',
    labels.some((l) => l.length > 16) ? 'long' : '',
  ]
    .filter((s) => s !== '')
    .join(' ')
}

/** Written by whoever composed the message. */
const COMPOSED = [
  'x-mailer',
  'user-agent',
  'x-priority',
  'importance',
  'content-language',
  'x-php-originating-script',
  'organization',
]

function headers(mail: ParsedMail, add: Add): void {
  const values = new Map<string, string>()
  for (const { name, value } of mail.headers) {
    const key = name.toLowerCase()
    if (!values.has(key)) values.set(key, value)
  }
  for (const name of COMPOSED) {
    const value = values.get(name)
    add(`${name}:${value === undefined ? 'none' : wordsOf(value.slice(0, 60)).slice(0, 3).join(' ')}`)
  }
  for (const name of ['in-reply-to', 'references', 'mime-version', 'date'])
    add(`${name}:${values.has(name) ? 'there' : 'none'}`)
  const unsubscribe = values.get('list-unsubscribe')
  add(`list-unsubscribe:${unsubscribe === undefined ? 'none' : /https?:/i.test(unsubscribe) ? 'web' : 'mail'}`)
  const type = values.get('content-type') ?? 'none'
  add(`content-type:${/^[^;]*/.exec(type.toLowerCase())?.[0]?.trim().slice(0, 60)}`)
  const charset = /charset="?([\w-]+)/i.exec(type)?.[1]
  if (charset) add(`charset:${charset.toLowerCase()}`)
  const boundary = /boundary="?([^";]+)/i.exec(type)?.[1]
  if (boundary) add(`boundary:${shapeOf(boundary)}`)
  const zone = /([+-]\d{4}|[A-Z]{3})\)?\s*$/.exec(values.get('date') ?? '')?.[1]
  if (zone) add(`zone:${zone}`)
}

function links(mail: ParsedMail, add: Add): void {
  const from = mail.from[0]?.address
  const sender = from ? domainOf(from) : null
  for (const url of mail.urls.slice(0, 60)) {
    if (url.place === 'header') continue
    const host = url.host.toLowerCase()
    add(`url-${url.place === 'image' ? 'image' : 'host'}:${host}`)
    add(`url-domain:${url.domain ?? host}`)
    add(`url-tld:${host.split('.').at(-1)}`)
    add(`url-shape:${url.place} ${hostShape(host)}`)
    if (sender !== null) add(`url-${url.place}:${related(host, sender)}`)
    const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)(\?[^#]*)?(#.*)?/i.exec(url.url)
    if (path) {
      add(`url-path:${shapeOf(path[1] ?? '')}`)
      add(
        `url-parts:${url.place}${path[2] ? ' query' : ''}${path[3] ? ' fragment' : ''}${url.url.startsWith('https') ? '' : ' plain'}`,
      )
      for (const word of wordsOf((path[1] ?? '').slice(0, 80).replaceAll(/[/._-]/g, ' ')).slice(0, 6))
        add(`path:${word}`)
    }
    if (url.anchor) for (const word of wordsOf(url.anchor.slice(0, 80)).slice(0, 6)) add(`anchor:${word}`)
  }
}

const bucket = (n: number): number => (n === 0 ? 0 : 1 + Math.floor(Math.log2(n)))

function shape(mail: ParsedMail, add: Add): void {
  const kinds = { link: 0, image: 0, form: 0, text: 0, attachment: 0, header: 0, qr: 0 }
  for (const url of mail.urls) kinds[url.place]++
  const html = mail.hasHtml ? 'html' : 'plain'
  add(`shape:${html}`)
  add(`shape:${html} text ${bucket(mail.text.length)}`)
  add(`shape:links ${bucket(kinds.link)} images ${bucket(kinds.image)}`)
  if (kinds.form > 0) add('shape:form')
  add(`shape:attachments ${bucket(mail.attachments.length)}`)
  add(`shape:subject ${bucket(mail.subject.length)}`)
  if (/^\s*(re|fwd?|aw|wg|sv|rv)\s*:/i.test(mail.subject)) add('shape:reply subject')
  if (/[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u.test(mail.subject))
    add('shape:other script in subject')
  const capitals = mail.subject.replace(/[^\p{Lu}]/gu, '').length
  if (mail.subject.length > 8 && capitals / mail.subject.length > 0.5) add('shape:capitals in subject')
  add(`defects:${Math.min(3, mail.defects.length)}`)
}

const extension = (name: string): string => {
  const dot = name.lastIndexOf('.')
  return dot < 0
    ? 'none'
    : name
        .slice(dot + 1)
        .toLowerCase()
        .slice(0, 12)
}
