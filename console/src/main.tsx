import { MutationCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client.ts'
import './console.css'
import { isUnsure } from './parts/Problem.tsx'
import { makeRouter } from './router.tsx'
import { ThemeRoot } from './shell/theme.tsx'

const client = new QueryClient({
  // What may have been done shows as soon as the server answers again.
  mutationCache: new MutationCache({ onError: (error) => void (isUnsure(error) && client.invalidateQueries()) }),
  // The server may be on this machine or next to it: what the browser thinks of the network says nothing about it.
  defaultOptions: {
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: 5_000,
      // Asking again helps when the server is away, not when it refused.
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
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
