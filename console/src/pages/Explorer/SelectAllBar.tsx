import { Button } from '@fluentui/react-components'
import { plural } from '../../words.ts'

interface Props {
  readonly chosen: number
  readonly loaded: number
  readonly more: boolean
  readonly everything: boolean
  readonly total: number | undefined
  readonly onEverything: (all: boolean) => void
  readonly onClear: () => void
}

/** What is chosen; once all that is loaded is chosen, all that matches the filter can be: an action by query. */
export function SelectAllBar(props: Props) {
  const { chosen, loaded, everything, total } = props
  if (chosen === 0) return null
  const all =
    total === undefined ? 'everything that matches' : `everything that matches (${plural(total, 'copy', 'copies')})`
  return (
    <span className="row" role="status">
      <span>{everything ? `Chosen: ${all}` : `${plural(chosen, 'message')} chosen`}</span>
      {!everything && chosen === loaded && (props.more || loaded > 1) ? (
        <Button size="small" appearance="transparent" onClick={() => props.onEverything(true)}>
          Choose {all}
        </Button>
      ) : null}
      <Button size="small" appearance="transparent" onClick={props.onClear}>
        Clear
      </Button>
    </span>
  )
}
