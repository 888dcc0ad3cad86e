import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSentCopy } from './seek-sent.ts'

const word = fc.stringMatching(/^[a-zA-Z0-9 .,-]{1,30}$/)
const field = fc
  .tuple(fc.stringMatching(/^[A-Z][a-z]{1,8}-[A-Z][a-z]{1,8}$/), word)
  .map(([name, value]) => `${name}: ${value}`)
const text = fc.array(word, { minLength: 1, maxLength: 5 }).map((lines) => `${lines.join('\r\n')}\r\n`)
const message = (fields: readonly string[], body: string) => Buffer.from(`${fields.join('\r\n')}\r\n\r\n${body}`)
const ID = 'Message-ID: <1@kontor.example>'

describe('what lies in Sent is the message', () => {
  test('however many fields it gained on its way, with Bcc at home, and with bare line ends', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.array(field, { maxLength: 6 }), text, (own, gained, body) => {
        const sent = message([...own, 'Bcc: a@b.example,\r\n c@d.example', ID], body)
        const front = message([...gained, ...own, ID], body)
        const between = message([...own, ...gained, ID, 'Received: by x'], body)
        const bare = Buffer.from(sent.toString().replaceAll('\r\n', '\n'))
        return [front, between].every((m) => isSentCopy(sent, m) && isSentCopy(bare, m))
      }),
    )
  })
  test('and not where a byte of the body, a field or its order differs, or the id is missing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(field, { minLength: 2, maxLength: 6 }), text, word, (own, body, other) => {
        const sent = message([...own, ID], body)
        const changed = own.map((f, n) => (n === 0 ? `${f}x` : f))
        return (
          !isSentCopy(sent, message([...own, ID], `${body}${other}`)) &&
          !isSentCopy(sent, message([...changed, ID], body)) &&
          !isSentCopy(sent, message([...own.toReversed(), ID], body)) &&
          !isSentCopy(message(own, body), message(own, body))
        )
      }),
    )
    expect(isSentCopy(message([ID], 'a'), message([ID], 'b'))).toBe(false)
    const begins = message(['Bcca-Aa: a', 'Status-Report: b', ID], 'c')
    expect(isSentCopy(begins, begins)).toBe(true)
    for (const gone of ['Bcca-Aa: a', 'Status-Report: b'])
      expect(isSentCopy(begins, Buffer.from(begins.toString().replace(`${gone}\r\n`, '')))).toBe(false)
  })
})
