import { AUTHSERV, DOMAIN } from './company.ts'

/** One message ready to be fed: its bytes and its envelope. */
export interface Fed {
  readonly raw: Buffer
  readonly mailFrom: string
  readonly recipients: readonly string[]
  readonly receivedAt: Date
}

export interface Written {
  readonly from: string
  readonly fromAddress: string
  readonly to: string
  readonly subject: string
  readonly at: Date
  readonly html: string
  readonly text: string
  /** What the company's mail server found: `pass` or `fail` for the sender's domain. */
  readonly auth: 'pass' | 'fail' | 'none'
  readonly ip: string
  readonly attachment?: { readonly name: string; readonly type: string; readonly bytes: Buffer }
  readonly headers?: readonly string[]
}

const encoded = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`

const wrap = (base64: string): string => base64.replace(/.{76}/g, '$&\r\n')

function authentication(written: Written): string {
  const domain = written.fromAddress.split('@')[1] ?? ''
  const verdict = written.auth
  return (
    `Authentication-Results: ${AUTHSERV};\r\n spf=${verdict === 'pass' ? 'pass' : verdict === 'fail' ? 'fail' : 'none'} smtp.mailfrom=${written.fromAddress};\r\n` +
    ` dkim=${verdict === 'pass' ? `pass header.d=${domain} header.s=s1` : 'none'};\r\n` +
    ` dmarc=${verdict === 'pass' ? 'pass (p=reject)' : verdict === 'fail' ? 'fail (p=reject)' : 'none'} header.from=${domain}`
  )
}

/** Builds the message as the company's mail server would hand it to the gateway. */
export function write(written: Written, id: string): Fed {
  const boundary = `b-${id}`
  const domain = written.fromAddress.split('@')[1] ?? 'invalid.example'
  const alternative = `${boundary}-alt`
  const head = [
    `Received: from mail.${domain} ([${written.ip}]) by ${AUTHSERV} with ESMTPS id ${id}\r\n for <${written.to}>; ${written.at.toUTCString()}`,
    authentication(written),
    `From: ${written.from === '' ? '' : `"${encoded(written.from)}" `}<${written.fromAddress}>`,
    `To: <${written.to}>`,
    `Subject: ${encoded(written.subject)}`,
    `Date: ${written.at.toUTCString()}`,
    `Message-ID: <${id}@${domain}>`,
    'MIME-Version: 1.0',
    ...(written.headers ?? []),
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
  ]
  const part = (type: string, body: string): string =>
    `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${wrap(Buffer.from(body).toString('base64'))}\r\n`
  const attached = written.attachment
    ? `--${boundary}\r\nContent-Type: ${written.attachment.type}; name="${written.attachment.name}"\r\nContent-Disposition: attachment; filename="${written.attachment.name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${wrap(written.attachment.bytes.toString('base64'))}\r\n`
    : ''
  const body =
    `--${boundary}\r\nContent-Type: multipart/alternative; boundary="${alternative}"\r\n\r\n` +
    `--${alternative}\r\n${part('text/plain', written.text)}--${alternative}\r\n${part('text/html', written.html)}--${alternative}--\r\n` +
    `${attached}--${boundary}--\r\n`
  return {
    raw: Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`),
    mailFrom: written.fromAddress,
    recipients: [written.to],
    receivedAt: written.at,
  }
}

export const ours = (local: string): string => `${local}@${DOMAIN}`
