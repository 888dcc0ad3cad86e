import type { Command } from 'commander'
import { AppError } from '../base/index.ts'

const FILTERS: Readonly<Record<string, string>> = {
  q: 'text in subject, sender or recipient',
  from: 'received at or after (ISO 8601 instant or date)',
  to: 'received before',
  threat: 'malware, phish, spam, …',
  action: 'delivered, junked, blocked',
  location: 'inbox, junk, quarantine, …',
  sender: 'address',
  'sender-domain': 'domain',
  recipient: 'address',
  url: 'URL in the message',
  'url-domain': 'domain of a URL in it',
  'file-hash': 'SHA-256 of an attachment',
  ip: 'sending server',
  'internet-message-id': 'Message-ID header',
}

const camel = (name: string): string => name.replace(/-([a-z])/g, (_, c: string) => c.toUpperCase())

/** Adds the filter's options to a command; several values, separated by commas, mean *or*. */
export function withFilter(command: Command): Command {
  for (const [name, what] of Object.entries(FILTERS)) command.option(`--${name} <value>`, what)
  return command.option('--reported', 'only what somebody reported')
}

/** The filter that the options say. */
export function filterOf(options: Readonly<Record<string, unknown>>): Record<string, string | string[] | boolean> {
  const filter: Record<string, string | string[] | boolean> = {}
  for (const name of Object.keys(FILTERS)) {
    const value = options[camel(name)]
    if (typeof value !== 'string') continue
    if (name === 'from' || name === 'to') filter[name] = instant(name, value)
    else if (name === 'q' || name === 'url' || !value.includes(',')) filter[camel(name)] = value
    else filter[camel(name)] = value.split(',').map((v) => v.trim())
  }
  if (options['reported'] === true) filter['reported'] = true
  return filter
}

/** `url-domain=x.example,threat=phish`: the filter as one text. */
export function parseQuery(text: string): Record<string, string | string[] | boolean> {
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

function instant(name: string, text: string): string {
  const at = new Date(text)
  if (Number.isNaN(at.getTime()))
    throw new AppError('usage', `--${name} "${text}" is no time.`, 'Write 2026-05-01 or 2026-05-01T12:00:00Z.')
  return at.toISOString()
}
