import {
  Avatar,
  Menu,
  MenuButton,
  MenuDivider,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components'
import { SignOut20Regular } from '@fluentui/react-icons'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { type ThemeChoice, useTheme } from './theme.tsx'

const CHOICES: readonly { value: ThemeChoice; label: string }[] = [
  { value: 'system', label: 'Theme of the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
]

export function AccountMenu() {
  const session = useSession()
  const theme = useTheme()
  const signOut = useSignOut()
  if (!session) return null
  return (
    <Menu
      inline
      checkedValues={{ theme: [theme.choice] }}
      onCheckedValueChange={(_, data) => {
        const chosen = CHOICES.find((choice) => choice.value === data.checkedItems[0])
        if (chosen) theme.choose(chosen.value)
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <MenuButton appearance="subtle">
          <span className="hidden-visually">Account of {session.user.name}</span>
          <Avatar aria-hidden size={28} name={session.user.name} color="brand" />
        </MenuButton>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <div className="account">
            <strong>{session.user.name}</strong>
            <span className="muted">{session.user.email}</span>
          </div>
          <MenuDivider />
          {CHOICES.map((choice) => (
            <MenuItemRadio key={choice.value} name="theme" value={choice.value}>
              {choice.label}
            </MenuItemRadio>
          ))}
          <MenuDivider />
          <MenuItem icon={<SignOut20Regular />} onClick={() => void signOut()}>
            Sign out
          </MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}

function useSignOut(): () => Promise<void> {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    await api.auth('/sign-out', {})
    client.clear()
    await navigate({ to: '/sign-in', search: {} })
  }
}
