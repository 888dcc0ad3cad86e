import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rawHeaderValue, rawHeaderValues, readHeaders } from './headers.ts'

const eol = fc.constantFrom('\n', '\r\n')
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/)
const word = fc.stringMatching(/^[a-z0-9;=@<>:.-]{1,30}$/)
const header = fc.record({
  name,
  words: fc.array(word, { minLength: 1, maxLength: 5 }),
  ends: fc.array(eol, { minLength: 5, maxLength: 5 }),
})

const write = (h: { name: string; words: string[]; ends: string[] }) =>
  `${h.name}: ${h.words.map((w, i) => w + (i === h.words.length - 1 ? h.ends[4] : `${h.ends[i % 4]}\t`)).join('')}`

describe('readHeaders', () => {
  it('finds every header, its unfolded value and the body, whatever the line ends', () => {
    fc.assert(
      fc.property(fc.array(header, { maxLength: 20 }), eol, fc.string(), (headers, end, body) => {
        const head = headers.map(write).join('')
        const raw = Buffer.from(head + end + body)
        const read = readHeaders(raw)
        expect(read.lines.map((l) => l.name)).toEqual(headers.map((h) => h.name.toLowerCase()))
        expect(read.lines.map((l) => rawHeaderValue(raw, l))).toEqual(headers.map((h) => h.words.join('\t')))
        expect(read.complete).toBe(true)
        expect(read.headersEnd).toBe(head.length)
        expect(raw.subarray(read.bodyStart).toString()).toBe(Buffer.from(body).toString())
      }),
    )
  })

  it('covers the bytes without gap or overlap, never throws and never reads past the limit', () => {
    const bytes = fc.array(fc.constantFrom(10, 13, 32, 9, 58, 65, 97, 0, 255), { maxLength: 400 })
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 500 }), (list, maxBytes) => {
        const raw = Buffer.from(list)
        const read = readHeaders(raw, maxBytes)
        let at = 0
        for (const line of read.lines) {
          expect(line.start).toBe(at)
          expect(line.end).toBeGreaterThan(line.start)
          expect(line.valueStart).toBeLessThanOrEqual(line.end)
          at = line.end
        }
        expect(read.headersEnd).toBe(at)
        expect(read.bodyStart - at).toBeGreaterThanOrEqual(0)
        expect(read.bodyStart).toBeLessThanOrEqual(Math.min(raw.length, maxBytes))
        if (!read.complete) expect(read.bodyStart).toBe(maxBytes)
      }),
    )
  })

  it('removes a header exactly by cutting its offsets', () => {
    const raw = Buffer.from(
      'A: 1\r\nX-Verdict: good\r\n\tand more\nx-verdict : again\r\nB: 2\r\n\r\nX-Verdict: body\r\n',
    )
    const read = readHeaders(raw)
    const kept = read.lines.filter((l) => l.name !== 'x-verdict').map((l) => raw.subarray(l.start, l.end))
    expect(Buffer.concat([...kept, raw.subarray(read.headersEnd)]).toString()).toBe(
      'A: 1\r\nB: 2\r\n\r\nX-Verdict: body\r\n',
    )
    expect(rawHeaderValues(raw, read, 'x-verdict')).toEqual(['good\tand more', 'again'])
  })

  it('keeps lines that are no headers, and reads a message without a body', () => {
    const read = readHeaders(Buffer.from('From someone Mon\nA: 1\nno colon here\nB: 2'))
    expect(read.lines.map((l) => l.name)).toEqual(['', 'a', '', 'b'])
    expect(read).toMatchObject({ complete: true, bodyStart: 40, headersEnd: 40 })
  })

  it('stops at the limit, however many headers there are', () => {
    const raw = Buffer.alloc(60 * 1024 * 1024, 'X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n')
    const read = readHeaders(raw)
    expect(read.complete).toBe(false)
    expect(read.bodyStart).toBe(1024 * 1024)
  })
})
