import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { printable } from '../printable.ts'
import type { SignalInput } from '../types.ts'

/**
 * A document that is a signpost: a page or two of hardly any text, a picture, and a link. What a letter would say is where filters look; so it is
 * said in a file. Invoices and tickets have text.
 */
export function pdfLure({ mail }: SignalInput): Signal[] {
  const found = mail.attachments.flatMap((file): Finding[] => {
    const pdf = file.inside?.pdf
    if (pdf === undefined || pdf.links === 0 || pdf.links > 4 || pdf.pages > 2 || pdf.encrypted) return []
    const entities = [{ kind: 'file-hash' as const, value: file.sha256.toLowerCase() }]
    const bare = mail.text.length < 400
    if (pdf.texts <= 3 && pdf.images > 0)
      return [
        { what: `${printable(file.name, 80)}, a picture with a link and no text`, weight: bare ? 3.5 : 2.5, entities },
      ]
    return pdf.texts < 25
      ? [
          {
            what: `${printable(file.name, 80)}, a page with ${pdf.links} ${pdf.links === 1 ? 'link' : 'links'} and hardly any text`,
            weight: bare ? 1.5 : 0.8,
            entities,
          },
        ]
      : []
  })
  return signalOf({ id: 'pdf-lure', threat: 'phish', technology: 'file-analysis', lead: 'Attachment', most: 5 }, found)
}
