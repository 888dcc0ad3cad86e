// Completes the npm package of the embedded PostgreSQL (library links that npm may have skipped). Run as the owner of node_modules.
import { AppError } from '../src/base/index.ts'
import { prepareBinaries } from '../src/storage/index.ts'

try {
  prepareBinaries()
} catch (error) {
  if (!(error instanceof AppError)) throw error
  console.error(`${error.message}\n${error.cure}`)
  process.exitCode = 1
}
