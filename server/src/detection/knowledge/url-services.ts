/**
 * Hosts where anybody gets a page, a file, a form or a short address for nothing, and addresses that lead on to others. Source: the services' own
 * documentation and general knowledge, written for this project. Being there is no crime: most of what they carry is honest.
 */
export type Service = 'shortener' | 'pages' | 'builder' | 'form' | 'storage' | 'tunnel' | 'ipfs' | 'paste'

interface Kind {
  /** What a person is told. */
  readonly says: string
  /** Points for a link to it. */
  readonly weight: number
  readonly hosts: readonly string[]
}

const words = (text: string): string[] => text.trim().split(/\s+/)

export const SERVICES: Readonly<Record<Service, Kind>> = {
  shortener: {
    says: 'a short address that hides its target',
    // Used in newsletters and posts; in mail there is no need for it.
    weight: 1.2,
    hosts:
      words(`bit.ly bitly.com tinyurl.com t.ly is.gd v.gd goo.gl ow.ly buff.ly rebrand.ly cutt.ly shorturl.at tiny.cc rb.gy s.id t.co adf.ly
      bl.ink lnkd.in soo.gd clck.ru u.to qps.ru vk.cc shrtco.de short.gy urlz.fr tr.im snip.ly bit.do x.co mcaf.ee t2m.io hyperurl.co linktr.ee
      lnk.to smarturl.it qr.ae qrco.de qr.net me-qr.com l.ead.me scnv.io dub.sh short.io kutt.it shorte.st ouo.io bc.vc han.gl vo.la surl.li
      encurtador.com.br abre.ai acortar.link n9.cl goo.su shorturl.asia tny.im 1url.cz bitly.ws urlzs.com reurl.cc pse.is lihi.cc zpr.io 2no.co`),
  },
  pages: {
    says: 'a page host where anybody publishes without a name',
    // Developers use them too: `github.io` in a technical discussion is everyday.
    weight: 1.8,
    hosts:
      words(`pages.dev workers.dev web.app firebaseapp.com netlify.app vercel.app herokuapp.com onrender.com fly.dev surge.sh glitch.me repl.co
      replit.app replit.dev azurewebsites.net azurestaticapps.net azureedge.net cloudapp.azure.com azurefd.net cloudfront.net amplifyapp.com appspot.com run.app
      deno.dev railway.app render.com codesandbox.io csb.app stackblitz.io webcontainer.io bubbleapps.io softr.app glideapp.io streamlit.app
      gitbook.io notion.site lovable.app framer.app framer.website builderallwppro.com edgeone.app edgeone.dev bolt.host`),
  },
  builder: {
    says: 'a site builder’s free page',
    weight: 2,
    hosts:
      words(`weebly.com weeblysite.com wixsite.com wixstudio.com wix.com webflow.io square.site godaddysites.com yolasite.com jimdosite.com jimdofree.com
      webnode.com webnode.page strikingly.com mystrikingly.com site123.me tilda.ws carrd.co webador.com website.com 000webhostapp.com infinityfreeapp.com
      rf.gd epizy.com byethost.com atwebpages.com freehostia.com blogspot.com wordpress.com tumblr.com duda.co dudaone.com zyrosite.com hostingersite.com
      myshopify.com cloudwaysapps.com ukit.me ucoz.com ucoz.net nicepage.io simdif.com systeme.io clickfunnels.com unbouncepages.com landingi.com
      brizy.site durable.co myportfolio.com canva.site my.canva.site sites.google.com teachable.com hubspotpagebuilder.com swipepages.net mailchimpsites.com`),
  },
  form: {
    says: 'a form that anybody can make',
    weight: 1.4,
    hosts:
      words(`forms.gle docs.google.com/forms forms.office.com forms.microsoft.com customervoice.microsoft.com typeform.com jotform.com form.jotform.com cognitoforms.com
      formstack.com wufoo.com 123formbuilder.com formsite.com surveymonkey.com surveyheart.com zfrmz.com forms.zohopublic.com airtable.com/shr
      formsubmit.co getform.io formspree.io paperform.co tally.so emailmeform.com aidaform.com smartsheet.com/b/form questionpro.com app.pandadoc.com`),
  },
  storage: {
    says: 'a file in somebody’s cloud storage',
    weight: 1.6,
    hosts:
      words(`storage.googleapis.com storage.cloud.google.com firebasestorage.googleapis.com blob.core.windows.net web.core.windows.net digitaloceanspaces.com
      backblazeb2.com r2.dev cloudflarestorage.com wasabisys.com linodeobjects.com vultrobjects.com oraclecloud.com myqcloud.com aliyuncs.com
      amazonaws.com/ s3.amazonaws.com contabostorage.com dropboxusercontent.com mediafire.com anonfiles.com gofile.io pixeldrain.com transfer.sh
      file.io sendspace.com zippyshare.com mega.nz wetransfer.com we.tl sendgb.com filemail.com smash.com catbox.moe`),
  },
  tunnel: {
    says: 'a machine behind a tunnel or a changing address',
    weight: 3.5,
    hosts:
      words(`ngrok.io ngrok.app ngrok-free.app ngrok.dev trycloudflare.com loca.lt localtunnel.me serveo.net pagekite.me localhost.run lhr.life
      duckdns.org no-ip.org no-ip.com noip.com ddns.net hopto.org zapto.org sytes.net myftp.org servehttp.com serveftp.com dyndns.org dynu.net dynu.com
      freedns.afraid.org mooo.com chickenkiller.com dnsalias.com dyn-ip24.de selfip.com nip.io sslip.io xip.io devtunnels.ms`),
  },
  ipfs: {
    says: 'a page in IPFS, which nobody can take down',
    weight: 4,
    hosts: words(
      'ipfs.io dweb.link cloudflare-ipfs.com cf-ipfs.com ipfs.dweb.link gateway.pinata.cloud fleek.co fleek.cool infura-ipfs.io nftstorage.link w3s.link 4everland.io gateway.ipfs.io ipfs.fleek.co',
    ),
  },
  paste: {
    says: 'a text that anybody can publish',
    weight: 1.2,
    hosts: words(
      'telegra.ph graph.org pastebin.com rentry.co justpaste.it hastebin.com ghostbin.com controlc.com padlet.com linkin.bio beacons.ai bio.link campsite.bio heylink.me taplink.cc',
    ),
  },
}

