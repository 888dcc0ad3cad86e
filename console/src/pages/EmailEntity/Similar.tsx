import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../../api/client.ts'
import type { Histogram, MessageDetail } from '../../api/types.ts'
import { Card } from '../../parts/Page.tsx'
import { plural } from '../../words.ts'
import type { FilterKey } from '../Explorer/properties.ts'

type Print = keyof MessageDetail['fingerprints']

/** Each fingerprint with what mail has in common that bears it, and the filter that finds it. */
const PRINTS: Readonly<Record<Print, readonly [common: string, filter: FilterKey]>> = {
  body: ['The same text', 'bodyFingerprint'],
  subject: ['The same subject', 'subjectFingerprint'],
  urls: ['The same links', 'urlFingerprint'],
  image: ['The same picture', 'imageFingerprint'],
  structure: ['HTML built in the same way', 'structureFingerprint'],
}
const isPrint = (key: string): key is Print => Object.hasOwn(PRINTS, key)

/** Mail that bears one of the message's fingerprints, whatever else differs: Explorer, filtered by it, over all time. */
export function Similar({ message }: { message: MessageDetail }) {
  const found = Object.keys(PRINTS)
    .filter(isPrint)
    .flatMap((key) => {
      const value = message.fingerprints[key]
      return value ? [{ key, value }] : []
    })
  if (found.length === 0) return null
  return (
    <Card title="Similar emails">
      <ul className="plain stack-tight">
        {found.map(({ key, value }) => (
          <li key={key} className="row">
            <Link to="/explorer" search={{ [PRINTS[key][1]]: [value], range: 'all' }} className="link">
              {PRINTS[key][0]}
            </Link>
            {key === 'body' ? <Copies fingerprint={value} /> : null}
          </li>
        ))}
      </ul>
    </Card>
  )
}

function Copies({ fingerprint }: { fingerprint: string }) {
  const found = useQuery({
    queryKey: ['messages', 'similar', fingerprint],
    queryFn: ({ signal }) => api.get<Histogram>('/messages/histogram', { bodyFingerprint: fingerprint }, signal),
  })
  return found.data ? <span className="muted">{plural(found.data.total, 'copy', 'copies')}</span> : null
}
