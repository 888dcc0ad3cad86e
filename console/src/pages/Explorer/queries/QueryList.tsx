import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, OverlayDrawer, Spinner } from '@fluentui/react-components'
import { Dismiss24Regular } from '@fluentui/react-icons'
import { useCan } from '../../../api/session.ts'
import type { SavedQuery } from '../../../api/types.ts'
import { conditionsIn, TEXT } from '../../../parts/filters/conditions.ts'
import { wordOf } from '../../../parts/filters/FilterChip.tsx'
import { Empty } from '../../../parts/Page.tsx'
import { Problem } from '../../../parts/Problem.tsx'
import { RemoveButton } from '../../../parts/RemoveButton.tsx'
import { Time } from '../../../parts/Time.tsx'
import { visible } from '../../../parts/text.ts'
import { useReturnFocus } from '../../../parts/useReturnFocus.ts'
import { plural } from '../../../words.ts'
import type { ExplorerSearch } from '../filters.ts'
import { PROPERTIES } from '../properties.ts'
import { searchOf, useOpen, useQueries, useRemove } from './data.ts'

interface Props {
  readonly onOpen: (search: ExplorerSearch) => void
  readonly onClose: () => void
}

/** The saved queries of the organisation: opened by their names, tracked ones with their counts. */
export function QueryList({ onOpen, onClose }: Props) {
  useReturnFocus()
  const queries = useQueries(true)
  const open = useOpen()
  const remove = useRemove()
  const may = useCan()('remediation.propose')
  const items = queries.data?.items ?? []
  return (
    <OverlayDrawer open position="end" size="medium" onOpenChange={(_, data) => (data.open ? undefined : onClose())}>
      <DrawerHeader>
        <DrawerHeaderTitle
          heading={{ as: 'h2' }}
          action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClose} />}
        >
          Saved queries
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody tabIndex={0} aria-label="Saved queries">
        {queries.error ? <Problem error={queries.error} onRetry={() => void queries.refetch()} /> : null}
        {open.error ? <Problem error={open.error} title="It could not be opened" /> : null}
        {remove.error ? <Problem error={remove.error} title="It was not removed" /> : null}
        {queries.isPending ? <Spinner size="small" label="Loading" /> : null}
        {queries.data && items.length === 0 ? (
          <Empty title="No saved query yet">Filter, then press Save query. Everybody here can open it.</Empty>
        ) : null}
        <ul className="plain queries">
          {items.map((query) => (
            <li key={query.id} className="query">
              <div className="row">
                <button
                  type="button"
                  className="link-button grow"
                  onClick={() => open.mutate(query, { onSuccess: onOpen })}
                >
                  <bdi>{visible(query.name, 100)}</bdi>
                </button>
                {may ? <RemoveButton what={query.name} onRemove={() => remove.mutate(query.id)} /> : null}
              </div>
              <About query={query} />
            </li>
          ))}
        </ul>
      </DrawerBody>
    </OverlayDrawer>
  )
}

function About({ query }: { query: SavedQuery }) {
  const { counts } = query
  return (
    <>
      <span className="wrap">{inWords(query) || 'All mail'}</span>
      {counts ? (
        <span>
          Today {plural(counts.today, 'message')}, the day before {counts.dayBefore.toLocaleString()};{' '}
          {counts.trend === 0
            ? 'as many as'
            : `${Math.abs(counts.trend).toLocaleString()} ${counts.trend > 0 ? 'more' : 'fewer'} than`}{' '}
          the daily average of the week before
        </span>
      ) : null}
      <span className="muted small">
        {query.days === null ? 'Exact dates' : `Last ${plural(query.days, 'day')}`} · by {visible(query.author, 60)}
        {query.lastRunAt ? (
          <>
            {' '}
            · opened <Time at={query.lastRunAt} />
          </>
        ) : (
          ' · never opened'
        )}
      </span>
    </>
  )
}

/** The conditions as the chips name them. */
function inWords(query: SavedQuery): string {
  const search = searchOf(query, query.filter)
  const conditions = conditionsIn(search, [...PROPERTIES, TEXT]).map(({ property, operator, values }) => {
    const words = values.slice(0, 3).map((value) => wordOf(property, value, 40))
    const more = values.length > 3 ? ` +${values.length - 3}` : ''
    const sign = operator.word === 'any of' || operator.word === 'is' ? ':' : ` ${operator.word}`
    return `${property.label}${sign} ${words.join(', ')}${more}`
  })
  const text = search.q && !search.not?.includes('q') ? [`“${visible(search.q, 60)}”`] : []
  return [...text, ...conditions].join(search.match === 'any' ? ' or ' : '; ')
}
