import { Button } from '@fluentui/react-components'
import { BookmarkMultiple20Regular, Save20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useCan } from '../../../api/session.ts'
import type { ApiFilter, SavedQuery } from '../../../api/types.ts'
import type { useExplorerSearch } from '../data.ts'
import { QueryList } from './QueryList.tsx'
import { SaveQuery } from './SaveQuery.tsx'

type View = Pick<ReturnType<typeof useExplorerSearch>, 'search' | 'change' | 'open'>

interface Props {
  readonly view: View
  readonly filter: ApiFilter
  readonly opened: SavedQuery | null
}

/** *Save query* and *Saved queries*. */
export function Queries({ view, filter, opened }: Props) {
  const [shown, setShown] = useState<'save' | 'list' | null>(null)
  const may = useCan()('remediation.propose')
  const close = () => setShown(null)
  return (
    <>
      {may ? (
        <Button size="small" icon={<Save20Regular />} onClick={() => setShown('save')}>
          Save query
        </Button>
      ) : null}
      <Button size="small" icon={<BookmarkMultiple20Regular />} onClick={() => setShown('list')}>
        Saved queries
      </Button>
      {shown === 'save' ? (
        <SaveQuery
          search={view.search}
          filter={filter}
          opened={opened}
          onSaved={(query) => view.change({ query: query.id })}
          onClose={close}
        />
      ) : null}
      {shown === 'list' ? (
        <QueryList
          onOpen={(search) => {
            close()
            view.open(search)
          }}
          onClose={close}
        />
      ) : null}
    </>
  )
}
