import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFetch } from './fast-fetch.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('rows of FETCH', () => {
  test('what we ask for is read, in any order of the items', () => {
    const row = readFetch(
      bytes(
        '* 3 FETCH (UID 7 FLAGS (\\Seen $Label1) INTERNALDATE "31-Jan-2019 21:34:05 +0000" RFC822.SIZE 5 X-GUID ab12 MODSEQ (99) BODY[] {5}\r\n)',
      ),
      [bytes('a\r\n)\x00')],
    )
    expect(row).toEqual({
      uid: 7,
      flags: { flags: ['\\Seen'], keywords: ['$Label1'] },
      internalDate: new Date('2019-01-31T21:34:05Z'),
      size: 5,
      serverId: 'ab12',
      modseq: 99n,
      header: null,
      body: bytes('a\r\n)\x00'),
      binary: null,
    })
    const other =
      '* 1 FETCH (BODY[HEADER.FIELDS (MESSAGE-ID X-RECOURSE-MESSAGE-ID)] {4}\r\n EMAILID (M1) UID 2 FLAGS ())'
    expect(readFetch(bytes(other), [bytes('x\r\n\r')])).toMatchObject({
      uid: 2,
      serverId: 'M1',
      header: bytes('x\r\n\r'),
    })
  })

  test('a shape that is not known is left to the general parser', () => {
    const lines = [
      '* 3 EXISTS',
      '* 3 FETCH (FLAGS (\\Seen))',
      '* 3 FETCH (UID 7 ENVELOPE (NIL))',
      '* 3 FETCH (UID 7 X-GUID NIL)',
      '* 3 FETCH (UID 7 FLAGS ("odd flag"))',
      '* 3 FETCH (UID 7 BODY[] NIL)',
      '* 3 FETCH (UID 7 INTERNALDATE "a\\"b")',
      '* 3 FETCH (UID 7) more',
      'A1 OK FETCH (UID 7)',
    ]
    for (const line of lines) expect(readFetch(bytes(line), []), line).toBeNull()
    // A literal that is not announced, or of another length than announced.
    expect(readFetch(bytes('* 3 FETCH (UID 7)'), [bytes('x')])).toBeNull()
    expect(readFetch(bytes('* 3 FETCH (UID 7 BODY[] {2}\r\n)'), [bytes('x')])).toBeNull()
  })

  test('never throws, whatever a server says', () => {
    const part = fc.constantFrom(
      '(',
      ')',
      ' ',
      '"',
      '\\',
      '{3}\r\n',
      'UID',
      '7',
      'FLAGS',
      'BODY[]',
      'MODSEQ',
      '[',
      ']',
      '\r\n',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 12 }), (parts) => {
        const row = readFetch(bytes(`* 1 FETCH (${parts.join('')}`), [bytes('abc')])
        return row === null || Number.isSafeInteger(row.uid)
      }),
    )
  })
})
