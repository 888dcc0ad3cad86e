import {
  Avatar,
  Button,
  Menu,
  MenuButton,
  MenuDivider,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
} from '@fluentui/react-components'
import { Dismiss20Regular, SignOut20Regular } from '@fluentui/react-icons'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { tellTabs } from '../api/tabs.ts'
import { isUnsure, messageOf } from '../parts/Problem.tsx'
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
    <>
      {signOut.error ? <StillSignedIn error={signOut.error} onRetry={signOut.mutate} onClose={signOut.reset} /> : null}
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
            <MenuItem icon={<SignOut20Regular />} onClick={() => signOut.mutate()}>
              Sign out
            </MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
    </>
  )
}

/** Who believes to be signed out leaves the desk. */
function StillSignedIn(props: { error: unknown; onRetry: () => void; onClose: () => void }) {
  return (
    <MessageBar className="topbar-notice" intent="error" layout="multiline" role="alert">
      <MessageBarBody className="wrap">
        <MessageBarTitle>
          {isUnsure(props.error) ? 'You may still be signed in' : 'You are still signed in'}
        </MessageBarTitle>
        {messageOf(props.error)} Try again before you leave this computer.
      </MessageBarBody>
      <MessageBarActions
        containerAction={
          <Button appearance="transparent" aria-label="Close" icon={<Dismiss20Regular />} onClick={props.onClose} />
        }
      >
        <Button size="small" onClick={props.onRetry}>
          Try again
        </Button>
      </MessageBarActions>
    </MessageBar>
  )
}

function useSignOut() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: () => api.auth('/sign-out', {}),
    onSuccess: async () => {
      tellTabs(null)
      client.clear()
      await navigate({ to: '/sign-in', search: {} })
    },
  })
}
