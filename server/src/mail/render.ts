import { realType } from './attachments.ts'
import { decodeText } from './body.ts'
import { escapeHtml, safeHtml } from './html/safe-html.ts'
import { msgToMime } from './inside/index.ts'
import { type MimeLimits, type Part, readTree } from './mime/tree.ts'

const MAX_INLINE = 1024 * 1024
const MAX_ALL_INLINE = 5 * 1024 * 1024
const RASTER = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp'])

/**
 * Content-Security-Policy with which a preview is served: nothing is loaded, nothing runs, nothing is submitted, and the
 * document has no origin. The frame around it has `sandbox` without `allow-scripts` and `allow-same-origin` besides.
 */
export const PREVIEW_CSP =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"

/** The part of it that a document can say about itself. */
const META_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

const STYLE =
  'html{color-scheme:light}body{margin:12px;background:#fff;color:#242424;font:14px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}' +
  'pre.recourse-text{white-space:pre-wrap;font:inherit;margin:0}img{max-width:100%;height:auto}' +
  '.recourse-target{color:#0f548c;font-size:11px}.recourse-image,.recourse-field{border:1px dashed #8a8886;color:#605e5c;padding:0 3px}' +
  '.recourse-message{border-left:3px solid #8a8886;padding-left:8px}'

/** A whole, inert HTML document of what a reader would see. Throws LimitError like the parser. */
export async function renderMail(raw: Buffer, limits: MimeLimits): Promise<string> {
  const root = readTree(msgToMime(raw) ?? raw, limits)
  const images = await inlineImages(root)
  const bodies = show(root, images).filter((html) => html !== '')
  const content = bodies.length > 0 ? bodies.join('<hr>') : '<p>[no text]</p>'
  return (
    `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${META_CSP}">` +
    `<meta name="referrer" content="no-referrer"><title>Preview</title><style>${STYLE}</style></head><body>${content}</body></html>`
  )
}

function show(part: Part, images: ReadonlyMap<string, string>): string[] {
  if (part.type === 'multipart/alternative') {
    const forms = part.children.map((child) => ({ child, html: show(child, images) }))
    const rich = forms.findLast(({ child, html }) => html.length > 0 && containsHtml(child))
    return (rich ?? forms.findLast(({ html }) => html.length > 0))?.html ?? []
  }
  if (part.type.startsWith('multipart/') && part.children.length > 0) {
    return part.children.flatMap((child) => show(child, images))
  }
  if (part.disposition === 'attachment') return []
  if (part.message !== null) {
    return show(part.message, images).map((html) => `<div class="recourse-message">${html}</div>`)
  }
  const isHtml = part.type === 'text/html'
  if (!isHtml && part.type !== 'text/plain' && !part.type.startsWith('multipart/')) return []
  const source = decodeText(part, [])
  if (source.trim() === '') return []
  return [
    isHtml ? safeHtml(source, images) : `<pre class="recourse-text">${escapeHtml(source.slice(0, 1024 * 1024))}</pre>`,
  ]
}

const containsHtml = (part: Part): boolean => part.type === 'text/html' || part.children.some(containsHtml)

/** Small raster images by content ID. Their type is what their bytes are, not what was declared. */
async function inlineImages(root: Part): Promise<Map<string, string>> {
  const images = new Map<string, string>()
  let budget = MAX_ALL_INLINE
  const visit = async (part: Part): Promise<void> => {
    const { content, contentId } = part
    if (contentId !== null && content.length <= Math.min(MAX_INLINE, budget) && part.children.length === 0) {
      const type = await realType(content)
      if (type !== null && RASTER.has(type)) {
        budget -= content.length
        images.set(contentId, `data:${type};base64,${content.toString('base64')}`)
      }
    }
    for (const child of part.children) await visit(child)
    if (part.message !== null) await visit(part.message)
  }
  await visit(root)
  return images
}
