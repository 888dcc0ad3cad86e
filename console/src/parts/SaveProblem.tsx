import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useEffect, useRef } from 'react'
import { ApiError } from '../api/client.ts'
import { messageOf, Problem } from './Problem.tsx'

interface Props {
  readonly error: unknown
  readonly title: string
  /** Somebody else has saved while this is being changed. */
  readonly meanwhile?: boolean
  readonly onReload: () => void
}

/** Why a save was refused; where somebody else was faster, who, and the way to what is there now. */
export function SaveProblem({ error, title, meanwhile = false, onReload }: Props) {
  const box = useRef<HTMLDivElement>(null)
  // A long form scrolls: what is wrong with it must be seen.
  useEffect(() => {
    if (error) box.current?.scrollIntoView({ block: 'nearest' })
  }, [error])
  const faster = error instanceof ApiError && error.code === 'version'
  if (!error && !meanwhile) return null
  return (
    <div ref={box}>
      {error && !faster ? (
        <Problem error={error} title={title} />
      ) : (
        <Faster message={faster ? messageOf(error) : null} onReload={onReload} />
      )}
    </div>
  )
}

function Faster({ message, onReload }: { message: string | null; onReload: () => void }) {
  return (
    <MessageBar intent="warning" layout="multiline" role="alert">
      <MessageBarBody className="wrap">
        <MessageBarTitle>{message ? 'Changed meanwhile' : 'Somebody else saves, too'}</MessageBarTitle>
        {message ?? 'A newer version is there than the one that you are changing.'}
        <span className="notice-cure">
          {message ? 'Nothing was saved. ' : ''}Reload shows what is there now; what you wrote here is given up.
        </span>
      </MessageBarBody>
      <MessageBarActions>
        <Button size="small" onClick={onReload}>
          Reload
        </Button>
      </MessageBarActions>
    </MessageBar>
  )
}
