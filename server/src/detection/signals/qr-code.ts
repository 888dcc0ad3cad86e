import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { genuineBulk } from '../hosts.ts'
import { serviceOf } from '../knowledge/url-services.ts'
import { linksOf, percentDecoded, senderSites } from '../links.ts'
import type { SignalInput } from '../types.ts'

/**
 * A QR code with a web address: it moves the reader from the guarded desk to the own telephone, past every filter of links. A code that
 * leads to the sender's own pages is a convenience; newsletters print codes for their apps.
 */
export function qrCode({ mail }: SignalInput): Signal[] {
  const sites = senderSites(mail)
  const bulk = genuineBulk(mail)
  const readers = [...mail.to, ...mail.cc].flatMap(({ address }) => (address === null ? [] : [address.toLowerCase()]))
  const found = linksOf(mail)
    .filter((l) => l.place === 'qr' && !(sites.has(l.site) && mail.authentication.aligned))
    .map((l): Finding => {
      const knows = readers.some((r) =>
        percentDecoded(l.url.href.replace(/%(?![0-9a-f]{2})/gi, '%25'))
          .toLowerCase()
          .includes(r),
      )
      const hidden = serviceOf(l.host, l.url.pathname) !== null
      return {
        what: `${l.host.slice(0, 80)}${knows ? ", with the reader's address" : ''}`,
        weight: (bulk ? 1 : 3.2) + (knows ? 3 : 0) + (hidden ? 1 : 0),
        entities: l.entities,
      }
    })
  return signalOf(
    { id: 'qr-code', threat: 'phish', technology: 'url-analysis', lead: 'A QR code leads to', most: 8 },
    found,
  )
}
