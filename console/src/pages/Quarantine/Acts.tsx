import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { Delete20Regular, MailArrowUp20Regular, MoreHorizontal20Regular } from '@fluentui/react-icons'
import { useCan } from '../../api/session.ts'
import type { QuarantineRow } from '../../api/types.ts'
import type { Select } from './data.ts'

/** What the buttons are about. */
export interface Subject {
  readonly select: Select
  readonly rows: readonly QuarantineRow[]
  readonly everything: boolean
  /** For people: `3 messages`, or the subject of one. */
  readonly what: string
}

export interface Doing {
  readonly act: 'release' | 'delete' | 'deny' | 'extend' | 'block' | 'download'
  readonly subject: Subject
}

const openOf = (row: QuarantineRow): number => row.counts.held + row.counts.denied

/** *Release*, *Delete* and what is under *More*; what cannot be done with what is chosen is greyed out. */
export function Acts({ subject, onDo }: { subject: Subject; onDo: (doing: Doing) => void }) {
  const can = useCan()
  const { rows, everything } = subject
  const none = rows.length === 0
  const nothingHeld = !everything && rows.every((row) => openOf(row) === 0)
  const start = (act: Doing['act']) => () => onDo({ act, subject })
  const manage = can('quarantine.manage')
  return (
    <>
      {manage ? (
        <>
          <Button
            appearance="primary"
            icon={<MailArrowUp20Regular />}
            disabledFocusable={none || nothingHeld}
            onClick={start('release')}
          >
            Release
          </Button>
          <Button icon={<Delete20Regular />} disabledFocusable={none || nothingHeld} onClick={start('delete')}>
            Delete
          </Button>
        </>
      ) : null}
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button appearance="subtle" icon={<MoreHorizontal20Regular />} disabledFocusable={none}>
            More
          </Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            {manage ? (
              <>
                <MenuItem disabled={nothingHeld} onClick={start('deny')}>
                  Deny release
                </MenuItem>
                <MenuItem disabled={nothingHeld} onClick={start('extend')}>
                  Keep longer
                </MenuItem>
              </>
            ) : null}
            {manage && can('lists.write') ? <MenuItem onClick={start('block')}>Block sender</MenuItem> : null}
            {can('mail.content') ? (
              <MenuItem disabled={everything} onClick={start('download')}>
                Download messages
              </MenuItem>
            ) : null}
          </MenuList>
        </MenuPopover>
      </Menu>
    </>
  )
}
