import { Button, MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { ArrowUndo20Regular, Checkmark20Regular, Dismiss20Regular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { ActionRow, DecideResults } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { visible } from '../../parts/text.ts'
import { actionLabel, plural } from '../../words.ts'
import { Comment } from './DecideDialog.tsx'
import { useDecideMany } from './data.ts'
import type { Tab } from './search.ts'

type Verb = 'approve' | 'reject' | 'undo'
const WORD: Record<Verb, string> = { approve: 'Approve', reject: 'Reject', undo: 'Undo' }
const MOST = 200

/** One decision about several actions of the same type; each is decided on its own, and the answers are listed. */
export function Bulk({ chosen, tab, onDone }: { chosen: readonly ActionRow[]; tab: Tab; onDone: () => void }) {
  const [verb, setVerb] = useState<Verb | null>(null)
  const [told, setTold] = useState<{
    verb: Verb
    rows: readonly ActionRow[]
    results: DecideResults['results']
  } | null>(null)
  const kinds = new Set(chosen.map((row) => actionLabel(row.kind, row.target)))
  const why =
    chosen.length === 0
      ? 'Choose actions in the list.'
      : kinds.size > 1
        ? 'Only actions of the same type are decided together.'
        : chosen.length > MOST
          ? `At most ${MOST} at a time.`
          : null
  const button = (one: Verb, icon: typeof Checkmark20Regular) => {
    const Icon = icon
    return (
      <Button
        size="small"
        appearance="subtle"
        icon={<Icon />}
        disabledFocusable={why !== null}
        title={why ?? undefined}
        onClick={() => setVerb(one)}
      >
        {WORD[one]}
      </Button>
    )
  }
  return (
    <>
      {tab === 'pending' ? (
        <>
          {button('approve', Checkmark20Regular)}
          {button('reject', Dismiss20Regular)}
        </>
      ) : (
        button('undo', ArrowUndo20Regular)
      )}
      {chosen.length > 0 ? (
        <span role="status">
          {plural(chosen.length, 'action')} chosen{why ? `. ${why}` : ''}
        </span>
      ) : null}
      {verb ? (
        <Sure
          verb={verb}
          chosen={chosen}
          onClose={() => setVerb(null)}
          onTold={(results) => {
            setTold({ verb, rows: chosen, results })
            setVerb(null)
            onDone()
          }}
        />
      ) : null}
      {told ? <Told {...told} onClose={() => setTold(null)} /> : null}
    </>
  )
}

function Sure(props: {
  verb: Verb
  chosen: readonly ActionRow[]
  onClose: () => void
  onTold: (results: DecideResults['results']) => void
}) {
  const { verb, chosen, onClose, onTold } = props
  const [why, setWhy] = useState('')
  const decide = useDecideMany()
  const copies = chosen.reduce((sum, row) => sum + (verb === 'undo' ? row.counts.done : row.counts.total), 0)
  return (
    <Ask
      title={`${WORD[verb]} ${plural(chosen.length, 'action')}`}
      yes={WORD[verb]}
      busy={decide.isPending}
      error={decide.error}
      onYes={() =>
        decide.mutate(
          { ids: chosen.map((row) => row.id), verb, ...(why.trim() ? { why: why.trim() } : {}) },
          { onSuccess: ({ results }) => onTold(results) },
        )
      }
      onClose={onClose}
    >
      <p className="plan-line">
        {verb === 'reject'
          ? `${plural(copies, 'copy stays', 'copies stay')} where they are.`
          : verb === 'approve'
            ? `${plural(copies, 'copy is', 'copies are')} acted on.`
            : `Up to ${plural(copies, 'copy goes', 'copies go')} back; each action’s page tells what could not.`}
      </p>
      <Comment value={why} onChange={setWhy} />
    </Ask>
  )
}

function Told(props: {
  verb: Verb
  rows: readonly ActionRow[]
  results: DecideResults['results']
  onClose: () => void
}) {
  const failed = props.results.filter((one) => !one.ok)
  const names = new Map(props.rows.map((row) => [row.id, row.name]))
  return (
    <MessageBar intent={failed.length > 0 ? 'warning' : 'success'} layout="multiline" role="status">
      <MessageBarBody className="wrap">
        <MessageBarTitle>
          {WORD[props.verb]}: {props.results.length - failed.length} of {plural(props.results.length, 'action')}
        </MessageBarTitle>
        {failed.map((one) => (
          <span key={one.id} className="notice-cure">
            “{visible(names.get(one.id) ?? one.id, 80)}”: {one.error?.message} {one.error?.cure}
          </span>
        ))}
        <Button size="small" appearance="transparent" onClick={props.onClose}>
          Close
        </Button>
      </MessageBarBody>
    </MessageBar>
  )
}
