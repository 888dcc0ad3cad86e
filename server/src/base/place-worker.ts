// The thread that puts files in their places: a dozen calls of the file system without a way through the event loop for each.
import { parentPort } from 'node:worker_threads'
import { type PlacedFile, place } from './place-steps.ts'

parentPort?.on('message', ({ id, file }: { readonly id: number; readonly file: PlacedFile }) => {
  void place(file).then((failed) => parentPort?.postMessage({ id, failed }))
})
