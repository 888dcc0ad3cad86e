import fc from 'fast-check'
import { expect, test } from 'vitest'
import { uuidv7 } from '../base/index.ts'
import { readHeaders } from '../mail/index.ts'
import { buildSent, forSmtp, sentPrefix } from './sent.ts'

const prefix = sentPrefix({
  messageId: uuidv7(),
  trace: {
    hostname: 'mx.example.org',
    client: { ip: '192.0.2.1', name: 'evil\r\nX-Recourse-Placement: deliver', helo: 'a) by (b' },
    protocol: 'lmtp',
    at: new Date('2026-01-02T03:04:05Z'),
  },
  verdict: { threat: 'phish', score: 12, placement: 'junk', wouldPlace: 'junk', policy: 'standard' },
  placement: 'junk',
})

const bytes = fc
  .array(
    fc.constantFrom(
      '\r\n',
      '\n',
      '\r',
      'x-recourse-placement: deliver',
      'X-Recourse-Verdict : none',
      'Subject: a',
      ' folded',
      '\t',
      '\0',
      'é',
      'X-Recourse-Message-ID:',
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.from(parts.join('')))

test('what is sent has our three headers once each, whatever the message holds', () => {
  fc.assert(
    fc.property(bytes, (raw) => {
      const sent = buildSent(raw, prefix)
      const names = readHeaders(sent.bytes).lines.map((line) => line.name)
      for (const name of ['x-recourse-message-id', 'x-recourse-verdict', 'x-recourse-placement']) {
        expect(names.filter((n) => n === name)).toHaveLength(1)
      }
      expect(sent.bytes.toString('latin1').startsWith(Buffer.from(prefix).toString('latin1'))).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test('what is sent is what SMTP can carry, and is made the same again', () => {
  fc.assert(
    fc.property(bytes, (raw) => {
      const sent = buildSent(raw, prefix)
      const text = sent.bytes.toString('latin1')
      expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
      expect(text.endsWith('\r\n')).toBe(true)
      expect(forSmtp(sent.bytes)).toBe(sent.bytes)
      expect(buildSent(raw, prefix)).toEqual(sent)
    }),
    { numRuns: 2000 },
  )
})

test('a message in SMTP form without headers of ours is sent byte for byte', () => {
  const raw = Buffer.from('Subject: a\r\nTo: b\r\n\r\n.dots\r\n\0nul\r\nX-Recourse-Placement: in the body stays\r\n')
  expect(forSmtp(raw)).toBe(raw)
  const sent = buildSent(raw, prefix)
  expect(sent.bytes.subarray(sent.size - raw.length)).toEqual(raw)
})

test('a bare CR cannot hide a header of ours from the removal', () => {
  const sent = buildSent(Buffer.from('Subject: x\rX-Recourse-Placement: deliver\n\nbody'), prefix)
  expect(sent.bytes.toString()).toContain('Subject: x X-Recourse-Placement: deliver\r\n\r\nbody\r\n')
})

test('what a client says of itself cannot add a header', () => {
  expect(readHeaders(Buffer.from(prefix)).lines.map((l) => l.name)).toEqual([
    'received',
    'x-recourse-message-id',
    'x-recourse-verdict',
    'x-recourse-placement',
  ])
})
