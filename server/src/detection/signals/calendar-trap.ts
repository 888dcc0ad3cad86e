import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { domainOf, isWithin, siteOf } from '../hosts.ts'
import { linksOf, senderSites } from '../links.ts'
import { isFreeMail, senderDomainOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/** Where meetings of any company are held and planned. */
const MEETINGS =
  'zoom.us zoom.com teams.microsoft.com teams.live.com meet.google.com calendar.google.com webex.com gotomeeting.com goto.com whereby.com bluejeans.com calendly.com doodle.com aka.ms outlook.office365.com outlook.office.com meet.jit.si bigbluebutton.org skype.com eventbrite.com meetup.com ringcentral.com dialin.teams.microsoft.com chime.aws hubspot.com tel.meet'.split(
    ' ',
  )

/** An invitation, which many calendars show before anybody accepts it, with a link that is no meeting, or from somebody else than it says. */
export function calendarTrap({ mail, organisation }: SignalInput): Signal[] {
  const invitations = mail.attachments.flatMap((a) => (a.inside?.calendar === undefined ? [] : [a.inside.calendar]))
  const [invitation] = invitations
  if (invitation === undefined) return []
  const sites = senderSites(mail)
  const domain = senderDomainOf(mail)
  if (domain !== null && isWithin(domain, organisation.domains) && mail.authentication.aligned) return []
  const found: Finding[] = []
  const strange = linksOf(mail).filter(
    (l) => l.place === 'attachment' && !sites.has(l.site) && !isWithin(l.host, MEETINGS),
  )
  if (strange.length > 0)
    found.push({
      what: `a link to ${strange[0]?.host.slice(0, 80)}, which is no meeting of the sender's`,
      weight: mail.authentication.aligned ? 1.2 : 2.2,
      entities: strange.flatMap((l) => l.entities),
    })
  const organiser = invitation.organiser?.includes('@') === true ? siteOf(domainOf(invitation.organiser)) : null
  if (organiser !== null && !sites.has(organiser) && !isWithin(organiser, ['google.com', 'calendar.google.com']))
    found.push({
      what: `${invitation.organiser} as its organiser, who is not the sender`,
      weight: isFreeMail(organiser) ? 1.5 : 1,
    })
  if (strange.length > 0 && domain !== null && isFreeMail(domain))
    found.push({ what: 'a sender with a free mailbox', weight: 0.8 })
  return signalOf(
    { id: 'calendar-trap', threat: 'phish', technology: 'content', lead: 'An invitation has', most: 4 },
    found,
  )
}