/** The services that a host and path belong to; null for all others. */
export function serviceOf(host: string, path: string): { readonly service: Service; readonly host: string } | null {
  for (let at = 0; at !== -1; at = host.indexOf('.', at + 1)) {
    const name = at === 0 ? host : host.slice(at + 1)
    const found = BY_HOST.get(name)
    if (found?.some((f) => path.startsWith(f.path)) === true) {
      const service = found.find((f) => path.startsWith(f.path))?.service
      if (service !== undefined) return { service, host: name }
    }
  }
  return null
}

const BY_HOST = new Map<string, { path: string; service: Service }[]>()
for (const service of ['shortener', 'pages', 'builder', 'form', 'storage', 'tunnel', 'ipfs', 'paste'] as const)
  for (const written of SERVICES[service].hosts) {
    const slash = written.indexOf('/')
    const host = slash === -1 ? written : written.slice(0, slash)
    BY_HOST.set(host, [...(BY_HOST.get(host) ?? []), { path: slash === -1 ? '/' : written.slice(slash), service }])
  }

/**
 * Open redirectors of large sites: the link shows a name that everybody trusts and leads wherever its parameter says. Host pattern, path
 * pattern, points. Source: the sites' public behaviour.
 */
export const REDIRECTORS: readonly (readonly [RegExp, RegExp, number])[] = [
  // Copied from search results by honest people now and then.
  [/(^|\.)google\.[a-z.]{2,6}$/, /^\/url\?/, 1],
  [/(^|\.)google\.[a-z.]{2,6}$/, /^\/(?:amp\/|travel\/clk|imgres\?|search\?.*\bbtnI=|local_url|pagead\/|aclk)/, 2.5],
  [/(^|\.)(?:googleadservices\.com|doubleclick\.net|googlesyndication\.com)$/, /adurl=|\/clk|\/aclk|\/ddm\//, 1.5],
  [/(^|\.)cdn\.ampproject\.org$|\.cdn\.ampproject\.org$/, /^\/[cv]\/s?\//, 2.5],
  [/(^|\.)bing\.com$/, /^\/(?:ck\/a|aclick|amp\/)/, 2.5],
  [/(^|\.)linkedin\.com$/, /^\/(?:redir|slink|authwall\?.*sessionRedirect)/, 2],
  [/(^|\.)youtube\.com$/, /^\/(?:redirect|attribution_link|signin\?.*next=|logout\?.*continue=)/, 2],
  [/(^|\.)facebook\.com$/, /^\/(?:l|flx\/warn)/, 1.5],
  [/(^|\.)(?:baidu\.com|sogou\.com)$/, /^\/link\?/, 2.5],
  [/(^|\.)(?:yandex\.(?:ru|com)|ya\.ru)$/, /^\/(?:clck|redir|r\?)/, 2],
  [/(^|\.)vk\.com$/, /^\/away\.php/, 2],
  [/(^|\.)microsoftonline\.com$/, /redirect_uri=|post_logout_redirect_uri=/, 1],
  [/(^|\.)(?:office\.com|live\.com)$/, /(?:ru|wreply|redirect)=http/i, 1],
  [/(^|\.)yahoo\.[a-z.]{2,6}$/, /\/RU=http|\/r\/|\*\*http/i, 1.5],
  [
    /(^|\.)(?:snapchat\.com|slack-redir\.net|deviantart\.com|steamcommunity\.com|medium\.com|tumblr\.com|disq\.us|instagram\.com)$/,
    /^\/(?:redir|link|outgoing|linkfilter|r\/|\?)/,
    1.5,
  ],
  [/(^|\.)(?:mailchimp\.com|list-manage\.com)$/, /\/track\/open-redirect/, 1],
]
