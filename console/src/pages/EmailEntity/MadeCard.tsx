import type { MessageDetail } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { Findings } from './Findings.tsx'
import { htmlFindings, writingFindings } from './made.ts'

/** How the HTML is made and the text is written, where that tells something. */
export function MadeCard({ message }: { message: MessageDetail }) {
  const { html, writing } = message
  const findings = [...(html ? htmlFindings(html) : []), ...(writing ? writingFindings(writing) : [])]
  if (findings.length === 0) return null
  // What is unusual first.
  const sorted = [...findings.filter((f) => f.tone !== 'plain'), ...findings.filter((f) => f.tone === 'plain')]
  return (
    <Card title="How it is made">
      <Findings findings={sorted} />
    </Card>
  )
}
