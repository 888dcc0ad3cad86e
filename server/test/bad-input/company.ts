import type { Served } from './serve.ts'

export const PEOPLE = ['ann', 'ben', 'cid'] as const
export const addressOf = (name: string): string => `${name}@kontor.example`

/** Three mailboxes; whoever asks may also import and act. */
export async function organise(server: Served, login = (name: string) => name): Promise<void> {
  await server.call('PUT', '/organisation', {
    domains: ['kontor.example'],
    mailboxes: PEOPLE.map((name) => ({ address: addressOf(name), login: login(name) })),
  })
}

export interface Row {
  readonly id: string
  readonly subject: string
  readonly receivedAt: string
  readonly copies: readonly { readonly id: string; readonly recipient: string; readonly latestLocation: string }[]
}

/** Every message that the server knows of, from whatever time. */
export async function allMessages(server: Served, query = ''): Promise<Row[]> {
  const found: Row[] = []
  let cursor = ''
  for (;;) {
    const page = await server.call('GET', `/messages?from=1900-01-01T00:00:00Z&limit=500${query}${cursor}`)
    const { items, next } = page as { items: Row[]; next: string | null }
    found.push(...items)
    if (next === null) return found
    cursor = `&cursor=${encodeURIComponent(next)}`
  }
}

export const mail = (subject: string, text = 'Hello.\r\n', more = ''): Buffer =>
  Buffer.from(
    `From: Sender <sender@out.example>\r\nTo: ann@kontor.example\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replace(/\W/g, '.')}@out.example>\r\n${more}\r\n${text}`,
  )

/** Ends lines as SMTP does. */
export const crlf = (raw: Buffer): Buffer => {
  const text = raw.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n')
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1')
}
