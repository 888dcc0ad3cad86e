import { Link } from '@tanstack/react-router'
import type { AttachmentFound } from '../../api/types.ts'
import { Card, Empty } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { Status } from '../../parts/Status.tsx'
import { bytes } from '../../parts/text.ts'
import { BlockButton } from './BlockButton.tsx'
import { InsideFile } from './InsideFile.tsx'

export function Attachments(props: { messageId: string; attachments: readonly AttachmentFound[] }) {
  const { messageId, attachments } = props
  if (attachments.length === 0) return <Empty title="No attachment in this message" />
  return (
    <>
      <Card>
        <ScrollRegion label="Attachments">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Attachment filename</th>
                <th scope="col">Declared type</th>
                <th scope="col">Real type</th>
                <th scope="col" className="num">
                  Size
                </th>
                <th scope="col">Attachment SHA256</th>
                <th scope="col">
                  <span className="hidden-visually">Block</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {attachments.map((file) => (
                <tr key={`${file.sha256}-${file.name}`}>
                  <td>
                    <SafeText text={file.name} max={200} empty="(no name)" />
                    {file.inline ? <span className="muted"> inline</span> : null}
                  </td>
                  <td>
                    <SafeText text={file.declaredType} max={100} />
                  </td>
                  <td className="nowrap">
                    <RealType file={file} />
                  </td>
                  <td className="num">{bytes(file.size)}</td>
                  <td className="mono hash">
                    <Link to="/explorer" search={{ fileHash: [file.sha256] }} className="link">
                      {file.sha256}
                    </Link>
                  </td>
                  <td>
                    <BlockButton
                      messageId={messageId}
                      what={{ kind: 'file-hash', value: file.sha256 }}
                      name={file.name ?? file.sha256}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      </Card>
      {attachments.map((file) => (
        <InsideFile key={`${file.sha256}-${file.name}`} file={file} />
      ))}
    </>
  )
}

function RealType({ file }: { file: AttachmentFound }) {
  if (file.realType === null) return <span className="muted">Not recognised</span>
  if (file.realType === file.declaredType) return file.realType
  return <Status tone="warn">{file.realType}</Status>
}
