import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { ApiError } from '../api/client.ts'
import { messageOf, Problem } from './Problem.tsx'

/** Why a save was refused; where somebody else was faster, who, and the way to what is there now. */
export function SaveProblem(props: { error: unknown; title: string; meanwhile?: boolean; onReload: () => void }) {
  const { error, title, meanwhile = false, onReload } = props
  const faster = error instanceof ApiError && error.code === 'version'
  if (error && !faster) return <Problem error={error} title={title} />
  if (!faster && !meanwhile) return null
  return (
    <MessageBar intent="warning" layout="multiline" role="alert">
      <MessageBarBody className="wrap">
        <MessageBarTitle>{faster ? 'Changed meanwhile' : 'Somebody else saves, too'}</MessageBarTitle>
        {faster ? messageOf(error) : 'A newer version is there than the one that you are changing.'}
        <span className="notice-cure">
          {faster ? 'Nothing was saved. ' : ''}Reload shows what is there now; what you wrote here is given up.
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
