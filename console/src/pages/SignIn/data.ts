import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../../api/client.ts'
import { sessionQuery } from '../../api/session.ts'
import { tellTabs } from '../../api/tabs.ts'

/** After a sign-in: forget what another person may have seen, go where they wanted to. */
function useEntered() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async (to: string | undefined) => {
    client.clear()
    const session = await client.fetchQuery(sessionQuery)
    if (session) tellTabs(session.user.id)
    await navigate({ href: to ?? '/explorer' })
  }
}

export function useSignIn(to: string | undefined) {
  const entered = useEntered()
  return useMutation({
    mutationFn: (body: { email: string; password: string }) => api.auth('/sign-in/email', body),
    onSuccess: () => entered(to),
  })
}

export interface FirstAdministrator {
  readonly code: string
  readonly name: string
  readonly email: string
  readonly password: string
}

export function useSetup() {
  const entered = useEntered()
  return useMutation({
    mutationFn: (body: FirstAdministrator) => api.post('/setup', body),
    onSuccess: () => entered(undefined),
  })
}
