import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { growth, LINEAR } from '../../../test/rig/growth.ts'
import { parsedMail } from '../../../test/rig/parsed-mail.ts'
import type { ParsedMail } from '../../mail/index.ts'
import type { SenderHistory } from '../../records/index.ts'
import { quotedThread } from './quoted-thread.ts'

const NOW = new Date('2026-11-24T12:00:00Z')
const OURS = { domains: ['ours.example'], protectedDomains: [], people: [] }
const OUTSIDE = [{ name: 'Jo', address: 'jo@partner.example', raw: '' }]
const KNOWN: SenderHistory = {
  ...{ fromSender: 3, fromDomain: 9, firstAt: '2026-09-01T00:00:00Z', toThese: true },
  since: '2026-01-01T00:00:00Z',
}
const points = (mail: Partial<ParsedMail>, history?: SenderHistory): number =>
  quotedThread({
    mail: parsedMail({ subject: 'Re: Invoice', from: OUTSIDE, text: PLAIN, ...mail }),
    context: { mailFrom: null, clientIp: null, helo: null },
    organisation: OURS,
    now: NOW,
    ...(history === undefined ? {} : { history }),
  })[0]?.weight ?? 0
const headers = (...all: [string, string][]) => ({ headers: all.map(([name, value]) => ({ name, value })) })

const PLAIN =
  'As agreed, here is the new account.\n\nOn Monday, Kim <kim@other.example> wrote:\n> please send it\n> Kim\n'
const OF_OURS = PLAIN.replace('kim@other.example', 'Ingrid@Ours.example')
const BLOCK =
  'Please pay today.\n\nFrom: Ingrid Alder <ingrid@ours.example>\nSent: Monday, 23 November 2026 10:00\nTo: Jo\nSubject: Invoice\n\nGo ahead.\n'

describe('an answer that quotes a conversation which no header knows of', () => {
  it('is a hint; more, where the words are said to be ours; more, where nobody knows who answers', () => {
    expect(points({})).toBe(1)
    expect(points({}, KNOWN)).toBe(1)
    expect(points({}, { ...KNOWN, fromSender: 0 })).toBe(1.5)
    expect(points({ text: OF_OURS })).toBe(2.5)
    expect(points({ text: BLOCK })).toBe(2.5)
    expect(points({ text: BLOCK }, { ...KNOWN, fromSender: 0 })).toBe(2.75)
    expect(
      points({ text: BLOCK.replaceAll('From:', 'Von:').replace('Sent:', 'Gesendet:'), subject: 'AW: Rechnung' }),
    ).toBe(2.5)
    expect(points({ text: OF_OURS.replace(' wrote', '\nwrote') })).toBe(2.5)
  })

  it('says nothing where headers know it, where nothing is answered or quoted, and of lists', () => {
    expect(points(headers(['In-Reply-To', '<1@x>']))).toBe(0)
    expect(points(headers(['References', '<1@x>']))).toBe(0)
    expect(points({ subject: 'Invoice' })).toBe(0)
    expect(points({ subject: 'Fwd: Invoice', text: BLOCK })).toBe(0)
    expect(points({ text: 'Thanks, see you on Monday.\n> one mark\n' })).toBe(0)
    expect(points({ text: 'From: the desk of Jo\n\nHello.\n' })).toBe(0)
    const list = headers(['List-Id', '<all.lists.example>'], ['List-Post', '<mailto:all@lists.example>'])
    expect(points({ ...list, text: BLOCK })).toBe(0)
  })

  it('who has just begun to keep records knows nobody; our own people may quote themselves', () => {
    expect(points({}, { ...KNOWN, fromSender: 0, since: '2026-11-20T00:00:00Z' })).toBe(1)
    expect(points({}, { ...KNOWN, fromSender: 0, since: null })).toBe(1)
    expect(points({ text: OF_OURS, from: [{ name: '', address: 'yuki@ours.example', raw: '' }] })).toBe(1)
  })

  it('takes no time over hostile text, and never more than three points', () => {
    const token = fc.constantFrom(
      'On ',
      '> ',
      'From: ',
      'Sent: ',
      'wrote:',
      '\n',
      ' ',
      'a@ours.example ',
      '<',
      '\t*>',
      'x'.repeat(400),
    )
    fc.assert(
      fc.property(fc.array(token, { maxLength: 200 }), (parts) => {
        expect(points({ text: parts.join('') }, { ...KNOWN, fromSender: 0 })).toBeLessThanOrEqual(3)
      }),
    )
    for (const word of [' ', '>', 'wrote ', 'a@', 'from:\n'])
      expect(
        growth((n) => points({ text: word.repeat(n / word.length) }), 15_000),
        word,
      ).toBeLessThan(LINEAR)
  })
})
