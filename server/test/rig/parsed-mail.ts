import type { ParsedMail } from '../../src/mail/index.ts'

/** An unremarkable parsed message with the given parts replaced; for tests. */
export function parsedMail(part: Partial<ParsedMail> = {}): ParsedMail {
  return {
    internetMessageId: '<1@news.example>',
    subject: 'Hello',
    date: '2026-03-01T10:00:00.000Z',
    headers: [],
    from: [{ name: 'News', address: 'letters@news.example', raw: 'News <letters@news.example>' }],
    fromHeaders: 1,
    sender: null,
    replyTo: [],
    to: [],
    cc: [],
    returnPath: null,
    urls: [],
    attachments: [],
    text: 'Hello',
    hasHtml: false,
    html: null,
    writing: {
      language: null,
      charsets: [],
      invisible: 0,
      invisibleWords: [],
      turning: 0,
      mixed: [],
      afterGap: 0,
    },
    authentication: {
      source: 'none',
      spf: { result: 'none', domain: null },
      dkim: [],
      dmarc: { result: 'none', domain: null, policy: null },
      arc: 'none',
      aligned: false,
    },
    fingerprints: { subject: null, body: null },
    defects: [],
    ...part,
  }
}
