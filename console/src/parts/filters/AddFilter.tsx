import {
  Button,
  Menu,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components'
import { FilterAdd20Regular } from '@fluentui/react-icons'
import type { Property } from './search.ts'

interface Props<K extends string> {
  readonly properties: readonly Property<K>[]
  readonly onAdd: (property: Property<K>) => void
}

/** The conditions that are not there yet, under their headings. */
export function AddFilter<K extends string>({ properties, onAdd }: Props<K>) {
  const groups = [...Map.groupBy(properties, (p) => p.group ?? '')]
  const items = (of: readonly Property<K>[]) =>
    of.map((p) => (
      <MenuItem key={p.key} onClick={() => onAdd(p)}>
        {p.label}
      </MenuItem>
    ))
  return (
    <Menu inline positioning={{ position: 'below', align: 'start', autoSize: true }}>
      <MenuTrigger disableButtonEnhancement>
        <Button icon={<FilterAdd20Regular />}>Add filter</Button>
      </MenuTrigger>
      <MenuPopover className="filter-menu">
        <MenuList>
          {groups.map(([group, of]) =>
            group === '' ? (
              items(of)
            ) : (
              <MenuGroup key={group}>
                <MenuGroupHeader>{group}</MenuGroupHeader>
                {items(of)}
              </MenuGroup>
            ),
          )}
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
