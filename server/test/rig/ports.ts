import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below the ports that the system gives to clients, and to servers that ask for any: between being found and being used, and while its
// server is stopped for a moment, only another test could take one.
const FROM = 20_000
const TO = 32_000

const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const server = createServer().once('error', () => done(false))
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
  })

/** Ports of loopback for programs that cannot choose one themselves, or that come back to the same one. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  while (found.size < count) {
    const port = randomInt(FROM, TO)
    if (!found.has(port) && (await isFree(port))) found.add(port)
  }
  return [...found]
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}
