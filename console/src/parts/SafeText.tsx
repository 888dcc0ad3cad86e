import { visible } from './text.ts'

/** Text that came from a message: isolated from the writing direction around it, hiding characters named, cut. */
export function SafeText({ text, max = 300, empty }: { text: string | null; max?: number; empty?: string }) {
  if (text === null || text.trim() === '') return <span className="muted">{empty ?? '–'}</span>
  return <bdi>{visible(text, max)}</bdi>
}
