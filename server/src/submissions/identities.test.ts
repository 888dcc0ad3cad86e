import { describe, expect, test } from 'vitest'
import { decidePolicy, type EntityRef, type Signal, type StoredJudgement } from '../judgement/index.ts'
import { allowCandidates } from './identities.ts'

const NOW = '2026-03-01T12:00:00.000Z'
const policy = decidePolicy({ mode: 'standard', version: 1 })
const SENDER: EntityRef = { kind: 'sender', value: 'letters@news.example' }
const LINK: EntityRef = { kind: 'url', value: 'https://www.a.example/x' }
const FILE: EntityRef = { kind: 'file-hash', value: 'f'.repeat(64) }

function judged(signals: readonly Partial<Signal>[], aligned = true): StoredJudgement {
  const result = aligned ? ('pass' as const) : ('fail' as const)
  return {
    signals: signals.map((part, n) => ({
      ...{ id: `s${n}`, version: 1, weight: 6, threat: 'phish', technology: 'content', summary: '', evidence: {} },
      ...{ entities: [], ...part },
    })),
    inputs: {
      entities: [SENDER, { kind: 'sender-domain', value: 'news.example' }, LINK, FILE],
      authentication: {
        ...{ source: 'trusted-header', spf: { result, domain: 'news.example' }, dkim: [], arc: 'none', aligned },
        dmarc: { result: 'none', domain: null, policy: null },
      },
      ...{ entries: [], policy, unparsable: null, now: NOW },
    },
  }
}
/** DMARC failed; sent by smtp.inbound.contoso.com, and by who has signed. */
function forged(dkim: readonly { domain: string; result: 'pass' }[], evidence: Signal['evidence']): StoredJudgement {
  const { signals, inputs } = judged([{ threat: 'spoof', technology: 'authentication', weight: 10, evidence }], false)
  const servers = ['198.51.100.0/24', 'smtp.inbound.contoso.com', ...dkim.map((d) => d.domain)]
  const entities = servers.map((server): EntityRef => ({ kind: 'spoof', value: `${SENDER.value}, ${server}` }))
  const authentication = { ...inputs.authentication, dkim: dkim.map((d) => ({ ...d, selector: null })) }
  return { signals, inputs: { ...inputs, authentication, entities: [...inputs.entities, ...entities] } }
}
const offered = (judgement: StoredJudgement) =>
  allowCandidates({ judgement, today: { entries: [], policy, at: NOW } }).map((c) => `${c.kind} ${c.value}`)

describe('which allow entry is offered follows what convicted (explorer #87, lists #81)', () => {
  const bySender = [`sender ${SENDER.value}`]
  test.each<[string, StoredJudgement, string[]]>([
    [
      'a forged sender, and nothing is known of who sent it: none, since the sender alone would not be believed',
      judged([{ threat: 'spoof', technology: 'authentication', weight: 10 }], false),
      [],
    ],
    [
      'a forged sender of whom it is known who sent it: who has signed, as a pair with the domain',
      forged([{ domain: 'eu.mailer.com', result: 'pass' }], { own: false }),
      ['spoof news.example, mailer.com'],
    ],
    ['the name of the server, where nobody has signed', forged([], {}), ['spoof news.example, contoso.com']],
    ['of our own domains the address', forged([], { own: true }), [`spoof ${SENDER.value}, contoso.com`]],
    [
      'impersonation: the sender, by a submission',
      judged([{ threat: 'impersonation', technology: 'impersonation-user', weight: 10 }]),
      bySender,
    ],
    [
      'a file: that file',
      judged([{ threat: 'malware', technology: 'file-analysis', weight: 12, entities: [FILE] }]),
      [`file-hash ${FILE.value}`],
    ],
    [
      'a link, with high confidence: its domain, not the sender',
      judged([{ technology: 'url-analysis', weight: 12, entities: [LINK] }]),
      ['url-domain a.example'],
    ],
    [
      'a link, in doubt: the sender, since links change with every message',
      judged([{ technology: 'url-analysis', weight: 6, entities: [LINK] }]),
      bySender,
    ],
    [
      'a link and a file: both (lists #83)',
      judged([
        { technology: 'url-analysis', weight: 12, entities: [LINK] },
        { threat: 'malware', technology: 'file-analysis', weight: 12, entities: [FILE] },
      ]),
      ['url-domain a.example', `file-hash ${FILE.value}`],
    ],
    ['anything else: the sender', judged([{ weight: 12 }]), bySender],
    ['not blocked: nothing (lists #82)', judged([{ weight: 1 }]), []],
  ])('%s', (_, judgement, entries) => expect(offered(judgement)).toEqual(entries))
})
