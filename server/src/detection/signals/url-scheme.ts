import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { domainOf, siteOf } from '../hosts.ts'
import { senderSites } from '../links.ts'
import { isFreeMail, listOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/** Schemes of links that no letter needs. Points by what they do when they are followed. */
const SCHEMES: Readonly<Record<string, readonly [number, string]>> = {
  javascript: [5, 'runs a script'],
  vbscript: [6, 'runs a script'],
  // Shown as a page of its own, without a host that anybody could look up.
  data: [5, 'is a whole page in itself'],
  blob: [4, 'is a whole page in itself'],
  // A share of the network: the reader's password hash is sent to whoever owns it.
  file: [5, 'opens a file on some machine'],
  'search-ms': [8, 'opens a folder of somebody else as if it were local'],
  'ms-msdt': [8, 'starts a tool of Windows'],
  'ms-officecmd': [8, 'starts Office'],
  'ms-appinstaller': [6, 'installs a program'],
  'ms-word': [2, 'opens a document in Word'],
  'ms-excel': [2, 'opens a document in Excel'],
  smb: [5, 'opens a file on some machine'],
}

/** A link that is no web address, or a ready-made answer to somebody else than the sender. */
export function urlScheme({ mail }: SignalInput): Signal[] {
  const list = listOf(mail)?.shown === true
  const sites = senderSites(mail)
  const found: Finding[] = []
  for (const { scheme, sample } of mail.html?.odd ?? []) {
    const known = SCHEMES[scheme]
    if (
      known !== undefined &&
      !/^data:image\/(?!svg)/i.test(sample) &&
      !/^javascript:\s*(?:void\(0?\)|;|window\.print|history)?\s*;?\s*$/i.test(sample)
    )
      found.push({ weight: known[0], what: `with ${scheme}: ${known[1]}` })
    else if (scheme === 'mailto' && !list) {
      const answer = mailto(sample, sites)
      if (answer !== null) found.push(answer)
    }
  }
  return signalOf({ id: 'url-scheme', threat: 'phish', technology: 'url-analysis', lead: 'A link', most: 9 }, found)
}

/** Buttons that send a written answer to strangers: how a mailing finds out which addresses live. */
function mailto(sample: string, sites: ReadonlySet<string>): Finding | null {
  const address = /^mailto:([^?]{3,200}@[^?,;]{3,200})/i.exec(sample.trim())?.[1]
  if (address === undefined || /unsub|leave|remove|abmeld|opt-?out/i.test(sample)) return null
  const domain = domainOf(address)
  if (sites.has(siteOf(domain))) return null
  return { weight: isFreeMail(domain) ? 2.5 : 1.2, what: `writes an answer to ${domain}, which is not the sender` }
}
