import {
  ClipboardTaskListLtr20Regular,
  Mail20Regular,
  MailShield20Regular,
  PersonFeedback20Regular,
  Settings20Regular,
  ShieldTask20Regular,
} from '@fluentui/react-icons'
import { Link, useLocation } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useCan, useSession } from '../api/session.ts'
import type { Permission } from '../api/types.ts'

interface Entry {
  readonly to: string
  readonly label: string
  readonly icon: ReactNode
  readonly needs: Permission
}

const GROUPS: readonly { readonly title: string; readonly entries: readonly Entry[] }[] = [
  {
    title: 'Email & collaboration',
    entries: [
      { to: '/explorer', label: 'Explorer', icon: <Mail20Regular />, needs: 'mail.read' },
      { to: '/quarantine', label: 'Quarantine', icon: <MailShield20Regular />, needs: 'mail.read' },
      { to: '/submissions', label: 'Submissions', icon: <PersonFeedback20Regular />, needs: 'mail.read' },
      {
        to: '/tenant-allow-block-list',
        label: 'Tenant Allow/Block List',
        icon: <ClipboardTaskListLtr20Regular />,
        needs: 'lists.read',
      },
    ],
  },
  {
    title: 'Actions',
    entries: [{ to: '/action-center', label: 'Action center', icon: <ShieldTask20Regular />, needs: 'mail.read' }],
  },
  {
    title: 'System',
    entries: [{ to: '/settings/organisation', label: 'Settings', icon: <Settings20Regular />, needs: 'settings.read' }],
  },
]

const ALL = GROUPS.flatMap((group) => group.entries)

/** Whether there is a page for the person at all: who may only report, does it from elsewhere. Of nobody nothing is known. */
export function useAnyPage(): boolean {
  const can = useCan()
  const session = useSession()
  return session === null || ALL.some((entry) => can(entry.needs))
}

/** The rail's links; what the person may not read is left out. */
export function NavLinks({ narrow, onFollow }: { narrow: boolean; onFollow?: () => void }) {
  const can = useCan()
  return GROUPS.map((group) => {
    const entries = group.entries.filter((entry) => can(entry.needs))
    if (entries.length === 0) return null
    return (
      <div key={group.title}>
        <div className="rail-group" aria-hidden={narrow}>
          {narrow ? null : group.title}
        </div>
        <ul className="plain">
          {entries.map((entry) => (
            <li key={entry.to}>
              <NavLink entry={entry} title={narrow ? entry.label : undefined} onFollow={onFollow} />
            </li>
          ))}
        </ul>
      </div>
    )
  })
}

function NavLink({
  entry,
  title,
  onFollow,
}: {
  entry: Entry
  title: string | undefined
  onFollow: (() => void) | undefined
}) {
  const inSettings = useLocation({ select: (location) => location.pathname.startsWith('/settings/') })
  const common = { className: 'rail-link', title, onClick: onFollow }
  const inside = (
    <>
      {entry.icon}
      <span>{entry.label}</span>
    </>
  )
  // Every tab of the settings lights the one entry up.
  if (entry.to.startsWith('/settings'))
    return (
      <Link
        to="/settings/$tab"
        params={{ tab: 'organisation' }}
        {...common}
        className={inSettings ? 'rail-link here' : 'rail-link'}
        aria-current={inSettings ? 'page' : undefined}
      >
        {inside}
      </Link>
    )
  return (
    <Link to={entry.to} search={{}} {...common} activeOptions={{ includeSearch: false }}>
      {inside}
    </Link>
  )
}
