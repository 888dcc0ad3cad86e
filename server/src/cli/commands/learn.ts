import { createHash } from 'node:crypto'
import { availableParallelism, hostname } from 'node:os'
import { type Command, Option } from 'commander'
import { AppError, isAlive, messageOf, startOf, takeLockFile } from '../../base/index.ts'
import type { Class, Learnt } from '../../detection/index.ts'
import type { Parser } from '../../mail/index.ts'
import { type Json, whole } from '../arguments.ts'
import { facts, json, line, plain } from '../out.ts'
import type { Found } from './scan-sources.ts'

interface Options extends Json {
  readonly as?: Class
  readonly forget?: true
  readonly model: string
  readonly workers: string
}

export function learnCommand(root: Command): void {
  root
    .command('learn')
    .argument('<path...>', 'files (.eml, mbox) or folders with everything below them; - reads from standard input')
    .addOption(new Option('--as <class>', 'what they are').choices(['ham', 'spam', 'phish']))
    .option('--forget', 'forget them, as if they had never been taught')
    .requiredOption('--model <file>', 'the classifier; made when it is not there')
    .option('--workers <n>', 'processes that read mail', String(availableParallelism()))
    .description('teach a classifier of your own, for recourse scan --model')
    .addHelpText('after', HELP)
    .action(run)
}

const HELP = `
The same message is one lesson, however often it is taught; taught as something else, the earlier lesson is forgotten. Of one text 20
copies are learnt, of all 20,000 messages. --forget takes lessons back exactly: the classifier is then as if they had never been
taught. Teach wanted mail (--as ham) too: without it nothing tells what your own mail looks like.

Exit code: 0 when everything was read, 1 when something could not be read or there was no room for it.`

type Counts = Record<Learnt | 'forgotten' | 'unknown' | 'unreadable', number>

async function run(paths: readonly string[], options: Options): Promise<void> {
  const { as } = options
  if ((as === undefined) === (options.forget === undefined))
    throw new AppError('usage', 'What to do with these messages?', 'Give --as ham, --as spam, --as phish, or --forget.')
  const workers = whole('workers', options.workers, 1, 256)
  const [{ openClassifier, saveClassifier, lessonOf }, { createParser }, { messagesIn }] = await Promise.all([
    import('../../detection/index.ts'),
    import('../../mail/index.ts'),
    import('./scan-sources.ts'),
  ])
  const unlock = await lock(options.model)
  try {
    const classifier = openClassifier(options.model)
    const counts: Counts = {
      ...{ learnt: 0, changed: 0, known: 0, enough: 0, full: 0 },
      ...{ forgotten: 0, unknown: 0, unreadable: 0 },
    }
    const parser = as === undefined ? null : createParser({ workers })
    try {
      for await (const batch of batches(messagesIn(paths), workers * 8))
        for (const one of await Promise.all(batch.map((found) => read(found, parser))))
          if (one.kind === 'unreadable') {
            counts.unreadable++
            process.stderr.write(`${plain(one.file)}: ${plain(one.why)}\n`)
          } else if (as === undefined || one.mail === null)
            counts[classifier.forget(one.hash) ? 'forgotten' : 'unknown']++
          else counts[classifier.learn(lessonOf(one.mail, one.hash, as))]++
    } finally {
      await parser?.close()
    }
    const { version, weights } = classifier.refitNow()
    saveClassifier(options.model, classifier)
    tell(options, { version, taught: weights.taught, ...counts })
    if (counts.unreadable + counts.full > 0) process.exitCode = 1
  } finally {
    await unlock()
  }
}

async function read(found: Found, parser: Parser | null) {
  if (found.kind !== 'mail') return { kind: 'unreadable' as const, file: found.file, why: found.why }
  const hash = createHash('sha256').update(found.raw).digest('hex')
  if (parser === null) return { kind: 'read' as const, hash, mail: null }
  const { mail } = await parser.parse(found.raw, { mailFrom: null, clientIp: null, helo: null })
  return { kind: 'read' as const, hash, mail }
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function tell(options: Options, result: Counts & { version: string; taught: Record<Class, number> }): void {
  if (options.json) {
    json({ model: options.model, ...result })
    return
  }
  const { taught } = result
  facts([
    ['Classifier', options.model],
    ['Version', result.version],
    ['Has learnt', `${taught.ham} ham, ${taught.spam} spam, ${taught.phish} phish`],
  ])
  if (options.forget) line(`${result.forgotten} forgotten, ${result.unknown} were not known.`)
  else
    line(
      `${result.learnt} learnt, ${result.changed} learnt as something else than before, ${result.known} known already.`,
    )
  if (result.enough > 0) line(`${result.enough} left out: enough copies of their text are known.`)
  if (result.full > 0) line(`${result.full} left out: there is no more room. Forget what is old.`)
}

/** Two at a time would each lose what the other learnt. */
async function lock(model: string): Promise<() => Promise<void>> {
  const file = `${model}.lock`
  const mine = `${process.pid} ${startOf(process.pid) ?? ''} ${hostname()}\n`
  const unlock = await takeLockFile(file, mine, isLeft).catch((cause: unknown) => {
    throw new AppError(
      'model-file',
      `Next to ${model} nothing can be written: ${messageOf(cause)}`,
      'Name a file in a directory that this account may write to.',
      { cause },
    )
  })
  if (unlock) return unlock
  throw new AppError(
    'model-busy',
    `${model} is being taught by another process (${file}).`,
    'Wait until it has ended. If there is none, on another machine either, remove that file.',
  )
}

/** Written by a process of this machine that is gone; earlier versions wrote its number alone. */
function isLeft(text: string): boolean {
  const [, pid = '', started = '', host = hostname()] = /^(\d+)(?: (\d*) (.+))?\n?$/.exec(text) ?? []
  return host === hostname() && !(Number(pid) > 0 && isAlive(Number(pid), started))
}
