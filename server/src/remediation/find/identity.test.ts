import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DeliveryFacts } from '../types.ts'
import { examine, sha256, withCrlf } from './identity.ts'

const facts = (message: Buffer, more: Partial<DeliveryFacts> = {}): DeliveryFacts => ({
  ref: null,
  location: 'inbox',
  folder: null,
  sentSha256: null,
  sentSize: null,
  sentPrefix: null,
  copyHash: null,
  handover: 'handed-over',
  messageSha256: sha256(message),
  messageSize: message.length,
  blobKey: 'none' as DeliveryFacts['blobKey'],
  internetMessageId: null,
  mailFrom: null,
  ...more,
})
const bytes = fc.uint8Array({ maxLength: 200 }).map((a) => Buffer.from(a))
const headers = fc
  .array(fc.constantFrom('Return-Path: <a@b>\r\n', 'Received: x\r\n\tby y\r\n', 'A: b\n'), { maxLength: 5 })
  .map((l) => Buffer.from(l.join('')))
const lines = fc
  .array(fc.constantFrom('a', '\r', '\n', '\r\n', 'From x', ''), { maxLength: 30 })
  .map((l) => Buffer.from(l.join(''), 'latin1'))

test('CRLF: every line end becomes one, nothing else changes, twice changes nothing more', () => {
  fc.assert(
    fc.property(lines, (raw) => {
      const out = withCrlf(raw)
      expect(out.toString('latin1')).toBe(raw.toString('latin1').replace(/(?<!\r)\n/g, '\r\n'))
      expect(withCrlf(out)).toBe(out)
    }),
  )
})

test('a copy that ends with the message is proven, and prefix and message make it again', () => {
  fc.assert(
    fc.property(headers, bytes, (prefix, message) => {
      const copy = Buffer.concat([prefix, message])
      const found = examine(copy, facts(message))
      expect(found.proven).toBe(true)
      expect(found.prefix && Buffer.concat([found.prefix, message])).toEqual(copy)
    }),
  )
})

test('one changed byte in the message: not proven (mailbox #52)', () => {
  fc.assert(
    fc.property(
      headers,
      bytes.filter((b) => b.length > 0),
      fc.nat(),
      (prefix, message, at) => {
        const other = Buffer.from(message)
        other[at % other.length] = (other[at % other.length] ?? 0) ^ 1
        const found = examine(Buffer.concat([prefix, other]), facts(message))
        expect(found.proven).toBe(false)
        expect(found.prefix).toBeNull()
      },
    ),
  )
})

test('what we sent, stored with other line ends, is proven by its CRLF form', () => {
  const sent = Buffer.from('X-Recourse-Message-Id: 1\r\nSubject: x\r\n\r\nbody\r\n')
  const stored = Buffer.from(`Return-Path: <a@b>\n${sent.toString().replaceAll('\r\n', '\n')}`)
  const message = Buffer.from('Subject: x\nother: removed\n\nbody\n')
  const found = examine(stored, facts(message, { sentSha256: sha256(sent), sentSize: sent.length }))
  expect(found.proven).toBe(true)
  expect(found.prefix).toBeNull()
})

test('a message quoted at the end of another one is not that message', () => {
  const message = Buffer.from('Subject: x\r\n\r\nbody\r\n')
  const quoting = Buffer.concat([Buffer.from('Subject: Fwd\r\n\r\nlook:\r\n'), message])
  expect(examine(quoting, facts(message)).proven).toBe(false)
})
