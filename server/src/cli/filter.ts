import type { Command } from 'commander'
import { AppError } from '../base/index.ts'
import { instant, whole } from './arguments.ts'

const FILTERS: Readonly<Record<string, string>> = {
  q: 'text in subject, sender or recipient',
  from: 'received at or after (ISO 8601 instant or date)',
  to: 'received before',
  threat: 'malware, phish, spam, …',
  technology: 'how it was found: url-analysis, content, list-entry, …',
  direction: 'inbound, internal, outbound',
  action: 'delivered, junked, blocked',
  location: 'inbox, junk, quarantine, …',
  'original-location': 'where it was delivered',
  additional: 'what was done since: manual-remediation, automated-remediation, zap, quarantine-release, none',
  sender: 'address',
  'sender-domain': 'domain',
  recipient: 'address',
  url: 'URL in the message',
  'url-domain': 'domain of a URL in it',
  'body-fingerprint': 'of its text, as `recourse show --json` gives it',
  'subject-fingerprint': 'of its subject',
  'structure-fingerprint': 'of how its HTML is built',
  'url-fingerprint': 'of its links',
  'image-fingerprint': 'of its picture',
  'file-hash': 'SHA-256 of an attachment',
  ip: 'sending server',
  'message-id': 'network message ID',
  'internet-message-id': 'Message-ID header',
  spf: 'pass, fail, softfail, none, …',
  dkim: 'of any signature',
  dmarc: 'pass, fail, none, …',
  'urls-over': 'more than so many links',
  'urls-under': 'fewer links',
  'attachments-over': 'more than so many attachments',
  'attachments-under': 'fewer attachments',
  'size-over': 'larger than so many bytes',
  'size-under': 'smaller',
  not: 'names of filters of which none of the values may match',
  match: 'all (usual) or any of the filters, within from and to',
}

type FilterParts = Record<string, string | string[] | boolean | number>

export const camel = (name: string): string => name.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase())

/** Adds the filter's options to a command; several values, separated by commas, mean *or*. */
export function withFilter(command: Command): Command {
  for (const [name, what] of Object.entries(FILTERS)) command.option(`--${name} <value>`, what)
  return command.option('--reported', 'only what somebody reported')
}

/** The filter that the options say. */
export function filterOf(options: Readonly<Record<string, unknown>>): FilterParts {
  const filter: FilterParts = {}
  for (const name of Object.keys(FILTERS)) {
    const value = options[camel(name)]
    if (typeof value !== 'string') continue
    if (name === 'from' || name === 'to') filter[name] = instant(name, value)
    else if (/-(over|under)$/.test(name)) filter[camel(name)] = whole(name, value)
    else if (name === 'not') filter[name] = value.split(',').map((field) => camel(field.trim()))
    else if (name === 'q' || name === 'url' || !value.includes(',')) filter[camel(name)] = value
    else filter[camel(name)] = value.split(',').map((v) => v.trim())
  }
  if (options['reported'] === true) filter['reported'] = true
  return filter
}

/** `url-domain=x.example,threat=phish`: the filter as one text. */
export function parseQuery(text: string): FilterParts {
  const options: Record<string, unknown> = {}
  for (const part of text.split(/[,\s]+(?=[a-z-]+=)/i).filter((p) => p !== '')) {
    const at = part.indexOf('=')
    const name = part
      .slice(0, at)
      .replace(/([A-Z])/g, '-$1')
      .toLowerCase()
    if (at < 1 || (!(name in FILTERS) && name !== 'reported'))
      throw new AppError(
        'usage',
        `"${part}" is no filter.`,
        `Write name=value, separated by commas: ${Object.keys(FILTERS).join(', ')}, reported=true.`,
      )
    options[camel(name)] = name === 'reported' ? part.slice(at + 1) !== 'false' : part.slice(at + 1)
  }
  return filterOf(options)
}
