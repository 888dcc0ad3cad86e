import { Button } from '@fluentui/react-components'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useCan } from '../../api/session.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Status } from '../../parts/Status.tsx'
import { Time } from '../../parts/Time.tsx'
import { UndoByCauseButton } from '../../undo/UndoByCause.tsx'

interface Braked {
  readonly id: string
  readonly source: { readonly kind: 'signal' | 'entry'; readonly id: string; readonly version: number }
  readonly value: string | null
  readonly why: string
  readonly at: string
  readonly suspended: boolean
}

/** Feeds, signals and entries that kept the mail of too many known senders out of the Inbox, until somebody says what is to be. */
export function BrakedSources() {
  const client = useQueryClient()
  const write = useCan()('lists.write')
  const list = useQuery({
    queryKey: ['signals', 'braked'],
    queryFn: ({ signal }) => api.get<{ items: readonly Braked[] }>('/sources/braked', {}, signal),
  })
  const letGo = useMutation({
    mutationFn: (id: string) => api.delete(`/sources/braked/${encodeURIComponent(id)}`),
    onSettled: async () => {
      for (const key of ['signals', 'entries']) await client.invalidateQueries({ queryKey: [key] })
    },
  })
  const items = list.data?.items ?? []
  if (items.length === 0) return null
  return (
    <Card title={`Convict known senders (${items.length})`}>
      {letGo.error ? <Problem error={letGo.error} /> : null}
      <ul className="plain stack-tight" aria-label="Convict known senders">
        {items.map((one) => (
          <li key={one.id} className="row">
            <span className="wrap">
              <Status tone={one.suspended ? 'warn' : 'bad'}>
                {one.suspended ? 'Suspended by Recourse' : 'Still counts'}
              </Status>{' '}
              <strong>
                <SafeText text={one.value ?? one.source.id} max={100} />
              </strong>
              , <Time at={one.at} />: <SafeText text={one.why} max={500} />
            </span>
            <UndoByCauseButton
              what={`everything that ${one.source.kind === 'entry' ? 'this entry' : `the signal ${one.source.id}`} did`}
              source="lists"
              select={
                one.source.kind === 'entry' ? { entry: { id: one.source.id } } : { signal: { id: one.source.id } }
              }
            />
            {write ? (
              <Button size="small" disabledFocusable={letGo.isPending} onClick={() => letGo.mutate(one.id)}>
                {one.suspended ? 'Resume' : 'Let it go on'}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </Card>
  )
}
