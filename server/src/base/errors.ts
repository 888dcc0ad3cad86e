/** A part of what was given that is wrong: `fileHash`, `select.filter.from`. */
export interface WrongPlace {
  readonly at: string
  readonly message: string
}

/**
 * An error that a person can act on: `code` for programs, `message` names what is wrong, `cure` what to do about it.
 * `status` is the HTTP status it becomes at the API; `places` says where it lies, for who can show it there.
 */
export class AppError extends Error {
  readonly code: string
  readonly cure: string
  readonly status: number
  readonly places: readonly WrongPlace[]
  constructor(
    code: string,
    message: string,
    cure: string,
    options: { status?: number; cause?: unknown; places?: readonly WrongPlace[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.cure = cure
    this.status = options.status ?? 400
    this.places = options.places ?? []
  }
}

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
