import type { Dovecot } from '../rig/dovecot.ts'
import { sendAsMta } from '../rig/mta.ts'
import { CDN, login } from './company.ts'

export const NEXT_ONES = 20

/** Messages like the good ones, some to every part of the company, through the gateway: which of them came to their readers. */
export async function arrive(
  { lmtp, dovecot, mailboxes }: { readonly lmtp: number; readonly dovecot: Dovecot; readonly mailboxes: number },
  from: number,
): Promise<readonly boolean[]> {
  const to = Array.from({ length: NEXT_ONES }, (_, n) => login((n * 37) % mailboxes))
  const mark = (n: number) => `next-${from + n}@goodnews.example`
  for (const [n, recipient] of to.entries()) {
    const raw = Buffer.from(
      `From: Good News <letters@goodnews.example>\r\nTo: ${recipient}\r\nSubject: Good news ${from + n}\r\nMessage-ID: <${mark(n)}>\r\n` +
        `Date: ${new Date().toUTCString()}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIssue: https://${CDN}/issue/${from + n}.html\r\n`,
    )
    const mailFrom = 'letters@goodnews.example'
    const [said] = await sendAsMta(lmtp, { mailFrom, recipients: [recipient], raw, ident: `D${from + n}` })
    if (!said?.startsWith('250')) throw new Error(`the gateway says ${said}`)
  }
  const there: boolean[] = []
  for (const [n, recipient] of to.entries()) {
    const said = await dovecot.doveadm('search', '-u', recipient, 'header', 'Message-ID', mark(n))
    there.push(said.trim() !== '')
  }
  return there
}
