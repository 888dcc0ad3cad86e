import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = process.env['RECOURSE_URL'] ?? 'http://127.0.0.1:8780'

// The server's content security policy forbids inline scripts and data: fonts, so nothing is inlined.
export default defineConfig({
  plugins: [react()],
  build: { target: 'es2023', assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  server: { host: '127.0.0.1', proxy: { '/api': server, '/preview': server } },
})
