import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { corpusFiles } from '../../../test/rig/corpus.ts'
import { type Part, readTree } from './tree.ts'

const LIMITS = { maxParts: 10_000, maxDepth: 100, maxHeaderBytes: 2 * 1024 * 1024 }

/** Where our structure differs from the other parser's, and why that is right or harmless. */
const DIFFERENCES: Readonly<Record<string, { ours: string; why: string }>> = {
  'mime4j/ending-boundaries.eml': {
    ours: 'message( multipart( ) )',
    why: 'text after the boundary on its line: RFC 2046 allows only blanks there. The text is read nevertheless, as one part',
  },
}

/** The nesting alone: leaf, multipart( … ), message( … ). */
function expectedShape(xml: string): string {
  const tags = xml.replace(/<header>[\s\S]*?<\/header>/g, '').matchAll(/<(\/?)(message|multipart|body)>/g)
  const words = [...tags].map(([, close, name]) => (name === 'body' ? (close ? '' : 'leaf') : close ? ')' : `${name}(`))
  return words.filter((w) => w !== '').join(' ')
}

function shape(part: Part): string {
  if (part.message !== null) return `message( ${shape(part.message)} )`
  if (!part.type.startsWith('multipart/')) return 'leaf'
  return ['multipart(', ...part.children.map(shape), ')'].join(' ')
}

describe('MIME structure beside what another parser expects', () => {
  const expected = corpusFiles('mime-torture').filter((file) => file.endsWith('.expected.xml'))

  it.skipIf(expected.length === 0)('has all 56 structures to compare', () => {
    expect(expected).toHaveLength(56)
  })

  it.each(expected)('%s', async (file) => {
    const message = file.replace(/\.expected\.xml$/, '.eml')
    const name = message.split('/').slice(-2).join('/')
    const ours = `message( ${shape(readTree(readFileSync(message), LIMITS))} )`
    const theirs = expectedShape(readFileSync(file, 'utf8'))
    const known = DIFFERENCES[name]
    expect(ours).toBe(known?.ours ?? theirs)
    if (known !== undefined) expect(theirs, 'a listed difference is gone').not.toBe(ours)
  })
})
