import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { linksOf } from '../links.ts'
import { listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/** Signatures and disclaimers aside, so many characters are a letter. */
const A_LETTER = 250

/** The message is a picture: nothing to read for filters, one thing to click on or to scan for people. */
export function imageOnly({ mail }: SignalInput): Signal[] {
  const { html } = mail
  if (html === null || listOf(mail) !== null) return []
  const { remote, inline, data, linked } = html.images
  const shown = remote + inline + data
  if (shown === 0 || html.visible > A_LETTER) return []
  const share = html.visible < 40 ? 1 : html.visible < 120 ? 0.7 : 0.4
  const links = linksOf(mail).filter((l) => l.place === 'link').length
  const found: Finding[] = []
  const where = remote > 0 ? 'loaded from elsewhere' : 'inside it'
  if (linked > 0)
    found.push({
      what: `${shown === 1 ? 'a picture' : `${shown} pictures`} ${where} that ${linked === 1 ? 'is a link' : 'are links'}, and ${html.visible} characters of text`,
      weight: 2.4 * share,
    })
  else if (links > 0)
    found.push({ what: `pictures ${where}, a link, and ${html.visible} characters of text`, weight: 1.5 * share })
  else if (inline + data > 0)
    found.push({ what: `a picture ${where} and ${html.visible} characters of text`, weight: 1 * share })
  return signalOf(
    { id: 'image-only', threat: 'phish', technology: 'content', lead: 'The message is little more than', most: 4 },
    found,
  )
}
