import { resolve as resolveDns } from 'node:dns/promises'
import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { AppError, type MailboxId, messageOf, uuidv7 } from '../../base/pure.ts'
import type { Model, OrganisationFacts } from '../../detection/index.ts'
import type { Placement, PolicyMode } from '../../judgement/pure.ts'
import type { Resolver } from '../../mail/index.ts'
import { jsonFile } from '../json-file.ts'
import { jsonText } from '../out.ts'
import type { Judging } from './scan-judge.ts'
import type { Judgement } from './scan-run.ts'

interface Options {
  readonly policy: string
  readonly organisation?: string
  readonly trustAuthserv?: readonly string[]
  readonly trustArcSealer?: readonly string[]
  readonly dns?: true
  readonly workers: string
  readonly model?: string
  readonly feed?: readonly string[]
}

export function scanCommand(root: Command): void {
  root
    .command('scan')
    .argument('<path...>', 'files (.eml, mbox) or folders with everything below them; - reads from standard input')
    .option('--policy <mode>', 'standard, strict, or observe (delivers everything)', 'standard')
    .option('--organisation <file>', 'our domains and people, as `recourse org show --json` prints them')
    .option(
      '--trust-authserv <name>',
      'a server whose Authentication-Results are believed (*.example.org for all of a domain); may be repeated',
      (name: string, before: readonly string[] = []) => [...before, name],
    )
    .option(
      '--trust-arc-sealer <domain>',
      'a list or forwarder whose ARC seals are believed; may be repeated',
      (name: string, before: readonly string[] = []) => [...before, name],
    )
    .option('--dns', 'check SPF, DKIM and DMARC ourselves where nothing was recorded; asks DNS')
    .option('--model <file>', 'a classifier of your own, as `recourse learn` makes it; without it, the shipped start')
    .option(
      '--feed <kind=file>',
      'a file of known-bad things (url, domain, ip, sha256), as for a server: ,format=csv,column=url,confidence=high; may be repeated',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--workers <n>', 'processes that read mail, at most', String(availableParallelism()))
    .description('judge mail without a server: one line of JSON each, in order')
    .addHelpText('after', HELP)
    .action(run)
}

const HELP = `
Each line: {"file","sha256","messageId","action","threat","score","signals":[{"id","weight","evidence"}],"error"}.
action: deliver, junk or quarantine, by the policy. score: points, suspicious from 5, high confidence from 10
(4 and 8 by the strict policy); it grows with badness, comparable across messages. error: null, or why the message could not be read; such mail is placed by the policy too (quarantine by default).

Without --trust-authserv an Authentication-Results header is believed where its place and name say that the receiver wrote it:
above the first Received header of another domain than the topmost one's "by" host, and in the name of a server of that
domain (or of none, for Microsoft's). The envelope sender is taken from the topmost Return-Path, the client from the receiver's
lowest Received header. Nothing is asked of the network unless --dns is given.

Exit code: 0 when everything was judged or marked as not readable as mail, 1 when something could not be read at all (the
rest goes on), 2 when it was asked in a wrong way, 130 after Ctrl-C.`

async function run(paths: readonly string[], options: Options): Promise<void> {
  const mode = modeOf(options.policy)
  const workers = Number(options.workers)
  if (!Number.isInteger(workers) || workers < 1 || workers > 256)
    throw new AppError('usage', `--workers ${options.workers} is not possible.`, 'Give a whole number from 1 to 256.')
  const facts = options.organisation === undefined ? NOBODY : await organisationOf(options.organisation)
  const [{ createWorkers, unreadable }, { messagesIn }, { readJudgement, scanAll }] = await Promise.all([
    import('../../mail/index.ts'),
    import('./scan-sources.ts'),
    import('./scan-run.ts'),
  ])
  const judging: Judging = {
    mode,
    facts: options.trustArcSealer === undefined ? facts : { ...facts, trustedArcSealers: options.trustArcSealer },
    model: options.model === undefined ? null : await modelOf(options.model),
    feeds: options.feed === undefined ? [] : await feedsOf(options.feed),
    trustAuthserv: options.trustAuthserv ?? null,
    now: new Date(),
  }
  const readers = createWorkers({
    workers,
    // What judges takes room beside what parses: at half of this a process is replaced.
    maxRssMb: 1_024,
    ...(options.dns ? { resolver: askDns } : {}),
    program: new URL('./scan-worker.ts', import.meta.url),
    own: judging,
    readValue: readJudgement,
  })
  const judge = async (raw: Buffer): Promise<Judgement> => {
    const done = await readers.run(raw)
    if ('value' in done) return done.value
    // No process could read it: it is judged here, by the way it came alone.
    const { prepareJudging } = await import('./scan-judge.ts')
    return prepareJudging(judging)(raw, async () => unreadable(done.why))
  }
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  let failed = 0
  try {
    const answers = scanAll(
      messagesIn(paths),
      { judge, unreadable: () => placementOfUnreadable(mode), inFlight: workers * 8 },
      stopping.signal,
    )
    for await (const answer of answers) {
      if (answer.unreadable) failed++
      await write(`${jsonText(answer.line)}\n`)
    }
  } finally {
    await readers.close()
  }
  process.exitCode = stopping.signal.aborted ? 130 : failed > 0 ? 1 : 0
}

async function placementOfUnreadable(mode: PolicyMode): Promise<Placement> {
  const { decidePolicy } = await import('../../judgement/pure.ts')
  return mode === 'observe' ? 'deliver' : decidePolicy({ mode, version: 1 }).unparsable
}

/** Waits while the reader is slower than we are: answers must not pile up. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((done) => process.stdout.once('drain', done))
}

const NOBODY: OrganisationFacts = { domains: [], protectedDomains: [], people: [] }

function modeOf(text: string): PolicyMode {
  if (text === 'standard' || text === 'strict' || text === 'observe') return text
  throw new AppError('usage', `There is no policy "${text}".`, 'Give standard, strict or observe.')
}

/** Throws AppError `model-file` and `model-missing`. */
async function modelOf(file: string): Promise<Model> {
  const { openModel } = await import('../../detection/index.ts')
  return openModel(file)
}

/** Throws as `readFeedOption` and `loadFeeds` do. */
async function feedsOf(texts: readonly string[]): Promise<Judging['feeds']> {
  const { loadFeeds, readFeedOption } = await import('./scan-feeds.ts')
  return loadFeeds(texts.map(readFeedOption))
}

/** Throws AppError `organisation` when it cannot be read, and what `readOrganisation` throws. */
async function organisationOf(file: string): Promise<OrganisationFacts> {
  const { factsOf } = await import('../../detection/index.ts')
  const { Directory, readOrganisation } = await import('../../organisation/index.ts')
  let value: unknown
  try {
    value = jsonFile(file)
  } catch (error) {
    throw new AppError(
      'organisation',
      `${file} cannot be read: ${messageOf(error)}`,
      'Give a file as `recourse org show --json` prints it.',
    )
  }
  const document = readOrganisation(value)
  const mailboxes = document.mailboxes.map((m) => ({ ...m, id: uuidv7<MailboxId>() }))
  return factsOf(new Directory(null, document, mailboxes))
}

const askDns: Resolver = async (name, type) => {
  if (type === 'TXT') return await resolveDns(name, 'TXT')
  if (type === 'MX') return await resolveDns(name, 'MX')
  if (type === 'A' || type === 'AAAA' || type === 'PTR') return await resolveDns(name, type)
  return []
}
