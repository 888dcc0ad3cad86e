import { Button } from '@fluentui/react-components'
import { Copy16Regular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import type { UrlFound } from '../../api/types.ts'
import { Card, Empty } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { defang, visible } from '../../parts/text.ts'
import { useCopy } from '../../parts/useCopy.ts'
import { BlockButton } from './BlockButton.tsx'

const PLACE = {
  link: 'Link in the body',
  text: 'Text of the body',
  form: 'Form',
  image: 'Image',
  attachment: 'Attachment',
  header: 'Header',
  qr: 'QR code',
} as const

const SHOWN = 200

/** Every address in the message as inert text; what is copied is defanged. */
export function Urls({ messageId, urls }: { messageId: string; urls: readonly UrlFound[] }) {
  if (urls.length === 0) return <Empty title="No URL in this message" />
  return (
    <Card>
      <ScrollRegion label="URLs">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">URL</th>
              <th scope="col">Text shown</th>
              <th scope="col">Source</th>
              <th scope="col">Domain</th>
              <th scope="col">
                <span className="hidden-visually">Copy, block</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {urls.slice(0, SHOWN).map((url) => (
              <tr key={`${url.place}-${url.url}-${url.anchor}`}>
                <td className="mono">
                  <SafeText text={defang(url.url)} max={500} />
                </td>
                <td>
                  <SafeText text={url.anchor === null ? null : defangText(url.anchor)} max={200} />
                </td>
                <td>{PLACE[url.place] ?? url.place}</td>
                <td>
                  <Link to="/explorer" search={{ urlDomain: [url.domain ?? url.host] }} className="link">
                    <SafeText text={url.domain ?? url.host} max={120} />
                  </Link>
                </td>
                <td className="nowrap">
                  <CopyDefanged url={url.url} />
                  <BlockButton
                    messageId={messageId}
                    what={{ kind: 'url', value: withoutScheme(url.url) }}
                    name={defang(url.url)}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {urls.length > SHOWN ? (
        <p className="muted">
          The first {SHOWN} of {urls.length}.
        </p>
      ) : null}
    </Card>
  )
}

/** As entries name addresses. */
const withoutScheme = (url: string): string => url.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')

const defangText = (text: string): string => (/^[a-z]+:\/\//i.test(text.trim()) ? defang(text.trim()) : text)

function CopyDefanged({ url }: { url: string }) {
  const { says, copy } = useCopy()
  return (
    <Button
      size="small"
      appearance="subtle"
      icon={<Copy16Regular />}
      aria-label={`Copy defanged ${visible(defang(url), 80)}`}
      onClick={() => copy(visible(defang(url), 4096))}
    >
      {says || 'Copy'}
    </Button>
  )
}
