import { Button, DrawerBody, OverlayDrawer } from '@fluentui/react-components'
import { Navigation20Regular } from '@fluentui/react-icons'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { LiveEvents } from '../api/live.tsx'
import { useSession } from '../api/session.ts'
import { useOtherTabs } from '../api/tabs.ts'
import { Page } from '../parts/Page.tsx'
import { AccountMenu } from './AccountMenu.tsx'
import { NavLinks, useAnyPage } from './nav.tsx'
import { UnseenFailures } from './UnseenFailures.tsx'
import { useNarrow } from './useNarrow.ts'

/** Top bar, left rail (a drawer on a phone), and the page. */
export function Shell() {
  useOtherTabs()
  const phone = useNarrow(720)
  const [railNarrow, setRailNarrow] = useState(false)
  const [drawer, setDrawer] = useState(false)
  const session = useSession()
  return (
    <LiveEvents>
      <UnseenFailures />
      <div className="shell">
        <a className="skip" href="#main">
          Skip to the page
        </a>
        <header className="topbar">
          <Button
            appearance="subtle"
            icon={<Navigation20Regular />}
            aria-label="Navigation"
            aria-expanded={phone ? drawer : !railNarrow}
            onClick={() => (phone ? setDrawer(true) : setRailNarrow(!railNarrow))}
          />
          <Link to="/explorer" search={{}} className="brand">
            <img src="/favicon.svg" alt="" />
            Recourse
          </Link>
          {session ? <span className="tenant ellipsis">{session.tenant.name}</span> : null}
          <span className="grow" />
          <AccountMenu />
        </header>
        {phone ? (
          <OverlayDrawer
            aria-label="Navigation"
            aria-labelledby={undefined}
            open={drawer}
            onOpenChange={(_, data) => setDrawer(data.open)}
            size="small"
          >
            <DrawerBody>
              <nav aria-label="Main">
                <NavLinks narrow={false} onFollow={() => setDrawer(false)} />
              </nav>
            </DrawerBody>
          </OverlayDrawer>
        ) : (
          <nav aria-label="Main" className={railNarrow ? 'rail narrow' : 'rail'}>
            <NavLinks narrow={railNarrow} />
          </nav>
        )}
        <Main />
      </div>
    </LiveEvents>
  )
}

function NothingToSee() {
  return (
    <Page title="No page of the console is open to you">
      <p className="page-note">
        Your role lets you see nothing here. If you need to, ask an administrator for another one. Messages are reported
        from your mail program, or with a token by the command line and the API.
      </p>
    </Page>
  )
}

/** After a change of page the focus goes to it, so that a screen reader and the keyboard are where the eye is. */
function Main() {
  const path = useLocation({ select: (location) => location.pathname })
  const main = useRef<HTMLElement>(null)
  const before = useRef(path)
  const anyPage = useAnyPage()
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    main.current?.focus()
  }, [path])
  return (
    <main id="main" ref={main} tabIndex={-1} className="main">
      {anyPage ? <Outlet /> : <NothingToSee />}
    </main>
  )
}
