import { Radio, RadioGroup } from '@fluentui/react-components'
import { useState } from 'react'
import type { ActionItem, ItemPlace } from '../../api/types.ts'
import { Ask } from '../../parts/Ask.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { visible } from '../../parts/text.ts'
import { Comment } from './DecideDialog.tsx'
import { useKeep } from './data.ts'

type Both = NonNullable<ActionItem['both']>

/** Of two copies of one message, left in doubt, which one stays. */
export function KeepDialog(props: { actionId: string; item: ActionItem; both: Both; onClose: () => void }) {
  const { actionId, item, both, onClose } = props
  const [folder, setFolder] = useState<string | null>(null)
  const [why, setWhy] = useState('')
  const keep = useKeep(actionId, item.id, onClose)
  const copies = [both.source, both.target]
  const other = folder === null ? undefined : copies.find((copy) => copy.folder !== folder)
  return (
    <Ask
      title="Keep one of two copies"
      yes="Keep this one"
      busy={keep.isPending}
      blocked={folder === null}
      error={keep.error}
      onYes={() => {
        if (folder !== null) keep.mutate({ folder, ...(why.trim() ? { description: why.trim() } : {}) })
      }}
      onClose={onClose}
    >
      <p className="plan-line">
        The message is twice in the mailbox of <SafeText text={item.recipient} max={120} />, and nobody can tell which
        copy the user has made.
      </p>
      <RadioGroup aria-label="The copy that stays" value={folder ?? ''} onChange={(_, data) => setFolder(data.value)}>
        {copies.map((copy) => (
          <Radio key={copy.folder} value={copy.folder ?? ''} label={labelOf(copy)} />
        ))}
      </RadioGroup>
      <Comment value={why} onChange={setWhy} />
      <p className="muted">
        {other ? `The copy in ${visible(other.folder ?? '', 80)}` : 'The other one'} is removed as by a soft delete, if
        it is the same to the last byte. That is an action of its own, and can be undone.
      </p>
    </Ask>
  )
}

function labelOf({ folder, flags, keywords }: ItemPlace): string {
  const marks = [...flags, ...keywords].map((mark) => mark.replace(/^\\/, ''))
  const name = visible(folder ?? '', 80)
  return marks.length > 0 ? `${name} (${visible(marks.join(', '), 120)})` : name
}
