import { Button } from '@fluentui/react-components'
import { useState } from 'react'
import { useCan } from '../../api/session.ts'
import { visible } from '../../parts/text.ts'
import { type Blockable, BlockDialog } from './BlockDialog.tsx'

/** Offered to those who may write entries. */
export function BlockButton({ messageId, what, name }: { messageId: string; what: Blockable; name: string }) {
  const [open, setOpen] = useState(false)
  const can = useCan()
  if (!can('lists.write')) return null
  return (
    <>
      <Button size="small" aria-label={`Block ${visible(name, 120)}`} onClick={() => setOpen(true)}>
        Block
      </Button>
      {open ? <BlockDialog messageId={messageId} what={what} onClose={() => setOpen(false)} /> : null}
    </>
  )
}
