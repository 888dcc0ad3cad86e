import { Link } from '@tanstack/react-router'
import type { AttachmentFound } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { SafeText } from '../../parts/SafeText.tsx'
import { ScrollRegion } from '../../parts/ScrollRegion.tsx'
import { Status } from '../../parts/Status.tsx'
import { bytes, visible } from '../../parts/text.ts'
import { Findings } from './Findings.tsx'
import { partsOf } from './inside.ts'

/** What was found inside a file when the message was read: members of archives, macros, codes, invitations. */
export function InsideFile({ file }: { file: AttachmentFound }) {
  const { inside } = file
  if (!inside) return null
  return (
    <Card title={`Inside ${visible(file.name || '(no name)', 100)}`}>
      <div className="stack">
        {partsOf(inside).map((part) => (
          <section key={part.title} className="stack-tight" aria-label={part.title}>
            <strong>{part.title}</strong>
            <Findings findings={part.findings} />
          </section>
        ))}
        {inside.archive && inside.archive.entries.length > 0 ? (
          <Members archive={inside.archive} of={file.name} />
        ) : null}
      </div>
    </Card>
  )
}

const PROGRAM = /x-msdownload|x-elf|x-mach-binary|x\.ms\.shortcut|java-archive|ms-htmlhelp/

function RealType({ type }: { type: string | null }) {
  if (type === null) return <span className="muted">Not recognised</span>
  return PROGRAM.test(type) ? <Status tone="bad">{visible(type, 100)}</Status> : <SafeText text={type} max={100} />
}

/** Leads to all mail with this file, attached or packed. A member that is locked, empty or was not read to its end has none. */
function Hash({ of }: { of: string | undefined }) {
  if (of === undefined) return <span className="muted">Not known</span>
  return (
    <Link to="/explorer" search={{ fileHash: [of] }} className="link">
      {of}
    </Link>
  )
}

type Archive = NonNullable<NonNullable<AttachmentFound['inside']>['archive']>

function Members({ archive, of }: { archive: Archive; of: string }) {
  return (
    <ScrollRegion label={`Members of ${visible(of, 60)}`}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Member</th>
            <th scope="col">Real type</th>
            <th scope="col" className="num">
              Size
            </th>
            <th scope="col">Locked</th>
            <th scope="col">SHA256</th>
          </tr>
        </thead>
        <tbody>
          {archive.entries.map((entry, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: an archive may hold the same name twice
            <tr key={index}>
              <td>
                <SafeText text={entry.name} max={300} empty="(no name)" />
              </td>
              <td className="nowrap">
                <RealType type={entry.type} />
              </td>
              <td className="num">{bytes(entry.size)}</td>
              <td>{entry.encrypted ? <Status tone="warn">Yes</Status> : 'No'}</td>
              <td className="mono hash">
                <Hash of={entry.sha256} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {archive.count > archive.entries.length ? (
        <p className="muted">
          The first {archive.entries.length} of {archive.count.toLocaleString()}.
        </p>
      ) : null}
    </ScrollRegion>
  )
}
