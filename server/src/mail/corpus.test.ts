import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpusFiles } from '../../test/rig/corpus.ts'
import { createParser, type Parser } from './index.ts'

const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const isMessage = (file: string) => /\.(eml|msg|txt|mbox|)$/i.test(file) && !file.endsWith('.expected.xml')

describe('every message of the corpus gives an outcome', () => {
  let parser: Parser
  beforeAll(() => {
    parser = createParser({ trustedAuthserv: ['', 'mx.google.com'] })
  })
  afterAll(() => parser.close())

  async function outcomes(files: readonly string[]) {
    const before = parser.pids()
    const all = await Promise.all(
      files.map(async (file) => ({ file, outcome: await parser.parse(readFileSync(file), CONTEXT) })),
    )
    return { all, samePids: parser.pids().every((pid) => before.includes(pid)) }
  }

  const torture = corpusFiles('mime-torture').filter((file) => !file.endsWith('.expected.xml'))
  it.skipIf(torture.length === 0)('all of mime-torture', async () => {
    expect(torture).toHaveLength(756)
    const { all, samePids } = await outcomes(torture)
    expect(all).toHaveLength(756)
    for (const { file, outcome } of all) {
      if (outcome.kind === 'unparsable') expect(outcome.why, file).not.toBe('')
    }
    expect(samePids, 'no process crashed or had to be killed').toBe(true)
    expect(all.filter((a) => a.outcome.kind === 'unparsable').map((a) => a.file)).toEqual([])
  })

  const reports = corpusFiles('reports')
  it.skipIf(reports.length === 0)('all reports', async () => {
    const { all, samePids } = await outcomes(reports)
    expect(all).toHaveLength(519)
    expect(samePids).toBe(true)
    expect(all.filter((a) => a.outcome.kind === 'unparsable').map((a) => a.file)).toEqual([])
  })

  const mail = ['mail/ham', 'mail/spam', 'mail/phish'].flatMap(corpusFiles).filter(isMessage)
  it.skipIf(mail.length === 0)('all 3,000 visible mails, with the facts one expects of them', async () => {
    const { all, samePids } = await outcomes(mail)
    expect(all).toHaveLength(3_000)
    expect(samePids).toBe(true)
    expect(all.filter((a) => a.outcome.kind === 'unparsable').map((a) => a.file)).toEqual([])
    const mails = all.map((a) => a.outcome.mail)
    const share = (count: number) => count / mails.length
    expect(share(mails.filter((m) => m.from.some((f) => f.address !== null)).length)).toBeGreaterThan(0.97)
    expect(share(mails.filter((m) => m.fingerprints.body !== null).length)).toBeGreaterThan(0.9)
    expect(share(mails.filter((m) => m.urls.length > 0).length)).toBeGreaterThan(0.75)
    expect(mails.filter((m) => m.authentication.source === 'trusted-header').length).toBeGreaterThan(900)
  })

  it.skipIf(mail.length === 0)('renders every phish as inert HTML', async () => {
    const phish = mail.filter((file) => file.includes('/phish/'))
    const pages = await Promise.all(phish.map((file) => parser.renderSafe(readFileSync(file))))
    for (const { html } of pages) {
      expect(html).not.toMatch(/<(script|iframe|object|embed|link|base|form|svg|math|video|audio)\b/i)
      expect(html).not.toMatch(/<[^>]*\s(on\w+|href|srcset|action|formaction|background)\s*=/i)
      expect(html).not.toMatch(/<img[^>]+src="(?!data:image\/)/i)
    }
  })
})
