import { isWithin } from './hosts.ts'

/** Services that security products and large mail providers put in front of every link; they show nothing about it. */
const REWRITERS = [
  'safelinks.protection.outlook.com',
  'safelinks.protection.office365.us',
  'urldefense.com',
  'urldefense.proofpoint.com',
  'protect-eu.mimecast.com',
  'protect-us.mimecast.com',
  'url.uk.m.mimecastprotect.com',
  'mimecastprotect.com',
  'linkprotect.cudasvc.com',
  'secure-web.cisco.com',
  'protection.sophos.com',
  'clicktime.symantec.com',
  'clicktime.cloud.postoffice.net',
  'urlsand.esvalabs.com',
  'shared.outlook.inky.com',
  'l.facebook.com',
  'lnkd.in',
  't.co',
]

export const isRewriter = (host: string): boolean => isWithin(host.toLowerCase(), REWRITERS)
