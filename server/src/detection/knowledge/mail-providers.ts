/**
 * Where anybody gets a mailbox for nothing. Source: general knowledge of the large providers of each country; sub-domains are not
 * listed where the provider sells names below its own (they are `isWithin`).
 */
export const FREE_MAIL: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com outlook.com hotmail.com live.com msn.com outlook.de outlook.fr outlook.es outlook.it outlook.jp outlook.com.br hotmail.co.uk hotmail.fr hotmail.de hotmail.es
hotmail.it hotmail.com.br hotmail.nl hotmail.be hotmail.co.jp live.co.uk live.fr live.de live.nl live.it live.be live.ca live.com.mx live.cn live.jp live.com.ar
yahoo.com ymail.com rocketmail.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.ca yahoo.com.br yahoo.com.ar yahoo.com.mx yahoo.co.jp yahoo.co.in yahoo.in yahoo.co.id
yahoo.com.au yahoo.com.hk yahoo.com.tw yahoo.com.sg yahoo.com.ph yahoo.com.vn yahoo.gr yahoo.ie yahoo.ro yahoo.pl yahoo.se yahoo.no yahoo.dk yahoo.cn yahoo.com.cn myyahoo.com
aol.com aim.com aol.co.uk aol.de aol.fr verizon.net att.net sbcglobal.net bellsouth.net comcast.net cox.net charter.net earthlink.net juno.com netzero.net netzero.com optonline.net
icloud.com me.com mac.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com zoho.com zohomail.com zohomail.eu gmx.com gmx.de gmx.net gmx.at gmx.ch gmx.us gmx.fr gmx.co.uk
web.de t-online.de freenet.de arcor.de mail.de posteo.de email.de online.de kabelmail.de vodafone.de
mail.com email.com usa.com post.com consultant.com europe.com asia.com engineer.com accountant.com dr.com lawyer.com myself.com writeme.com cheerful.com techie.com contractor.net workmail.com
iname.com execs.com financier.com minister.com secretary.net politician.com representative.com diplomats.com presidency.com
mail.ru list.ru inbox.ru bk.ru internet.ru yandex.ru yandex.com ya.ru yandex.kz yandex.by rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru ukr.net i.ua meta.ua bigmir.net
qq.com vip.qq.com foxmail.com 163.com 126.com yeah.net vip.163.com sina.com sina.cn vip.sina.com sohu.com 139.com 189.cn aliyun.com tom.com 21cn.com 263.net wo.cn
naver.com daum.net hanmail.net nate.com kakao.com
docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com biglobe.ne.jp ocn.ne.jp so-net.ne.jp excite.co.jp infoseek.jp goo.jp
orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr club-internet.fr aliceadsl.fr voila.fr
libero.it virgilio.it tiscali.it alice.it tin.it inwind.it iol.it email.it fastwebnet.it poste.it
terra.es telefonica.net ono.com ya.com
uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com oi.com.br r7.com zipmail.com.br
sapo.pt clix.pt netcabo.pt iol.pt
ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl casema.nl xs4all.nl telenet.be skynet.be scarlet.be
wp.pl o2.pl onet.pl onet.eu op.pl poczta.onet.pl interia.pl interia.eu tlen.pl gazeta.pl vp.pl poczta.fm go2.pl
seznam.cz email.cz centrum.cz atlas.cz post.cz volny.cz centrum.sk azet.sk zoznam.sk freemail.hu citromail.hu abv.bg mail.bg net.hr
spray.se telia.com bredband.net online.no frisurf.no jubii.dk mail.dk ofir.dk suomi24.fi luukku.com kolumbus.fi
btinternet.com talktalk.net sky.com virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk talk21.com
bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz slingshot.co.nz
rogers.com sympatico.ca shaw.ca telus.net videotron.ca
rediffmail.com indiatimes.com sify.com
walla.com walla.co.il 012.net.il
hushmail.com hush.com fastmail.com fastmail.fm runbox.com mailfence.com disroot.org riseup.net cock.li lavabit.com inbox.com excite.com lycos.com hotbot.com
webmail.co.za mweb.co.za telkomsa.net vodamail.co.za
mynet.com mynet.com.tr superonline.com turk.net
inbox.lv mail.ee hot.ee one.lt
mailinator.com guerrillamail.com 10minutemail.com yopmail.com temp-mail.org sharklasers.com trashmail.com dispostable.com maildrop.cc getnada.com tempmail.com throwawaymail.com`.split(
    /\s+/,
  ),
)

/**
 * Names that a tenant of a large host gets without owning a domain: anybody can send from below them. Source: as above.
 */
export const SHARED_SENDERS: readonly string[] = [
  ...[
    'onmicrosoft.com',
    'amazonses.com',
    'sendgrid.net',
    'mailgun.org',
    'sendinblue.com',
    'mailchimpapp.com',
    'mcsv.net',
  ],
  ...[
    'firebaseapp.com',
    'web.app',
    'herokuapp.com',
    'appspot.com',
    'appspotmail.com',
    'azurewebsites.net',
    'cloudapp.net',
  ],
  ...[
    'cloudapp.azure.com',
    'compute.amazonaws.com',
    'compute-1.amazonaws.com',
    'elasticbeanstalk.com',
    'bc.googleusercontent.com',
  ],
  ...[
    'secureserver.net',
    'hostgator.com',
    'bluehost.com',
    'hostinger.com',
    'cprapid.com',
    'plesk.page',
    'contaboserver.net',
    'vps.ovh.net',
  ],
  ...[
    'linodeusercontent.com',
    'members.linode.com',
    'hostwindsdns.com',
    'your-server.de',
    'clientshostname.com',
    'had.su',
    'myvps.jp',
  ],
  ...[
    'wixsite.com',
    'weebly.com',
    'blogspot.com',
    'wordpress.com',
    'myshopify.com',
    '000webhostapp.com',
    'netlify.app',
    'vercel.app',
  ],
  ...[
    'github.io',
    'pages.dev',
    'workers.dev',
    'r2.dev',
    'repl.co',
    'glitch.me',
    'duckdns.org',
    'ddns.net',
    'hopto.org',
    'zapto.org',
    'sytes.net',
    'no-ip.org',
  ],
]
