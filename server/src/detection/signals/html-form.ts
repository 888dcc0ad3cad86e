import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { siteOf } from '../hosts.ts'
import { digestShare, senderSites } from '../links.ts'
import { listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * A message that is a page: it asks for a password in itself, sends what is filled in to strangers, runs scripts or forwards by itself. Mail
 * programs block most of it, so honest senders stopped writing it; polls and search fields remain.
 */
export function htmlForm({ mail }: SignalInput): Signal[] {
  const { html } = mail
  if (html === null) return []
  const sites = senderSites(mail)
  const share = listOf(mail)?.shown === true ? 0.4 : 1
  const digest = digestShare(mail)
  const found: Finding[] = []
  const add = (weight: number, what: string) => found.push({ what, weight: weight * share * (weight < 5 ? digest : 1) })
  if (html.passwords > 0) add(7, 'asks for a password inside the message')
  for (const form of html.forms) {
    const strange = form.host !== null && !sites.has(siteOf(form.host))
    // One field is a search or a subscription; several are data.
    if (form.fields > 1 && strange) add(form.method === 'post' ? 2.2 : 1, `sends ${form.fields} fields to ${form.host}`)
    else if (form.fields > 1 && form.host === null) add(1.5, `has a form of ${form.fields} fields that a script sends`)
  }
  if (html.refreshes > 0) add(2.5, 'forwards to another page by itself')
  if (html.base !== null && !sites.has(siteOf(html.base))) add(0.8, `completes its links by ${html.base}`)
  if (html.frames > 0) add(0.6, 'shows another page in a frame')
  if (html.scripts > 0) add(0.6, 'brings a script')
  return signalOf({ id: 'html-form', threat: 'phish', technology: 'content', lead: 'The message', most: 9 }, found)
}
