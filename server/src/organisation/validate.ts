import { domainToASCII } from 'node:url'
import { Value } from 'typebox/value'
import { AppError } from '../base/index.ts'
import { type OrganisationDocument, OrganisationInput } from './document.ts'

const MAX_TOLD = 50

/** Reads a document from outside: every mistake at once, each with the entry that it is about (`aliases[2] sales@x.example: …`). */
export function readOrganisation(input: unknown): OrganisationDocument {
  if (!Value.Check(OrganisationInput, input)) {
    const said = [...Value.Errors(OrganisationInput, input)].map(
      (e) => `${pathOf(e.instancePath)}: ${e.message}${extra(e.params)}`,
    )
    throw refuse([...new Set(said)])
  }
  const document = normal(input)
  const wrong = [...domains(document), ...addresses(document), ...targets(document), ...cycles(document)]
  if (wrong.length > 0) throw refuse(wrong)
  return document
}

function refuse(wrong: readonly string[]): AppError {
  const more = wrong.length > MAX_TOLD ? [`… and ${wrong.length - MAX_TOLD} more`] : []
  return new AppError(
    'organisation',
    `The organisation has ${wrong.length} ${wrong.length === 1 ? 'mistake' : 'mistakes'}:\n${[...wrong.slice(0, MAX_TOLD), ...more].map((w) => `  - ${w}`).join('\n')}`,
    'Correct these entries and send the document again; nothing was changed.',
    { status: 422 },
  )
}

const pathOf = (pointer: string): string =>
  pointer === ''
    ? 'the document'
    : pointer
        .slice(1)
        .replace(/\/(\d+)/g, '[$1]')
        .replaceAll('/', '.')

const extra = (params: unknown): string => {
  const keys = typeof params === 'object' && params !== null ? Reflect.get(params, 'additionalProperties') : undefined
  return Array.isArray(keys) ? ` (${keys.join(', ')})` : ''
}

const lower = (text: string): string => text.trim().toLowerCase()

function normal(input: OrganisationInput): OrganisationDocument {
  return {
    version: input.version ?? 0,
    domains: input.domains.map(lower).map((d) => domainToASCII(d) || d),
    mailboxes: input.mailboxes.map((m) => ({
      address: address(m.address),
      login: m.login ?? address(m.address),
      displayName: m.displayName?.trim() || address(m.address),
      kind: m.kind ?? 'user',
      protected: m.protected ?? false,
    })),
    aliases: (input.aliases ?? []).map((a) => ({ address: address(a.address), target: address(a.target) })),
    groups: (input.groups ?? []).map((g) => ({
      address: address(g.address),
      displayName: g.displayName?.trim() || address(g.address),
      members: [...new Set(g.members.map(address))],
    })),
  }
}

/** Lower case, domain in its ASCII form. */
export function address(text: string): string {
  const at = text.lastIndexOf('@')
  const domain = lower(text.slice(at + 1))
  return at < 0 ? lower(text) : `${lower(text.slice(0, at))}@${domainToASCII(domain) || domain}`
}

export const domainOf = (text: string): string => text.slice(text.lastIndexOf('@') + 1)

const DOMAIN = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
// Quoted local parts are legal and nobody has them; a slash or a control character in one would be somebody's trick.
const ADDRESS = /^[^\s@"(),:;<>[\\\]/]{1,64}@(.+)$/

function isAddress(text: string): boolean {
  const match = ADDRESS.exec(text)
  return match !== null && DOMAIN.test(match[1] ?? '')
}

function domains(document: OrganisationDocument): string[] {
  const seen = new Set<string>()
  return document.domains.flatMap((domain, i) => {
    if (!DOMAIN.test(domain)) return [`domains[${i}] ${quote(domain)}: not a domain name`]
    if (seen.has(domain)) return [`domains[${i}] ${domain}: there twice`]
    seen.add(domain)
    return []
  })
}

interface Named {
  readonly where: string
  readonly address: string
}

function named(document: OrganisationDocument): Named[] {
  const at = (kind: string, list: readonly { address: string }[]) =>
    list.map((one, i) => ({ where: `${kind}[${i}]`, address: one.address }))
  return [...at('mailboxes', document.mailboxes), ...at('aliases', document.aliases), ...at('groups', document.groups)]
}

function addresses(document: OrganisationDocument): string[] {
  const own = new Set(document.domains)
  const seen = new Map<string, string>()
  const logins = new Map<string, string>()
  const wrong = named(document).flatMap(({ where, address: one }) => {
    if (!isAddress(one)) return [`${where} ${quote(one)}: not an e-mail address`]
    if (!own.has(domainOf(one))) return [`${where} ${one}: its domain ${domainOf(one)} is not among the domains`]
    const before = seen.get(one)
    seen.set(one, where)
    return before ? [`${where} ${one}: the address is taken by ${before}`] : []
  })
  for (const [i, mailbox] of document.mailboxes.entries()) {
    const login = mailbox.login.toLowerCase()
    const before = logins.get(login)
    if (before)
      wrong.push(`mailboxes[${i}] ${mailbox.address}: the login ${quote(mailbox.login)} is taken by ${before}`)
    if (badLogin(mailbox.login))
      wrong.push(
        `mailboxes[${i}] ${mailbox.address}: the login ${quote(mailbox.login)} must not hold slashes, "..", or control characters`,
      )
    logins.set(login, `mailboxes[${i}]`)
  }
  return wrong
}

// A login names a directory of a Maildir store.
const badLogin = (login: string): boolean =>
  login.startsWith('.') || /[/\\*%]/.test(login) || [...login].some((c) => c < ' ' || c === '\u007f')

function targets(document: OrganisationDocument): string[] {
  const own = new Set(document.domains)
  const known = new Set(named(document).map((n) => n.address))
  const check = (where: string, target: string): string[] => {
    if (!isAddress(target)) return [`${where}: ${quote(target)} is not an e-mail address`]
    return own.has(domainOf(target)) && !known.has(target)
      ? [`${where}: ${target} is neither a mailbox nor an alias nor a group here`]
      : []
  }
  return [
    ...document.aliases.flatMap((a, i) => check(`aliases[${i}] ${a.address}`, a.target)),
    ...document.groups.flatMap((g, i) => g.members.flatMap((m) => check(`groups[${i}] ${g.address}`, m))),
  ]
}

/** Groups may hold groups, but none may, by any way, hold itself; the same for aliases. */
function cycles(document: OrganisationDocument): string[] {
  const next = new Map<string, readonly string[]>()
  for (const alias of document.aliases) next.set(alias.address, [alias.target])
  for (const group of document.groups) next.set(group.address, group.members)
  const done = new Set<string>()
  const wrong: string[] = []
  for (const start of next.keys()) {
    const trail: string[] = []
    const stack: { readonly at: string; readonly leave: boolean }[] = [{ at: start, leave: false }]
    for (let step = stack.pop(); step; step = stack.pop()) {
      if (step.leave) {
        trail.pop()
        done.add(step.at)
      } else if (trail.includes(step.at))
        wrong.push(`${[...trail.slice(trail.indexOf(step.at)), step.at].join(' → ')}: goes in a circle`)
      else if (!done.has(step.at) && next.has(step.at)) {
        trail.push(step.at)
        stack.push({ at: step.at, leave: true }, ...(next.get(step.at) ?? []).map((at) => ({ at, leave: false })))
      }
    }
  }
  return [...new Set(wrong)]
}

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text)
