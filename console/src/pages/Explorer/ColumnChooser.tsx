import {
  Button,
  Menu,
  MenuDivider,
  MenuItem,
  MenuItemCheckbox,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components'
import { ColumnTriple20Regular } from '@fluentui/react-icons'
import { COLUMN_LABELS } from './columnLabels.ts'
import { LIST_COLUMNS, type ListColumn } from './columns.tsx'

interface Props {
  readonly shown: readonly ListColumn[]
  /** Null: the usual ones. */
  readonly onChange: (shown: readonly ListColumn[] | null) => void
}

export function ColumnChooser({ shown, onChange }: Props) {
  return (
    <Menu
      inline
      positioning={{ position: 'below', align: 'end', autoSize: true }}
      checkedValues={{ columns: [...shown] }}
      onCheckedValueChange={(_, data) => onChange(LIST_COLUMNS.filter((id) => data.checkedItems.includes(id)))}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" icon={<ColumnTriple20Regular />}>
          Columns
        </Button>
      </MenuTrigger>
      <MenuPopover className="filter-menu">
        <MenuList>
          {LIST_COLUMNS.map((id) => (
            <MenuItemCheckbox key={id} name="columns" value={id} disabled={id === 'subject'}>
              {COLUMN_LABELS[id]}
            </MenuItemCheckbox>
          ))}
          <MenuDivider />
          <MenuItem onClick={() => onChange(null)}>Usual columns</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
