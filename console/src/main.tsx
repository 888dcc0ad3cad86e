import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client.ts'
import './console.css'
import { makeRouter } from './router.tsx'
import { ThemeRoot } from './shell/theme.tsx'

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // Asking again helps when the server is away, not when it refused.
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
})
// After an update of the server the files of an open page are gone: take the new ones, but never in a circle.
addEventListener('vite:preloadError', () => {
  const last = Number(sessionStorage.getItem('recourse.reloaded') ?? 0)
  if (Date.now() - last < 30_000) return
  sessionStorage.setItem('recourse.reloaded', String(Date.now()))
  location.reload()
})

const root = document.getElementById('root')
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <ThemeRoot>
          <RouterProvider router={makeRouter(client)} />
        </ThemeRoot>
      </QueryClientProvider>
    </StrictMode>,
  )
