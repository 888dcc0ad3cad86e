import { type Model, opinion } from './classifier/opinion.ts'
import type { AskEngines } from './types.ts'

/** The classifier alone, by one model for everybody: without a server. */
export const classifyBy =
  (model: Model): AskEngines =>
  async (_tenant, { mail }) => ({ signals: [opinion(model, mail)], absent: [] })
