import type { Metrics } from './base/index.ts'
import type { Judge } from './intake/index.ts'
import type { Storage } from './storage/index.ts'

/** Counts what is judged, as it is judged. */
export function countVerdicts(metrics: Metrics, judge: Judge): Judge {
  const verdicts = metrics.counter('recourse_verdicts_total', 'Messages judged.', ['threat', 'placement'])
  return async (...given) => {
    const judged = await judge(...given)
    verdicts.inc({ threat: judged.verdict.threat, placement: judged.verdict.placement })
    return judged
  }
}

/** Counts what becomes of actions, list entries and reports: once for all processes, by whichever handles the event. */
export function countEvents(metrics: Metrics, storage: Pick<Storage, 'outbox'>): void {
  const actions = metrics.counter('recourse_actions_total', 'Actions that came into a state.', ['state'])
  const others = metrics.counter('recourse_events_total', 'Reports made, list entries saved and removed.', ['kind'])
  storage.outbox.subscribe('metrics.actions', ['action.changed'], async (_, { data }) =>
    actions.inc({ state: data.state }),
  )
  const kinds = ['submission.made', 'entry.saved', 'entry.removed'] as const
  storage.outbox.subscribe('metrics.events', kinds, async (_, { kind }) => others.inc({ kind }))
}
