import { expect, test } from 'vitest'
import { parsedMail } from '../../test/rig/parsed-mail.ts'
import { directionOf } from './judge.ts'

const OWN = ['kontor.example', 'xn--bcher-kva.example']
const to = (...addresses: string[]) => addresses.map((address) => ({ name: '', address, raw: '' }))
const direction = (from: string, recipients: readonly string[], aligned = true) =>
  directionOf(
    {
      kind: 'parsed',
      mail: parsedMail({
        from: to(from),
        to: to(...recipients),
        authentication: { ...parsedMail({}).authentication, aligned },
      }),
    },
    OWN,
  )

test.each([
  ['jo@partner.example', ['ann@kontor.example'], true, 'inbound'],
  ['ann@kontor.example', ['bo@kontor.example'], false, 'inbound'],
  ['ann@kontor.example', ['bo@kontor.example', 'jo@partner.example'], true, 'internal'],
  ['ann@Kontor.example', ['jo@partner.example'], true, 'outbound'],
  // A domain in letters of its own is the one that the organisation has in punycode.
  ['ann@Bücher.example', ['bo@kontor.example'], true, 'internal'],
  ['ann@kontor.example', ['bo@bücher.example'], true, 'internal'],
  ['ann@xn--bcher-kva.example', ['jo@partner.example'], true, 'outbound'],
  // What is no address names nobody.
  ['ann@kontor.example', ['undisclosed recipients'], true, 'internal'],
] as const)('from %s to %s, proved: %s: %s', (from, recipients, aligned, is) =>
  expect(direction(from, recipients, aligned)).toBe(is),
)
