import type { Signal } from '../../judgement/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { isHousekeeping, type Link, linksOf, senderSites } from '../links.ts'
import { isRewriter } from '../rewriters.ts'
import { isEstablished, isFreeMail, listOf, senderDomainOf } from '../senders.ts'
import type { SignalInput } from '../types.ts'

/**
 * The one thing to click on leads to a site that has nothing to do with the sender. Newsletters are sent through others and count clicks,
 * but they link to their own pages somewhere; a lure has one way out.
 */
export function urlSender({ mail }: SignalInput): Signal[] {
  if (listOf(mail)?.shown === true || mail.html === null) return []
  const links = linksOf(mail).filter((l) => l.place === 'link' && !isHousekeeping(l))
  if (links.length === 0) return []
  const sites = senderSites(mail)
  if (links.some((l) => sites.has(l.site) || isRewriter(l.host))) return agreement(mail, links, sites)
  const targets = new Set(links.map((l) => l.site))
  if (targets.size > 3) return []
  const found: Finding[] = []
  const [target] = targets
  const entities = links.flatMap((l) => l.entities)
  const domain = senderDomainOf(mail)
  // Pictures that are links have no text; a promise in words weighs more.
  const asks = links.some((l) => ACTION.test(l.anchor ?? ''))
  found.push({
    what: `${target}${targets.size > 1 ? ' and others' : ''}, and nothing leads to the sender's own ${domain ?? 'site'}`,
    weight: (asks ? 1.2 : 0.7) / targets.size ** 0.5,
    entities,
  })
  if (!mail.authentication.aligned && mail.authentication.source !== 'none')
    found.push({ what: 'a sender who is not proven', weight: 0.8 })
  if (domain !== null && isFreeMail(domain) && links.some((l) => l.anchor !== null && ACTION.test(l.anchor)))
    found.push({ what: 'a button in a letter from a free mailbox', weight: 1 })
  return signalOf(
    { id: 'url-sender', threat: 'phish', technology: 'url-analysis', lead: 'All links lead to', most: 2.5 },
    found,
  )
}

/** What buttons say, in the languages of most mail. */
const ACTION =
  /\b(?:click|here|log ?in|sign ?in|log ?on|verify|confirm|update|unlock|restore|review|view|open|download|continue|activate|claim|access|pay|renew|keep|release|track|schedule|hier|anmelden|bestätigen|aktualisieren|öffnen|weiter|jetzt|cliquez|ici|connecter|confirmer|vérifier|télécharger|accéder|aquí|aqui|entrar|verificar|confirmar|actualizar|acceder|descargar|acessar|clique|clicca|qui|accedi|verifica|conferma|aggiorna|klik|inloggen|bevestig|kliknij|zaloguj|potwierdź|logga in|bekräfta|tıkla|giriş|doğrula)\b|こちら|ログイン|確認|点击|登录|验证|點擊|登入|нажмите|войти|подтвердить/iu

/** Most links lead to the sender's own pages, and the sender is proven and known: what honest mail looks like. */
function agreement(mail: SignalInput['mail'], links: readonly Link[], sites: ReadonlySet<string>): Signal[] {
  const own = links.filter((l) => sites.has(l.site)).length
  if (!isEstablished(mail) || own * 2 < links.length) return []
  return [
    {
      id: 'url-sender',
      version: 1,
      weight: -0.8,
      threat: 'none',
      technology: 'none',
      summary: `${own} of ${links.length} links lead to the sender's own pages, and the sender is proven and known`,
      evidence: { own, links: links.length },
      entities: [],
    },
  ]
}
