import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { queryString } from './api/client.ts'
import { sessionQuery, setupQuery } from './api/session.ts'
import { actionSearch } from './pages/ActionCenter/search.ts'
import { isTab, type TabKey } from './pages/EmailEntity/tabs.ts'
import { explorerSearch } from './pages/Explorer/filters.ts'
import { heldSearch } from './pages/Quarantine/search.ts'
import { submissionSearch } from './pages/Submissions/search.ts'
import { entrySearch } from './pages/TenantAllowBlockList/search.ts'
import { Failed, FailedAlone, Missing, Waiting } from './shell/Failed.tsx'
import { loaded } from './shell/files.ts'
import { Shell } from './shell/Shell.tsx'

const root = createRootRouteWithContext<{ client: QueryClient }>()({ component: Outlet })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { to?: string } =>
    // Only a path of ours: somebody else's address must not be where a sign-in ends. Browsers drop tabs and line ends: `/\t/host`.
    typeof search['to'] === 'string' && /^\/(?![/\\])[^\p{Cc}]*$/u.test(search['to']) ? { to: search['to'] } : {},
  beforeLoad: async ({ context }) => {
    if ((await context.client.fetchQuery(setupQuery)).needed) throw redirect({ to: '/setup' })
  },
  component: lazyRouteComponent(
    loaded(() => import('./pages/SignIn/SignIn.tsx')),
    'SignIn',
  ),
  errorComponent: FailedAlone,
})

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search: Record<string, unknown>): { code?: string } =>
    search['code'] === undefined ? {} : { code: String(search['code']) },
  beforeLoad: async ({ context }) => {
    if (!(await context.client.fetchQuery(setupQuery)).needed) throw redirect({ to: '/sign-in' })
  },
  component: lazyRouteComponent(
    loaded(() => import('./pages/SignIn/Setup.tsx')),
    'Setup',
  ),
  errorComponent: FailedAlone,
})

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  beforeLoad: async ({ context, location }) => {
    if (await context.client.ensureQueryData(sessionQuery)) return
    throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { to: location.href } })
  },
  component: Shell,
  pendingComponent: Waiting,
  errorComponent: FailedAlone,
})

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/explorer', search: {} })
  },
})
const explorer = createRoute({
  getParentRoute: () => inside,
  path: '/explorer',
  validateSearch: explorerSearch,
  component: lazyRouteComponent(
    loaded(() => import('./pages/Explorer/Explorer.tsx')),
    'Explorer',
  ),
})
const message = createRoute({
  getParentRoute: () => inside,
  path: '/messages/$id',
  validateSearch: (search: Record<string, unknown>): { tab?: TabKey } =>
    isTab(search['tab']) ? { tab: search['tab'] } : {},
  component: lazyRouteComponent(
    loaded(() => import('./pages/EmailEntity/EmailEntity.tsx')),
    'EmailEntity',
  ),
})
const history = createRoute({
  getParentRoute: () => inside,
  path: '/action-center',
  validateSearch: actionSearch,
  component: lazyRouteComponent(
    loaded(() => import('./pages/ActionCenter/ActionCenter.tsx')),
    'ActionCenter',
  ),
})
const action = createRoute({
  getParentRoute: () => inside,
  path: '/action-center/$id',
  component: lazyRouteComponent(
    loaded(() => import('./pages/ActionCenter/ActionPage.tsx')),
    'ActionPage',
  ),
})
const quarantine = createRoute({
  getParentRoute: () => inside,
  path: '/quarantine',
  validateSearch: heldSearch,
  component: lazyRouteComponent(
    loaded(() => import('./pages/Quarantine/Quarantine.tsx')),
    'Quarantine',
  ),
})
const submissions = createRoute({
  getParentRoute: () => inside,
  path: '/submissions',
  validateSearch: submissionSearch,
  component: lazyRouteComponent(
    loaded(() => import('./pages/Submissions/Submissions.tsx')),
    'Submissions',
  ),
})
const lists = createRoute({
  getParentRoute: () => inside,
  path: '/tenant-allow-block-list',
  validateSearch: entrySearch,
  component: lazyRouteComponent(
    loaded(() => import('./pages/TenantAllowBlockList/TenantAllowBlockList.tsx')),
    'TenantAllowBlockList',
  ),
})
const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings/$tab',
  component: lazyRouteComponent(
    loaded(() => import('./pages/Settings/Settings.tsx')),
    'Settings',
  ),
})

const tree = root.addChildren([
  signIn,
  setup,
  inside.addChildren([home, explorer, message, history, action, quarantine, submissions, lists, settings]),
])

/** Plain repeated parameters, as the API has them, so that an address can be read and written by hand. */
function parseSearch(text: string): Record<string, string | string[]> {
  const search: Record<string, string | string[]> = {}
  for (const [key, value] of new URLSearchParams(text)) {
    const known = search[key]
    search[key] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value]
  }
  return search
}

export const makeRouter = (client: QueryClient) =>
  createRouter({
    routeTree: tree,
    context: { client },
    parseSearch,
    stringifySearch: queryString,
    defaultPreload: false,
    defaultErrorComponent: Failed,
    defaultNotFoundComponent: Missing,
    scrollRestoration: true,
  })

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
