import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDataDecoder } from './data.ts'
import { stuffed } from './lmtp-connection.ts'
import { forSmtp } from './sent.ts'

/** Cuts a buffer at the given positions. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...places, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : places[i - 1], end))
}

function decode(chunks: readonly Buffer[]) {
  const decoder = createDataDecoder()
  const out: Buffer[] = []
  for (const [i, chunk] of chunks.entries()) {
    const part = decoder.push(chunk)
    out.push(...part.pieces.map((p) => Buffer.from(p)))
    if (part.rest) {
      const rest = Buffer.concat([part.rest, ...chunks.slice(i + 1)])
      return { bytes: Buffer.concat(out), rest, ambiguous: decoder.ambiguous }
    }
  }
  return { bytes: Buffer.concat(out), rest: null, ambiguous: decoder.ambiguous }
}

/** Made of what matters: line ends, dots and a letter. */
const nasty = fc
  .array(fc.constantFrom('\r\n', '\n', '\r', '.', 'a', '\r\n.', '\0'), { maxLength: 40 })
  .map((parts) => Buffer.from(parts.join('')))
const cuts = fc.array(fc.nat(200), { maxLength: 12 })

test('any division into chunks gives the same bytes, the same end and the same suspicion', () => {
  fc.assert(
    fc.property(nasty, cuts, (body, at) => {
      const stream = Buffer.concat([body, Buffer.from('\r\n.\r\nQUIT\r\n')])
      expect(decode(cut(stream, at))).toEqual(decode([stream]))
    }),
    { numRuns: 3000 },
  )
})

test('what a correct client stuffs comes out as it was, and what follows is left alone', () => {
  fc.assert(
    fc.property(nasty, cuts, (body, at) => {
      const message = forSmtp(body)
      const stream = Buffer.concat([...stuffed(message), Buffer.from('.\r\nNOOP\r\n')])
      const got = decode(cut(stream, at))
      expect(got.bytes).toEqual(message)
      expect(got.rest?.toString()).toBe('NOOP\r\n')
      expect(got.ambiguous).toBe(false)
    }),
    { numRuns: 3000 },
  )
})

test('an empty message', () => {
  expect(decode([Buffer.from('.\r\n')])).toEqual({ bytes: Buffer.alloc(0), rest: Buffer.alloc(0), ambiguous: false })
})

for (const end of ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r\n', '\r\n.\r', '\n.\r', '\r.\r', '\r.\n']) {
  test(`smuggling: ${JSON.stringify(end)} does not end the data and makes the message suspicious`, () => {
    const stream = Buffer.from(`one${end}MAIL FROM:<evil@x>\r\n.\r\n`)
    for (let at = 0; at <= stream.length; at++) {
      const got = decode(cut(stream, [at, at + 1]))
      expect(got.rest?.length).toBe(0)
      expect(got.bytes.toString()).toContain('MAIL FROM:<evil@x>')
      expect(got.ambiguous).toBe(true)
    }
  })
}
