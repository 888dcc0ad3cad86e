import { Button, Spinner } from '@fluentui/react-components'
import { Link, useRouter } from '@tanstack/react-router'
import { useCallback, useEffect } from 'react'
import { ApiError } from '../api/client.ts'
import { Problem } from '../parts/Problem.tsx'
import { reloadWhenBack } from './files.ts'

/** What is shown instead of a page that could not be shown. */
export function Failed({ error }: { error: unknown }) {
  const router = useRouter()
  const unreachable = error instanceof ApiError && error.status === 0
  const files = error instanceof ApiError && ['files-away', 'file-missing'].includes(error.code)
  const again = useCallback(() => void (files ? reloadWhenBack() : router.invalidate()), [files, router])
  useEffect(() => {
    if (!unreachable) return
    const timer = setInterval(again, 5_000)
    return () => clearInterval(timer)
  }, [again, unreachable])
  return (
    <div className="page">
      <div className="page-head">
        <h1>Something went wrong</h1>
      </div>
      <Problem error={error} title="This page could not be shown" />
      <div>
        <Button onClick={again}>Try again</Button>
      </div>
    </div>
  )
}

/** The same where there is no frame around it. */
export const FailedAlone = ({ error }: { error: unknown }) => (
  <main>
    <Failed error={error} />
  </main>
)

export function Missing() {
  return (
    <main className="page">
      <title>There is no such page – Recourse</title>
      <div className="page-head">
        <h1>There is no such page</h1>
      </div>
      <Link to="/explorer" search={{}} className="link">
        To Explorer
      </Link>
    </main>
  )
}

/** While the server is asked who is signed in: a slow answer must not look like a page that is broken. */
export function Waiting() {
  return (
    <main className="page">
      <div className="page-head">
        <h1>Waiting for the server</h1>
      </div>
      <Spinner aria-hidden />
    </main>
  )
}
