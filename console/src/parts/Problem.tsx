import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { ApiError } from '../api/client.ts'

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What went wrong and what to do about it. */
export function Problem({ error, title, onRetry }: { error: unknown; title?: string; onRetry?: () => void }) {
  const cure = error instanceof ApiError ? error.cure : ''
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody className="wrap">
        <MessageBarTitle>{title ?? 'That did not work'}</MessageBarTitle>
        {messageOf(error)}
        {cure ? <span className="notice-cure">{cure}</span> : null}
      </MessageBarBody>
      {onRetry ? (
        <MessageBarActions>
          <Button size="small" onClick={onRetry}>
            Try again
          </Button>
        </MessageBarActions>
      ) : null}
    </MessageBar>
  )
}
