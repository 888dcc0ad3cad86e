import { Button } from '@fluentui/react-components'
import { Link, useRouter } from '@tanstack/react-router'
import { Problem } from '../parts/Problem.tsx'

/** What is shown instead of a page that could not be shown. */
export function Failed({ error }: { error: unknown }) {
  const router = useRouter()
  return (
    <div className="page">
      <div className="page-head">
        <h1>Something went wrong</h1>
      </div>
      <Problem error={error} title="This page could not be shown" />
      <div>
        <Button onClick={() => void router.invalidate()}>Try again</Button>
      </div>
    </div>
  )
}

export function Missing() {
  return (
    <div className="page">
      <div className="page-head">
        <h1>There is no such page</h1>
      </div>
      <Link to="/explorer" search={{}} className="link">
        To Explorer
      </Link>
    </div>
  )
}
