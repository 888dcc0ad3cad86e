import type { Log, Metrics, TenantId } from '../../base/index.ts'
import type { Signal } from '../../judgement/index.ts'
import type { Storage } from '../../storage/index.ts'
import { type ClamavOptions, clamav } from './clamav.ts'
import { opinion } from './classifier/index.ts'
import { createModels, type Models } from './models.ts'
import { type RspamdOptions, rspamd } from './rspamd.ts'
import { type EngineClient, type EngineStatus, type Heard, type Supervised, supervise } from './supervise.ts'
import type { Answered, AskEngines, Asked } from './types.ts'

export interface EnginesDeps {
  readonly storage: Pick<Storage, 'tenant'>
  readonly log: Pick<Log, 'warn' | 'info'>
  readonly metrics?: Metrics
  readonly rspamd?: RspamdOptions | null
  readonly clamav?: ClamavOptions | null
  /** One of them answers again. */
  readonly onUp?: (engine: string) => void
  /** See `SuperviseOptions`. */
  readonly retryMs?: number
}

/** The engines of this server: those beside us are everybody's, each organisation has a classifier of its own. */
export interface Engines extends Models {
  readonly ask: AskEngines
  /** Asks only these, not the classifier. */
  askOnly(engines: readonly string[], asked: Asked): Promise<Answered>
  statuses(): EngineStatus[]
  /** Those that answer. */
  up(): string[]
  /** Whether they are there, now. */
  check(): Promise<void>
  stop(): void
}

/** The classifier of each organisation, and the engines that are configured, each supervised: one that fails is left alone and pinged. */
export function createEngines(deps: EnginesDeps): Engines {
  const models = createModels(deps.storage, deps.log)
  const beside = clientsOf(deps).map((client) =>
    supervise(client, {
      log: deps.log,
      ...(deps.retryMs === undefined ? {} : { retryMs: deps.retryMs }),
      onUp: () => deps.onUp?.(client.id),
      observe: observing(deps.metrics),
    }),
  )
  gauges(deps.metrics, beside)
  const askOnly: Engines['askOnly'] = async (wanted, asked) =>
    together(
      await Promise.all(
        beside.filter((e) => wanted.includes(e.id)).map(async (e) => ({ id: e.id, heard: await e.ask(asked) })),
      ),
    )
  return {
    ...models,
    askOnly,
    ask: async (tenant: TenantId, asked) => {
      const [model, answered] = await Promise.all([
        models.modelOf(tenant),
        askOnly(
          beside.map((e) => e.id),
          asked,
        ),
      ])
      return { signals: [opinion(model, asked.mail), ...answered.signals], absent: answered.absent }
    },
    statuses: () => beside.map((e) => e.status()),
    up: () => beside.filter((e) => e.status().state === 'up').map((e) => e.id),
    check: async () => {
      await Promise.all(beside.map((e) => e.check()))
    },
    stop: () => {
      for (const engine of beside) engine.stop()
    },
  }
}

const clientsOf = (deps: EnginesDeps): EngineClient[] => [
  ...(deps.rspamd ? [rspamd(deps.rspamd)] : []),
  ...(deps.clamav ? [clamav(deps.clamav)] : []),
]

/** What they said, and a note about each that said nothing: the verdict tells what it was judged without. */
function together(all: readonly { readonly id: string; readonly heard: Heard }[]): Answered {
  const absent = all.filter((a) => a.heard.kind === 'absent').map((a) => a.id)
  return {
    signals: [
      ...all.flatMap(({ heard }) => (heard.kind === 'answer' ? heard.signals : [])),
      ...absent.map((id) => note(ABSENT, id, `Judged without ${id}, which did not answer; it is asked again later`)),
      ...all
        .filter((a) => a.heard.kind === 'too-large')
        .map(({ id }) => note('engine-limit', id, `Larger than what ${id} is shown`)),
    ],
    absent,
  }
}

export const ABSENT = 'engine-absent'

const note = (id: string, engine: string, summary: string): Signal => ({
  ...{ id, version: 1, weight: 0, threat: 'none', technology: 'none', summary },
  evidence: { engine },
  entities: [],
})

function observing(metrics: Metrics | undefined) {
  const asked = metrics?.counter('recourse_engine_asked_total', 'Messages that an engine was asked about.', [
    'engine',
    'outcome',
  ])
  const seconds = metrics?.histogram('recourse_engine_seconds', 'Time until an engine answered.', ['engine'])
  return (engine: string, outcome: 'answered' | 'failed' | 'skipped', ms: number): void => {
    asked?.inc({ engine, outcome })
    if (outcome === 'answered') seconds?.observe({ engine }, ms / 1000)
  }
}

function gauges(metrics: Metrics | undefined, beside: readonly Supervised[]): void {
  for (const engine of beside)
    metrics?.gauge(`recourse_engine_${engine.id}_up`, `Whether ${engine.id} answers.`, [], () =>
      engine.status().state === 'up' ? 1 : 0,
    )
}
