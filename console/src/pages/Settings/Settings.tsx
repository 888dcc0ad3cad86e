import { Tab, TabList } from '@fluentui/react-components'
import { useNavigate, useParams } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef } from 'react'
import { useCan } from '../../api/session.ts'
import type { Permission } from '../../api/types.ts'
import { Empty, Page } from '../../parts/Page.tsx'
import { Audit } from './Audit.tsx'
import { Engines } from './Engines.tsx'
import { Organisation } from './Organisation.tsx'
import { Policies } from './Policies.tsx'
import { Retention } from './Retention.tsx'
import './settings.css'
import { Tokens } from './Tokens.tsx'
import { Users } from './Users.tsx'

interface SettingsTab {
  readonly key: string
  readonly label: string
  readonly needs: Permission
  readonly page: ReactNode
  readonly fill?: boolean
}

const TABS: readonly SettingsTab[] = [
  { key: 'organisation', label: 'Organisation', needs: 'settings.read', page: <Organisation /> },
  { key: 'policy', label: 'Policies', needs: 'settings.read', page: <Policies /> },
  { key: 'retention', label: 'Retention', needs: 'settings.read', page: <Retention /> },
  { key: 'engines', label: 'Engines', needs: 'settings.read', page: <Engines /> },
  { key: 'users', label: 'Users', needs: 'users.manage', page: <Users /> },
  { key: 'tokens', label: 'API tokens', needs: 'users.manage', page: <Tokens /> },
  { key: 'audit', label: 'Audit log', needs: 'audit.read', page: <Audit />, fill: true },
]

export function Settings() {
  const { tab } = useParams({ from: '/inside/settings/$tab' })
  const navigate = useNavigate()
  const can = useCan()
  const shown = TABS.filter((t) => can(t.needs))
  const current = shown.find((t) => t.key === tab)
  const bar = useRef<HTMLDivElement>(null)
  // On a phone the tabs are wider than the screen.
  useEffect(() => {
    bar.current?.querySelector(`[value="${CSS.escape(tab)}"]`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [tab])
  return (
    <Page title={current ? `Settings: ${current.label}` : 'Settings'} heading="Settings" fill={current?.fill ?? false}>
      <div className="tabs-scroll" ref={bar}>
        <TabList
          aria-label="Settings"
          selectedValue={tab}
          onTabSelect={(_, data) => {
            if (typeof data.value === 'string') void navigate({ to: '/settings/$tab', params: { tab: data.value } })
          }}
        >
          {shown.map((t) => (
            <Tab key={t.key} value={t.key}>
              {t.label}
            </Tab>
          ))}
        </TabList>
      </div>
      {current ? current.page : <Empty title="There is no such page, or you may not see it" />}
    </Page>
  )
}
