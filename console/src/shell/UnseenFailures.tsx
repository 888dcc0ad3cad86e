import { Link, Toast, ToastBody, ToastTitle, ToastTrigger, useToastController } from '@fluentui/react-components'
import { type Mutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ApiError } from '../api/client.ts'
import { isUnsure, messageOf } from '../parts/Problem.tsx'
import { TOASTER } from './theme.tsx'

/** Writes that failed after what had asked for them was closed: nothing else would tell. It stays until it is dismissed. */
export function UnseenFailures(): null {
  const client = useQueryClient()
  const { dispatchToast } = useToastController(TOASTER)
  useEffect(() => {
    const watchers = new WeakMap<Mutation<unknown, unknown, unknown, unknown>, number>()
    return client.getMutationCache().subscribe((event) => {
      const { mutation } = event
      if (!mutation) return
      const count = watchers.get(mutation) ?? 0
      if (event.type === 'observerAdded') watchers.set(mutation, count + 1)
      if (event.type === 'observerRemoved') watchers.set(mutation, count - 1)
      if (event.type === 'updated' && event.action.type === 'error' && count <= 0)
        dispatchToast(<Failure error={event.action.error} />, { intent: 'error', timeout: -1 })
    })
  }, [client, dispatchToast])
  return null
}

function Failure({ error }: { error: unknown }) {
  const cure = error instanceof ApiError ? error.cure : ''
  return (
    <Toast>
      <ToastTitle
        action={
          <ToastTrigger>
            <Link>Dismiss</Link>
          </ToastTrigger>
        }
      >
        {isUnsure(error)
          ? 'A change that you asked for may have been done'
          : 'A change that you asked for did not work'}
      </ToastTitle>
      <ToastBody>
        {messageOf(error)} {cure}
      </ToastBody>
    </Toast>
  )
}
