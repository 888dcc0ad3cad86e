import {
  Button,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  Spinner,
} from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import type { RetentionState as State } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { Card, Facts } from '../../parts/Page.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { Time } from '../../parts/Time.tsx'
import { plural } from '../../words.ts'
import { useConfirmClock, useRetentionState } from './data.ts'

/** What is due, and whether the clock is trusted: a clock that has jumped ends nothing until somebody says that it is right. */
export function RetentionState() {
  const state = useRetentionState()
  const [asking, setAsking] = useState(false)
  const write = useCan()('settings.write')
  if (state.error) return <Problem error={state.error} onRetry={() => void state.refetch()} />
  if (!state.data) return <Spinner size="small" label="Counting" />
  const { doubt, due, trusted } = state.data
  return (
    <Card title="What is due">
      <div className="stack">
        {doubt ? (
          <MessageBar intent="warning" layout="multiline">
            <MessageBarBody className="wrap">
              <MessageBarTitle>The clock is in doubt</MessageBarTitle>
              {doubt.says}
            </MessageBarBody>
            {write ? (
              <MessageBarActions>
                <Button size="small" onClick={() => setAsking(true)}>
                  The clock is right
                </Button>
              </MessageBarActions>
            ) : null}
          </MessageBar>
        ) : null}
        <Facts
          facts={[
            ['Time is over for', dueText(due)],
            doubt
              ? ['Ends', 'Nothing, until the clock is trusted again']
              : ['Ends', due.softDeleted + due.hardDeleted + due.vault > 0 ? 'Within about fifteen minutes' : '–'],
            ['Clock trusted up to', <Time key="t" at={trusted} seconds />],
          ]}
        />
      </div>
      {asking ? <Confirm due={due} onClose={() => setAsking(false)} /> : null}
    </Card>
  )
}

function dueText({ softDeleted, hardDeleted, vault }: State['due']): string {
  const parts = [
    softDeleted > 0 ? plural(softDeleted, 'soft-deleted copy', 'soft-deleted copies') : null,
    hardDeleted > 0 ? plural(hardDeleted, 'hard-deleted copy', 'hard-deleted copies') : null,
    vault > 0 ? `the kept bytes of ${plural(vault, 'moved copy', 'moved copies')}` : null,
  ].filter((part) => part !== null)
  return parts.length > 0 ? parts.join(', ') : 'Nothing'
}

function Confirm({ due, onClose }: { due: State['due']; onClose: () => void }) {
  const confirm = useConfirmClock()
  return (
    <Ask
      title="Is the server’s clock right?"
      yes="The clock is right"
      busy={confirm.isPending}
      error={confirm.error}
      onYes={() => confirm.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <span>
        Look at the time of the server first. What became due by the jump ends then, and cannot be brought back:
      </span>
      <strong>{dueText(due)}</strong>
      <span className="muted">
        Held mail and the bytes of clean mail whose time is over end, too. It is written into the audit log.
      </span>
    </Ask>
  )
}
