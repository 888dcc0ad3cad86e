import { createParser } from '../index.ts'

// A server in the middle of a message that takes for ever: prints its children, then waits to be killed.
const parser = createParser({ workers: 2, deadlineMs: 600_000, maxRssMb: 8_000 })
const context = { mailFrom: null, clientIp: null, helo: null }
await Promise.all([1, 2, 3].map((n) => parser.parse(Buffer.from(`Subject: ${n}\r\n\r\nx`), context)))
const head = 'Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\r\n\r\n'
void parser.parse(Buffer.from(head + '--bc\r\n\r\nx\r\n'.repeat(4_000_000)), context)
setTimeout(() => console.log(parser.pids().join(' ')), 1_000)
