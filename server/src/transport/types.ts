/** One SMTP reply: basic code, enhanced code (RFC 3463), text of one line. */
export interface Reply {
  readonly code: number
  readonly enhanced: string
  readonly text: string
}

/** What is known of the sending client: the socket's own facts, or what a configured proxy forwarded. */
export interface Client {
  readonly ip: string | null
  readonly name: string | null
  readonly helo: string | null
}

/** One mail transaction, before its data. */
export interface Envelope {
  readonly protocol: 'lmtp' | 'smtp'
  /** Reverse path without angle brackets; '' = the null sender. */
  readonly mailFrom: string
  /** In the order of the RCPT commands; accepted ones only. SMTP: exactly one. */
  readonly recipients: readonly string[]
  readonly client: Client
  /** Address of the socket's other end: the MTA in front of us. */
  readonly peer: string
  /** XFORWARD IDENT: the queue id of the MTA in front of us, where it told. */
  readonly ident: string | null
  readonly eightBit: boolean
  readonly smtpUtf8: boolean
}

/** Who takes the mail. Whatever it throws becomes 451 4.3.0: the MTA keeps the message and tries again. */
export interface Acceptor {
  /** Null = accepted; else the refusal. Asked at every RCPT. */
  recipient(address: string, envelope: Omit<Envelope, 'recipients'>): Promise<Reply | null>
  /**
   * The message as received: dots unstuffed, everything else untouched. One reply per recipient, in their order. A 2xx
   * means: durable and in its place, or durably recorded.
   */
  message(envelope: Envelope, raw: Buffer): Promise<readonly Reply[]>
  /** The replies of a message have been written to the socket. */
  replied?(): void
}

export interface Listen {
  readonly protocol: 'lmtp' | 'smtp'
  /** Default loopback: the gateway has no authentication of its own; the MTA in front of it has. */
  readonly host?: string
  /** 0 = any free port. */
  readonly port: number
}

export interface GatewayOptions {
  readonly listen: readonly Listen[]
  /** Name in greetings and in our Received line. */
  readonly hostname: string
  /** Bytes of one message. Default 64 MiB. */
  readonly maxSize?: number
  /** LMTP only; SMTP takes one. Default 1,000. */
  readonly maxRecipients?: number
  /** Default 200. */
  readonly maxConnections?: number
  /** From one address. Default 100. */
  readonly maxConnectionsPerClient?: number
  /** Messages that one client address may begin in 60 seconds; 0 = no limit (default). */
  readonly maxMessagesPerMinute?: number
  /** Bytes of messages being received or handled at the same time. Default 8 × maxSize. */
  readonly maxBytesInFlight?: number
  /** IP addresses or networks (`10.0.0.0/8`) whose XCLIENT / XFORWARD we believe. Default nobody. */
  readonly xclient?: readonly string[]
  readonly xforward?: readonly string[]
  /** More Received headers than this is a loop. Default 50. */
  readonly maxReceived?: number
  /** So many Received headers of our own is a loop. Default 5: redirects between mailboxes pass more than once. */
  readonly maxPasses?: number
  readonly timeouts?: Partial<Timeouts>
}

/** Milliseconds. */
export interface Timeouts {
  /** Silence between commands. Default 300,000. */
  readonly command: number
  /** Silence within DATA. Default 180,000. */
  readonly data: number
  /** All of DATA, however slowly it drips. Default 600,000. */
  readonly dataTotal: number
  /** From the greeting or the last message to the next DATA, whatever is said meanwhile. Default 900,000. */
  readonly quiet: number
  /** A reply that the client does not read. Default 60,000. */
  readonly write: number
}

export interface Gateway {
  /** Ports in the order of `listen`. */
  readonly ports: readonly number[]
  /** Connections that are open just now. */
  connections(): number
  /**
   * Stops listening, lets running messages end (at most `graceMs`, default 10,000), closes idle connections with 421.
   */
  close(graceMs?: number): Promise<void>
}
