import type { Reply } from './types.ts'

/** `enhanced`: RFC 3463, as `5.1.1`; `text`: one line. */
export const reply = (code: number, enhanced: string, text: string): Reply => ({ code, enhanced, text })

export const OK = reply(250, '2.0.0', 'Ok')
export const BAD_SEQUENCE = (text: string): Reply => reply(503, '5.5.1', text)
export const SYNTAX = (text: string): Reply => reply(501, '5.5.4', text)
export const TRY_LATER = reply(451, '4.3.0', 'Not stored, please try again later')

/** A reply of ours is one line of printable ASCII: whatever a text quotes cannot end the line or add another. */
export function formatReply({ code, enhanced, text }: Reply): string {
  const safe = text.replace(/[^\x20-\x7e]/g, '?').slice(0, 450)
  return `${code} ${enhanced === '' ? '' : `${enhanced} `}${safe}\r\n`
}

export const isSuccess = (r: Reply): boolean => r.code >= 200 && r.code < 300
