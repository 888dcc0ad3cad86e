import { useState } from 'react'
import type { Doing } from './Acts.tsx'
import { BlockHeld, DeleteHeld, DenyHeld, DownloadHeld, ExtendHeld } from './Dialogs.tsx'
import { Release } from './Release.tsx'

/** The panel or dialog of what was asked for. What was chosen when it opened stays, whatever the list does meanwhile. */
export function Doings(props: { doing: Doing; onClose: () => void; onDone: () => void }) {
  const [{ act, subject }] = useState(props.doing)
  const { select, rows, what, everything } = subject
  const common = { select, what, onClose: props.onClose, onDone: props.onDone }
  switch (act) {
    case 'release':
      return (
        <Release
          recipients={!everything && rows.length === 1 && rows[0] ? rows[0].recipients : null}
          select={select}
          onClose={props.onClose}
          onDone={props.onDone}
        />
      )
    case 'delete':
      return <DeleteHeld {...common} />
    case 'deny':
      return <DenyHeld {...common} />
    case 'extend':
      return <ExtendHeld {...common} />
    case 'block':
      return <BlockHeld {...common} senders={everything ? [] : [...new Set(rows.flatMap((r) => r.sender ?? []))]} />
    case 'download':
      return <DownloadHeld ids={rows.map((r) => r.messageId)} what={what} onClose={props.onClose} />
  }
}
