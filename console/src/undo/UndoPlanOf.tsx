import { Spinner } from '@fluentui/react-components'
import type { UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import { useCan } from '../api/session.ts'
import type { UndoPlan } from '../api/types.ts'
import { Problem } from '../parts/Problem.tsx'
import { UndoPlanView } from './UndoPlanView.tsx'

/** The plan of an undo as it is counted: what went wrong with it, or what it says, or that it is awaited. */
export const UndoPlanOf = ({ plan }: { plan: UseQueryResult<UndoPlan> }) => (
  <>
    {plan.error ? <Problem error={plan.error} onRetry={() => void plan.refetch()} /> : null}
    {plan.data ? <UndoPlanView plan={plan.data} /> : plan.isPending ? <Spinner size="small" label="Counting" /> : null}
  </>
)

/** Whether the cause is suspended too: asked of those who may, where there is something to suspend. */
export function useSuspend(plan: UndoPlan | undefined) {
  const [chosen, setChosen] = useState(false)
  const can = useCan()
  const offered = can('lists.write') && (plan?.future.some((one) => one.canSuspend) ?? false)
  return { offered, chosen: chosen && offered, setChosen }
}
