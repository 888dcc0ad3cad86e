import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { FilterAdd20Regular } from '@fluentui/react-icons'
import type { Property } from './search.ts'

/** The conditions that are not there yet. */
export function AddFilter<K extends string>(props: { properties: readonly Property<K>[]; onAdd: (key: K) => void }) {
  return (
    <Menu inline>
      <MenuTrigger disableButtonEnhancement>
        <Button icon={<FilterAdd20Regular />}>Add filter</Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {props.properties.map((p) => (
            <MenuItem key={p.key} onClick={() => props.onAdd(p.key)}>
              {p.label}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
