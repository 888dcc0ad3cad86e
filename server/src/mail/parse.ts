import type { DNSResolver } from 'mailauth'
import { readBody } from './body.ts'
import { withSeals } from './headers/arc.ts'
import { checkOurselves, fromDomain } from './headers/authentication.ts'
import { readEnvelope, recipientNames, type Trust } from './headers/envelope.ts'
import { msgToMime } from './inside/index.ts'
import { LimitError } from './mime/mime.ts'
import { type MimeLimits, readTree } from './mime/tree.ts'
import type { MailContext, ParsedMail, ParseOutcome } from './types.ts'
import { urlsInText } from './urls.ts'
import { bodyFingerprint, structureFingerprint, urlsFingerprint } from './words/fingerprints.ts'

/** Names of servers whose Authentication-Results are believed: see `isTrusted`. */
export interface ParseSettings extends MimeLimits, Trust {
  readonly resolver: DNSResolver | null
}

/** Header bytes that the header-only reader looks at. */
export const ENVELOPE_BYTES = 64 * 1024
const MAX_DEFECTS = 50

const bounded = (defects: readonly string[]): string[] => [...new Set(defects)].slice(0, MAX_DEFECTS)

/** Parses one message in this process; only the child processes call it. Never throws. */
export async function parseMail(raw: Buffer, context: MailContext, settings: ParseSettings): Promise<ParseOutcome> {
  try {
    return { kind: 'parsed', mail: await parseAll(raw, context, settings) }
  } catch (error) {
    const why = error instanceof LimitError ? error.message : `the parser failed: ${String(error).slice(0, 200)}`
    return unparsable(raw, why, settings)
  }
}

export function unparsable(raw: Buffer, why: string, trust: Trust): ParseOutcome {
  const mail = readEnvelope(raw, trust, ENVELOPE_BYTES)
  return { kind: 'unparsable', why, mail: { ...mail, defects: bounded([why, ...mail.defects]) } }
}

async function parseAll(written: Buffer, context: MailContext, settings: ParseSettings): Promise<ParsedMail> {
  const outlook = msgToMime(written)
  const raw = outlook ?? written
  const envelope = readEnvelope(raw, settings, settings.maxHeaderBytes)
  const defects = [...envelope.defects]
  if (outlook !== null) defects.push('an Outlook file, not the message as it was sent')
  const body = await readBody(readTree(raw, settings), envelope.subject, defects)
  const unsubscribe = envelope.headers.filter((h) => h.name.toLowerCase() === 'list-unsubscribe')
  const text = body.text
  return {
    ...envelope,
    urls: [...body.urls, ...unsubscribe.flatMap((h) => urlsInText(h.value, 'header', 20)).slice(0, 20)],
    attachments: body.attachments,
    text,
    hasHtml: body.hasHtml,
    html: body.html,
    writing: body.writing,
    // Put together again, no signature can pass: nothing is known rather than failed.
    authentication:
      outlook === null ? await authenticationOf(raw, envelope, context, settings) : envelope.authentication,
    fingerprints: {
      ...envelope.fingerprints,
      body: bodyFingerprint(text, recipientNames(envelope)),
      structure: structureFingerprint(body.shapes),
      urls: urlsFingerprint(body.urls),
      image: body.picture,
    },
    defects: bounded(defects),
  }
}

async function authenticationOf(raw: Buffer, mail: ParsedMail, context: MailContext, settings: ParseSettings) {
  const domain = fromDomain(mail.from, mail.fromHeaders)
  const known = mail.authentication.source !== 'none' || settings.resolver === null
  const found = known ? mail.authentication : await checkOurselves(raw, context, settings.resolver, domain)
  return withSeals(found, mail.headers, domain)
}
