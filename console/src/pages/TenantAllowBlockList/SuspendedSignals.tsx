import { Button } from '@fluentui/react-components'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.ts'
import { useCan } from '../../api/session.ts'
import { Card } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { Time } from '../../parts/Time.tsx'

interface Suspended {
  readonly id: string
  readonly signalId: string
  readonly version: number | null
  readonly why: string
  readonly by: string
  readonly at: string
  readonly until: string | null
}

/** Detection signals that are found and shown, but do not count: suspended by hand or by an undo. */
export function SuspendedSignals() {
  const client = useQueryClient()
  const write = useCan()('lists.write')
  const list = useQuery({
    queryKey: ['signals'],
    queryFn: ({ signal }) => api.get<{ items: readonly Suspended[] }>('/signals/suspended', {}, signal),
  })
  const resume = useMutation({
    mutationFn: (id: string) => api.delete(`/signals/suspended/${encodeURIComponent(id)}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['signals'] }),
  })
  const items = list.data?.items ?? []
  if (items.length === 0) return null
  return (
    <Card title={`Suspended signals (${items.length})`}>
      {resume.error ? <Problem error={resume.error} /> : null}
      <ul className="plain stack-tight">
        {items.map((one) => (
          <li key={one.id} className="row">
            <span className="wrap">
              <strong>{one.signalId}</strong> {one.version === null ? 'in every version' : `version ${one.version}`}:
              does not count since <Time at={one.at} />, by <SafeText text={one.by} max={80} />
              {one.why ? (
                <>
                  : <SafeText text={one.why} max={300} />
                </>
              ) : null}
            </span>
            {write ? (
              <Button size="small" disabledFocusable={resume.isPending} onClick={() => resume.mutate(one.id)}>
                Resume
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
    </Card>
  )
}
