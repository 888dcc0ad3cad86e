// What each signal finds: false alarms on wanted mail, hits on phishing and spam, with the policy's placement.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ANALYSES, gather, type OrganisationFacts, type Person } from '../server/src/detection/index.ts'
import { decide, decidePolicy, entitiesOf, type Placement, type Signal } from '../server/src/judgement/index.ts'
import { createParser, normaliseAddress, type ParseOutcome } from '../server/src/mail/index.ts'

const corpus = join(dirname(fileURLToPath(import.meta.url)), '../../shared/corpus/mail')
const CONTEXT = { mailFrom: null, clientIp: null, helo: null }
const parser = createParser({
  workers: 2,
  // Servers that received the corpus' mail; '' is Microsoft's, which does not give its name.
  trustedAuthserv: ['', 'smtp.subspace.kernel.org', 'mm2.emwd.com', 'mx.google.com', 'lists.ettus.com'],
})

/** File → part of its source, by the index of the folder. */
function subsets(folder: string): Map<string, string> {
  const [head = '', ...rows] = readFileSync(join(corpus, folder, 'index.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
  const at = head.split('\t').indexOf('subset')
  return new Map(rows.map((row) => [row.split('\t')[0] ?? '', row.split('\t')[at] ?? '']))
}

const partOf = new WeakMap<ParseOutcome, string>()

async function parsed(folder: string): Promise<ParseOutcome[]> {
  const names = readdirSync(join(corpus, folder)).filter((n) => n.endsWith('.eml'))
  const parts = subsets(folder)
  const step = Number(process.env['SIGNALS_STEP'] ?? 1)
  const out: ParseOutcome[] = []
  const wanted = names.filter((_, i) => i % step === 0)
  for (let i = 0; i < wanted.length; i += 16)
    out.push(
      ...(await Promise.all(
        wanted.slice(i, i + 16).map(async (n) => {
          const outcome = await parser.parse(readFileSync(join(corpus, folder, n)), CONTEXT)
          partOf.set(outcome, `${folder} ${parts.get(n) ?? ''}`)
          return outcome
        }),
      )),
    )
  return out
}

/**
 * Whom to protect: everybody who posts to the mailing lists, half of them as protected users, with the addresses seen in
 * every other message. Measured on the messages between: an alarm on wanted mail is a namesake or an address not yet known.
 */
function peopleOf(mails: readonly ParseOutcome[]): Person[] {
  const seen = new Map<string, Set<string>>()
  for (const { mail } of mails) {
    if (!mail.headers.some((h) => h.name.toLowerCase() === 'list-id')) continue
    for (const from of mail.from) {
      const address = from.address === null ? null : normaliseAddress(from.address)
      if (address !== null && from.name !== '') seen.set(from.name, (seen.get(from.name) ?? new Set()).add(address))
    }
  }
  return [...seen].map(([name, addresses], i) => ({ name, addresses: [...addresses], protected: i % 2 === 0 }))
}

const PLACES: readonly Placement[] = ['junk', 'quarantine']
const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`

function measure(mails: readonly ParseOutcome[], organisation: OrganisationFacts, mode: 'standard' | 'strict') {
  const perSignal = new Map(Object.keys(ANALYSES).map((id) => [id, { any: 0, alone: 0 }]))
  const placed = new Map<Placement, number>()
  const shown: string[] = []
  for (const outcome of mails) {
    const { mail } = outcome
    const signals = gather({ mail, context: CONTEXT, organisation })
    const judge = (some: readonly Signal[]) =>
      decide({
        signals: some,
        entities: entitiesOf(mail, CONTEXT),
        authentication: mail.authentication,
        entries: [],
        policy: decidePolicy({ mode, version: 1 }),
        unparsable: null,
        now: '2026-01-01T00:00:00.000Z',
      })
    for (const id of new Set(signals.map((s) => s.id))) {
      const entry = perSignal.get(id)
      if (entry === undefined) continue
      const own = signals.filter((s) => s.id === id)
      if (own.some((s) => s.weight > 0)) entry.any++
      if (judge(own).placement !== 'deliver') entry.alone++
    }
    const verdict = judge(signals)
    placed.set(verdict.placement, (placed.get(verdict.placement) ?? 0) + 1)
    if (verdict.placement !== 'deliver' && process.env['SIGNALS_SHOW'])
      shown.push(
        `${verdict.placement} ${verdict.threat} ${verdict.score}: ${signals.map((s) => `${s.id} ${s.weight}: ${s.summary}`).join(' | ')}`,
      )
  }
  return { perSignal, placed, shown, total: mails.length }
}

const started = performance.now()
const folders = ['ham', 'spam', 'phish'] as const
const mails = new Map<string, ParseOutcome[]>()
for (const folder of folders) mails.set(folder, await parsed(folder))
await parser.close()
const ham = mails.get('ham') ?? []
mails.set(
  'ham',
  ham.filter((_, i) => i % 2 === 1),
)
const organisation: OrganisationFacts = {
  domains: ['alderfinch.example'],
  protectedDomains: [
    'paypal.com',
    'microsoft.com',
    'amazon.com',
    'apple.com',
    'netflix.com',
    'facebook.com',
    'google.com',
    'docusign.com',
    'coinbase.com',
    'linkedin.com',
  ],
  people: peopleOf(ham.filter((_, i) => i % 2 === 0)),
}
console.log(
  `parsed in ${((performance.now() - started) / 1000).toFixed(1)} s; ${organisation.people.length} people of ours`,
)
for (const mode of ['standard', 'strict'] as const)
  for (const folder of folders) {
    const from = performance.now()
    const all = mails.get(folder) ?? []
    const result = measure(all, organisation, mode)
    const rate = all.length / ((performance.now() - from) / 1000)
    console.log(
      `\n${folder} (${all.length}), ${mode}: ${PLACES.map((p) => `${p} ${percent(result.placed.get(p) ?? 0, all.length)}`).join(', ')}; gather and decide ${rate.toFixed(0)}/s`,
    )
    for (const [id, { any, alone }] of result.perSignal)
      console.log(
        `  ${id.padEnd(28)} fires on ${percent(any, all.length).padStart(8)}, would act alone on ${percent(alone, all.length).padStart(8)}`,
      )
    for (const line of result.shown.slice(0, Number(process.env['SIGNALS_SHOW']))) console.log(`    ${line}`)
  }

/** How often each signal speaks against a message, and with how many points on average, by part of each source. */
function table(): void {
  const nobody: OrganisationFacts = { domains: [], protectedDomains: [], people: [] }
  const totals = new Map<string, number>()
  const cells = new Map<string, Map<string, { count: number; points: number }>>()
  for (const outcome of [...mails.values()].flat()) {
    const part = partOf.get(outcome) ?? ''
    totals.set(part, (totals.get(part) ?? 0) + 1)
    for (const { id, weight } of gather({ mail: outcome.mail, context: CONTEXT, organisation: nobody })) {
      if (weight <= 0) continue
      const row = cells.get(id) ?? new Map<string, { count: number; points: number }>()
      const cell = row.get(part) ?? { count: 0, points: 0 }
      row.set(part, { count: cell.count + 1, points: cell.points + weight })
      cells.set(id, row)
    }
  }
  const parts = [...totals.keys()].sort()
  console.log(
    `\nAgainst a message: share of messages, mean points\n${''.padEnd(26)}${parts.map((p) => p.slice(-16).padStart(18)).join('')}`,
  )
  console.log(`${'messages'.padEnd(26)}${parts.map((p) => String(totals.get(p)).padStart(18)).join('')}`)
  for (const [id, row] of [...cells].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(
      id.padEnd(26) +
        parts
          .map((part) => {
            const cell = row.get(part)
            return (
              cell === undefined
                ? '·'
                : `${percent(cell.count, totals.get(part) ?? 0)} ${(cell.points / cell.count).toFixed(1)}`
            ).padStart(18)
          })
          .join(''),
    )
}
table()
