import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useSession } from './session.ts'

const KEY = 'recourse.session'
const NOBODY = 'nobody'

/** All tabs have one session: the others hear who is signed in from now on; null = nobody. */
export function tellTabs(user: string | null): void {
  try {
    // With the time, so that the same person again is told again.
    localStorage.setItem(KEY, `${user ?? NOBODY} ${Date.now()}`)
  } catch {
    // A browser that keeps nothing cannot tell it either.
  }
}

/**
 * What another tab has done to the session. After a sign-out nothing that was read stays in sight; under another name the page begins anew;
 * where the same person is back, what stands in a dialog stays and what was refused is asked again.
 */
export function useOtherTabs(): void {
  const client = useQueryClient()
  const router = useRouter()
  const session = useSession()
  // Also while its session has ended: what is in sight is still hers.
  const shown = useRef(session?.user.id)
  useEffect(() => {
    if (session) shown.current = session.user.id
  }, [session])
  useEffect(() => {
    const hear = (event: StorageEvent) => {
      if (event.key !== KEY || !event.newValue) return
      const [user] = event.newValue.split(' ')
      if (user === NOBODY) {
        const to = router.state.location.href
        void router.navigate({ to: '/sign-in', search: { to } }).then(() => client.clear())
      } else if (user === shown.current) void client.invalidateQueries()
      else location.reload()
    }
    window.addEventListener('storage', hear)
    return () => window.removeEventListener('storage', hear)
  }, [client, router])
}
