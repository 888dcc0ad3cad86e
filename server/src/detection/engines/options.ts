import Type from 'typebox'

const strict = { additionalProperties: false }
const timeoutMs = (ms: number) =>
  Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: ms,
    description: 'Longest wait for its answer; the message is then judged without it, and again later.',
  })
const maxMb = (mb: number) =>
  Type.Integer({ minimum: 1, maximum: 1024, default: mb, description: 'Larger messages are not shown to it.' })

/** Programs beside us that are asked about mail; each is optional. */
export const EngineOptions = Type.Object(
  {
    rspamd: Type.Object(
      {
        url: Type.Union([Type.String({ pattern: '^https?://[^/]+/?$' }), Type.Null()], {
          default: null,
          description: 'rspamd’s normal worker: http://127.0.0.1:11333; null = not asked.',
        }),
        password: Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
          default: null,
          secret: true,
          description: 'Of the worker, where it wants one.',
        }),
        timeoutMs: timeoutMs(8000),
        maxMb: maxMb(20),
      },
      strict,
    ),
    clamav: Type.Object(
      {
        address: Type.Union([Type.String({ pattern: '^(/.+|\\[?[^/]+\\]?:\\d{1,5})$' }), Type.Null()], {
          default: null,
          description: 'clamd: path of its socket (/run/clamav/clamd.ctl) or host:port; null = not asked.',
        }),
        timeoutMs: timeoutMs(15_000),
        maxMb: maxMb(25),
      },
      strict,
    ),
  },
  strict,
)
