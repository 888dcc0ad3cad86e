import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { Link, useLocation } from '@tanstack/react-router'
import { ApiError } from '../api/client.ts'

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The session has ended while a page was open; what stands in a dialog stays when the sign-in is done in another tab. */
function SignedOut({ title, onRetry }: { title: string | undefined; onRetry: (() => void) | undefined }) {
  const here = useLocation({ select: (location) => location.href })
  return (
    <MessageBar intent="warning" layout="multiline" role="alert">
      <MessageBarBody className="wrap">
        <MessageBarTitle>{title ?? 'That did not work'}</MessageBarTitle>
        You are not signed in any more.{' '}
        <Link to="/sign-in" search={{ to: here }} className="link">
          Sign in
        </Link>
      </MessageBarBody>
      {onRetry ? <RetryAction onRetry={onRetry} /> : null}
    </MessageBar>
  )
}

const RetryAction = ({ onRetry }: { onRetry: () => void }) => (
  <MessageBarActions>
    <Button size="small" onClick={onRetry}>
      Try again
    </Button>
  </MessageBarActions>
)

export const isUnsure = (error: unknown): boolean => error instanceof ApiError && error.unsure

/** What went wrong and what to do about it. That something was not done is said only where it is known. */
export function Problem({ error, title, onRetry }: { error: unknown; title?: string; onRetry?: () => void }) {
  const cure = error instanceof ApiError ? error.cure : ''
  if (error instanceof ApiError && error.code === 'signed-out') return <SignedOut title={title} onRetry={onRetry} />
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody className="wrap">
        <MessageBarTitle>{isUnsure(error) ? 'It may have been done' : (title ?? 'That did not work')}</MessageBarTitle>
        {messageOf(error)}
        {cure ? <span className="notice-cure">{cure}</span> : null}
      </MessageBarBody>
      {onRetry ? <RetryAction onRetry={onRetry} /> : null}
    </MessageBar>
  )
}
