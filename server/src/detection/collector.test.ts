import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { decide, decidePolicy, entitiesOf } from '../judgement/index.ts'
import { createParser, type Parser, readHeaders, receivedContext } from '../mail/index.ts'
import { gather, opinion, SHIPPED } from './index.ts'

const CORPUS = fileURLToPath(new URL('../../../../shared/corpus/mail', import.meta.url))
const NOBODY = { domains: [], protectedDomains: [], people: [] }
/** What a mailbox or a collector writes; what one class of a collection has and another has not tells nothing about mail. */
const COLLECTOR =
  /^(?:x-ms-|x-microsoft-|x-eop|x-sid-|x-message-(?:delivery|info)|x-forefront|x-incoming|x-sender-ip|x-mozilla-|x-uidl|x-account-key|x-barracuda|x-asg-|x-spam|x-virus|delivered-to|x-original-to|status|x-status)/

const filesOf = (folder: string, n: number): Buffer[] => {
  const names = readdirSync(join(CORPUS, folder)).filter((f) => f.endsWith('.eml'))
  const step = Math.max(1, Math.floor(names.length / n))
  return names.filter((_, i) => i % step === 0).map((f) => readFileSync(join(CORPUS, folder, f)))
}

/** The collector's header lines, and the message without them. */
function apart(raw: Buffer): { readonly theirs: Buffer[]; readonly rest: Buffer } {
  const read = readHeaders(raw)
  const part = (theirs: boolean) =>
    read.lines.filter((l) => COLLECTOR.test(l.name) === theirs).map((l) => raw.subarray(l.start, l.end))
  return { theirs: part(true), rest: Buffer.concat([...part(false), raw.subarray(read.headersEnd)]) }
}

let parser: Parser | undefined
afterAll(() => parser?.close())

async function judged(raw: Buffer) {
  parser ??= createParser({ workers: 2 })
  const context = receivedContext(raw)
  const { mail } = await parser.parse(raw, context)
  const signals = [...gather({ mail, context, organisation: NOBODY }), opinion(SHIPPED, mail)]
  const verdict = decide({
    signals,
    entities: entitiesOf(mail, context),
    authentication: mail.authentication,
    entries: [],
    policy: decidePolicy({ mode: 'standard', version: 1 }),
    unparsable: null,
    now: '2026-01-01T00:00:00.000Z',
  })
  return { threat: verdict.threat, placement: verdict.placement, score: verdict.score, signals }
}

describe.skipIf(!existsSync(CORPUS))('what a collector wrote', () => {
  test('exchanged between messages of all classes changes no verdict', async () => {
    const all = ['ham', 'spam', 'phish'].flatMap((folder) => filesOf(folder, 20)).map(apart)
    expect(all.filter((m) => m.theirs.length > 3).length).toBeGreaterThan(20)
    for (const [i, { theirs, rest }] of all.entries()) {
      const others = all[(i + 23) % all.length]?.theirs ?? []
      const own = Buffer.concat([...theirs, rest])
      const exchanged = Buffer.concat([...others, rest])
      expect(await judged(exchanged)).toEqual(await judged(own))
    }
  })

  test('the name put in place of the recipient’s is any name', async () => {
    for (const raw of filesOf('phish', 25)) {
      const named = (address: string) =>
        Buffer.from(raw.toString('latin1').replace(/phishing@pot/gi, address), 'latin1')
      const [a, b] = [await judged(named('anna@example.org')), await judged(named('b.weiss@kontor.example'))]
      const weights = (found: typeof a) =>
        found.signals.filter((s) => s.id !== 'classifier').map((s) => [s.id, s.weight])
      expect(weights(a)).toEqual(weights(b))
    }
  })
})
