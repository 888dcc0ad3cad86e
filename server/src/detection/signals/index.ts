import { messageOf } from '../../base/pure.ts'
import type { Signal } from '../../judgement/index.ts'
import type { SignalInput } from '../types.ts'
import { advanceFee } from './advance-fee.ts'
import { authenticationFailure } from './authentication-failure.ts'
import { brandImpersonation } from './brand-impersonation.ts'
import { bulkMail } from './bulk-mail.ts'
import { calendarTrap } from './calendar-trap.ts'
import { callback } from './callback.ts'
import { dangerousAttachment } from './dangerous-attachment.ts'
import { displayNameImpersonation } from './display-name-impersonation.ts'
import { feed } from './feed.ts'
import { fileContents } from './file-contents.ts'
import { firstContact } from './first-contact.ts'
import { fromOddity } from './from-oddity.ts'
import { goodEvidence } from './good-evidence.ts'
import { htmlForm } from './html-form.ts'
import { htmlHidden } from './html-hidden.ts'
import { imageOnly } from './image-only.ts'
import { linkMismatch } from './link-mismatch.ts'
import { lookAlikeDomain } from './look-alike-domain.ts'
import { lure } from './lure.ts'
import { mimeOddity } from './mime-oddity.ts'
import { pageAttachment } from './page-attachment.ts'
import { pdfLure } from './pdf-lure.ts'
import { qrCode } from './qr-code.ts'
import { quotedThread } from './quoted-thread.ts'
import { senderDisagreement } from './sender-disagreement.ts'
import { senderDomain } from './sender-domain.ts'
import { spamContent } from './spam-content.ts'
import { textTricks } from './text-tricks.ts'
import { transportOddity } from './transport-oddity.ts'
import { unauthenticated } from './unauthenticated.ts'
import { urlBrand } from './url-brand.ts'
import { urlHost } from './url-host.ts'
import { urlRedirect } from './url-redirect.ts'
import { urlScheme } from './url-scheme.ts'
import { urlSender } from './url-sender.ts'
import { urlService } from './url-service.ts'

/** One analysis, one file, one signature: looks at a parsed message and says what it found. Pure. */
export type Analysis = (input: SignalInput) => Signal[]

export const ANALYSES: Readonly<Record<string, Analysis>> = {
  'authentication-failure': authenticationFailure,
  'display-name-impersonation': displayNameImpersonation,
  'link-mismatch': linkMismatch,
  'look-alike-domain': lookAlikeDomain,
  'dangerous-attachment': dangerousAttachment,
  unauthenticated: unauthenticated,
  'transport-oddity': transportOddity,
  'text-tricks': textTricks,
  'spam-content': spamContent,
  'sender-domain': senderDomain,
  'sender-disagreement': senderDisagreement,
  lure: lure,
  'good-evidence': goodEvidence,
  'from-oddity': fromOddity,
  callback: callback,
  'bulk-mail': bulkMail,
  'brand-impersonation': brandImpersonation,
  'advance-fee': advanceFee,
  'first-contact': firstContact,
  'quoted-thread': quotedThread,
  'url-host': urlHost,
  'url-service': urlService,
  'url-redirect': urlRedirect,
  'url-brand': urlBrand,
  'url-scheme': urlScheme,
  'url-sender': urlSender,
  'html-hidden': htmlHidden,
  'html-form': htmlForm,
  'image-only': imageOnly,
  'mime-oddity': mimeOddity,
  'page-attachment': pageAttachment,
  'file-contents': fileContents,
  'pdf-lure': pdfLure,
  'qr-code': qrCode,
  'calendar-trap': calendarTrap,
  feed: feed,
}

/** Everything that the analyses find. One that fails is noted and stops none of the others. */
export function gather(input: SignalInput): Signal[] {
  return Object.entries(ANALYSES).flatMap(([id, analyse]) => {
    try {
      return analyse(input)
    } catch (error) {
      return [failure(id, error)]
    }
  })
}

const failure = (id: string, error: unknown): Signal => ({
  id,
  version: 1,
  weight: 0,
  threat: 'none',
  technology: 'none',
  summary: `The analysis ${id} failed and found nothing`,
  evidence: { error: messageOf(error).slice(0, 500) },
  entities: [],
})
