import type { EntityRef, Signal } from '../../judgement/index.ts'
import { type AttachmentFound, normaliseAddress } from '../../mail/pure.ts'
import { type Finding, signalOf } from '../findings.ts'
import { siteOf } from '../hosts.ts'
import { senderSites } from '../links.ts'
import { printable } from '../printable.ts'
import type { SignalInput } from '../types.ts'

/**
 * A web page or SVG in a file, and what it does when it is opened in a browser, where no mail filter looks: asks for a password,
 * knows its reader, puts a file together by script (*HTML smuggling*), leads on. Reports and invoices come as pages, too; those show text and run nothing.
 */
export function pageAttachment({ mail }: SignalInput): Signal[] {
  const sites = senderSites(mail)
  const readers = new Set(
    [...mail.to, ...mail.cc].flatMap((a) => (a.address === null ? [] : [normaliseAddress(a.address) ?? ''])),
  )
  const found = mail.attachments.flatMap((file) => judge(file, sites, readers))
  const smuggles = found.some((f) => f.malware === true)
  return signalOf(
    {
      id: 'page-attachment',
      threat: smuggles ? 'malware' : 'phish',
      technology: 'file-analysis',
      lead: 'A page in a file',
      most: 12,
    },
    found,
  )
}

type Judged = Finding & { readonly malware?: boolean }

function judge(file: AttachmentFound, sites: ReadonlySet<string>, readers: ReadonlySet<string>): Judged[] {
  const page = file.inside?.page
  if (page === undefined) return []
  const out: Judged[] = []
  const entities: EntityRef[] = [{ kind: 'file-hash', value: file.sha256.toLowerCase() }]
  const add = (weight: number, what: string, malware = false) =>
    out.push({ what: `${what} (${printable(file.name, 60)})`, weight, entities, malware })
  const svg = file.realType === 'image/svg+xml' || /\.svgz?$/i.test(file.name)
  if (page.passwords > 0) add(8, 'asks for a password')
  else if (page.forms.some((f) => f.fields > 0 && f.host !== null && !sites.has(siteOf(f.host))))
    add(4, 'sends what is filled in to a stranger')
  if (page.addresses.some((a) => readers.has(a)) && page.scripts > 0)
    add(4, "knows its reader's address and runs scripts")
  const builds = page.builds.filter((b) => b !== 'innerHTML' && b !== 'srcdoc' && b !== 'download')
  const makesFile =
    page.builds.includes('Blob') ||
    page.builds.includes('createObjectURL') ||
    page.builds.includes('msSaveBlob') ||
    page.builds.includes('download')
  if (makesFile && (page.encoded > 1_000 || page.builds.includes('atob')))
    add(9, 'puts a file together by script', true)
  else if (builds.length > 0 && page.encoded > 500)
    add(7, `unpacks itself by script (${builds.slice(0, 3).join(', ')})`)
  else if (builds.length > 1) add(4, `is written by script (${builds.slice(0, 3).join(', ')})`)
  if (svg && (page.scripts > 0 || page.handlers > 0)) add(7, 'is a picture that runs scripts')
  if (page.redirects) add(page.visible < 200 ? 6 : 3, 'leads to another page by itself')
  if (page.scripts > 0 && page.visible < 50 && out.length === 0) add(3, 'shows nothing and runs a script')
  if (page.frames > 0 && page.visible < 100) add(3, 'shows another page in a frame')
  return out
}
