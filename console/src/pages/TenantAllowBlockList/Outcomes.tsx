import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import type { EntryOutcomes } from '../../api/types.ts'
import { visible } from '../../parts/text.ts'
import { plural } from '../../words.ts'

const SHOWN = 20

interface Props {
  readonly done: EntryOutcomes
  /** What was done with those that succeeded: `added`. */
  readonly verb: string
  /** How a line is called: its value, where only an id is known. */
  readonly nameOf?: (of: string) => string
}

/** What became of several entries: how many went well, and of each other why not. */
export function Outcomes({ done: { results }, verb, nameOf = (of) => of }: Props) {
  const rest = results.filter((r) => r.status !== 'succeeded')
  const failed = rest.some((r) => r.status === 'failed')
  return (
    <MessageBar intent={failed ? 'warning' : 'info'} layout="multiline" role="status">
      <MessageBarBody className="wrap">
        <MessageBarTitle>
          {results.length - rest.length} of {plural(results.length, 'entry', 'entries')} {verb}
        </MessageBarTitle>
        <ul className="sentences" aria-label={`Not ${verb}`}>
          {rest.slice(0, SHOWN).map((r) => (
            <li key={r.of}>
              <bdi className="mono">{visible(nameOf(r.of), 120)}</bdi>: {r.error?.message}
            </li>
          ))}
          {rest.length > SHOWN ? <li>and {(rest.length - SHOWN).toLocaleString()} more</li> : null}
        </ul>
      </MessageBarBody>
    </MessageBar>
  )
}
