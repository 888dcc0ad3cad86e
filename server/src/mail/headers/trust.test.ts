import { expect, test } from 'vitest'
import { createParser } from '../index.ts'

test('whose Authentication-Results are believed can be said for each message', async () => {
  const parser = createParser({ workers: 1 })
  try {
    const raw = Buffer.from(
      'Authentication-Results: mx.own.example; dmarc=pass header.from=a.example\r\nFrom: x@a.example\r\nSubject: hi\r\n\r\nhello\r\n',
    )
    const context = { mailFrom: null, clientIp: null, helo: null }
    const sourceOf = async (trustedAuthserv?: string[]) =>
      (await parser.parse(raw, trustedAuthserv ? { ...context, trustedAuthserv } : context)).mail.authentication.source
    expect(await sourceOf()).toBe('none')
    expect(await sourceOf(['mx.own.example'])).toBe('trusted-header')
    expect(await sourceOf(['mx.other.example'])).toBe('none')
  } finally {
    await parser.close()
  }
})
