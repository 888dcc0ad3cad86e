import { Button, Menu, MenuItemCheckbox, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { ColumnTriple20Regular } from '@fluentui/react-icons'
import { COLUMNS } from './columns.tsx'

export function ColumnChooser(props: { hidden: ReadonlySet<string>; onChange: (hidden: ReadonlySet<string>) => void }) {
  const shown = COLUMNS.map((c) => c.id).filter((id) => !props.hidden.has(id))
  return (
    <Menu
      inline
      checkedValues={{ columns: shown }}
      onCheckedValueChange={(_, data) =>
        props.onChange(new Set(COLUMNS.map((c) => c.id).filter((id) => !data.checkedItems.includes(id))))
      }
    >
      <MenuTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" icon={<ColumnTriple20Regular />}>
          Columns
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {COLUMNS.map((column) => (
            <MenuItemCheckbox key={column.id} name="columns" value={column.id} disabled={column.id === 'subject'}>
              {column.header}
            </MenuItemCheckbox>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
