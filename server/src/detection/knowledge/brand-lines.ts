/**
 * Names that strangers like to write under, with the domains that their owners send from. Source: general knowledge of the companies and of
 * whom anti-phishing reports name year by year; written for this project. A line: `name, other name: domain domain …`. A name in
 * front of `!` is an ordinary word or a common surname as well: it counts in a sender's name, in a text only with what follows it there.
 */
export const BRAND_LINES = `
paypal: paypal.com paypal.de paypal.co.uk paypal.fr paypal.es paypal.it paypal.nl paypal.me paypal-communication.com
!apple, apple id, apple support, icloud, itunes, app store: apple.com icloud.com itunes.com me.com
microsoft, microsoft 365, office 365, office365, outlook team, microsoft account, onedrive, sharepoint, !teams, windows defender, microsoft security: microsoft.com office.com office365.com outlook.com live.com onedrive.com sharepoint.com microsoftonline.com hotmail.com msn.com azure.com onmicrosoft.com skype.com xbox.com sharepointonline.com windows.com
!google, google drive, google account, gmail team, google docs, google ads, google play: google.com gmail.com youtube.com googlemail.com withgoogle.com android.com google.de google.co.uk
!amazon, amazon prime, amazon pay, amazon aws, amazon web services: amazon.com amazon.de amazon.co.uk amazon.fr amazon.es amazon.it amazon.nl amazon.pl amazon.ca amazon.in amazon.co.jp amazon.com.br amazon.com.mx amazon.com.au amazonaws.com aws.amazon.com amazon.se amazon.com.tr primevideo.com
facebook, instagram, whatsapp, facebook ads, meta business, meta for business: facebook.com facebookmail.com instagram.com whatsapp.com meta.com fb.com mail.instagram.com workplace.com
linkedin: linkedin.com
!twitter: twitter.com x.com
tiktok: tiktok.com
snapchat: snapchat.com
!telegram: telegram.org
netflix: netflix.com
spotify: spotify.com
disney, disney+, disneyplus, disney plus: disneyplus.com disney.com
dropbox, dropbox sign, hellosign: dropbox.com dropboxmail.com hellosign.com
docusign: docusign.com docusign.net
adobe, adobe sign, adobe acrobat: adobe.com adobesign.com
wetransfer: wetransfer.com
!zoom: zoom.us zoom.com
ebay: ebay.com ebay.de ebay.co.uk ebay.fr ebay.it ebay.es
walmart: walmart.com
!target: target.com
costco: costco.com
!lowes, lowe s: lowes.com
home depot, homedepot: homedepot.com
best buy, geek squad, bestbuy: bestbuy.com geeksquad.com
kohls, kohl s: kohls.com
walgreens: walgreens.com
cvs pharmacy, cvs: cvs.com
sams club, sam s club: samsclub.com
ace hardware: acehardware.com
harbor freight: harborfreight.com
dick s sporting goods, dicks sporting: dicks.com dickssportinggoods.com
starbucks: starbucks.com
mcdonalds, mcdonald s: mcdonalds.com
aliexpress, alibaba: aliexpress.com alibaba.com
temu: temu.com temuemail.com
shein: shein.com
shopify: shopify.com
etsy: etsy.com
booking.com, booking com: booking.com
airbnb: airbnb.com
!expedia: expedia.com
!uber: uber.com
dhl, dhl express, dhl parcel, dhl paket: dhl.com dhl.de dhl.nl dhl.fr dhlparcel.nl dhl.co.uk deutschepost.de
fedex, fed ex: fedex.com
!ups, ups delivery, united parcel: ups.com
usps, u s postal, us postal: usps.com usps.gov
royal mail, royalmail: royalmail.com
evri, !hermes: evri.com myhermes.co.uk hermesworld.com
dpd: dpd.com dpd.de dpd.co.uk dpd.fr dpdgroup.com
gls: gls-group.eu gls-group.com
postnl: postnl.nl
bpost: bpost.be
la poste, colissimo, chronopost, laposte: laposte.fr laposte.net chronopost.fr colissimo.fr
poste italiane, posteitaliane, postepay: poste.it posteitaliane.it
correos: correos.es
correios: correios.com.br
ctt, ctt expresso: ctt.pt
postnord: postnord.com postnord.se postnord.dk postnord.no
!posti: posti.fi
swiss post, swisspost, die post: post.ch
osterreichische post: post.at
inpost: inpost.pl
poczta polska: poczta-polska.pl
canada post: canadapost.ca canadapost-postescanada.ca
australia post, auspost: auspost.com.au
japan post: japanpost.jp post.japanpost.jp
!chase, chase bank, jp morgan, jpmorgan: chase.com jpmorgan.com jpmchase.com
wells fargo, wellsfargo: wellsfargo.com
bank of america, bankofamerica: bankofamerica.com bofa.com
citibank, citi bank, !citi: citi.com citibank.com
capital one, capitalone: capitalone.com
american express, americanexpress, amex: americanexpress.com aexp.com
!discover card: discover.com
mastercard: mastercard.com
!visa: visa.com
us bank, u s bank, usbank: usbank.com
pnc bank: pnc.com
td bank: td.com tdbank.com
navy federal: navyfederal.org
usaa: usaa.com
truist: truist.com
regions bank: regions.com
huntington bank: huntington.com
fifth third: 53.com
ally bank: ally.com
charles schwab, schwab: schwab.com
fidelity investments: fidelity.com
robinhood: robinhood.com
zelle: zellepay.com
venmo: venmo.com
cash app, cashapp: cash.app square.com squareup.com
western union: westernunion.com
moneygram: moneygram.com
revolut: revolut.com
n26: n26.com
klarna: klarna.com klarna.de klarna.se
!stripe: stripe.com
transferwise: wise.com transferwise.com
hsbc: hsbc.com hsbc.co.uk hsbc.com.hk
barclays: barclays.com barclays.co.uk barclaycard.co.uk
lloyds bank, lloyds: lloydsbank.co.uk lloydsbank.com lloydsbanking.com
natwest: natwest.com
!santander, banco santander: santander.com santander.co.uk santander.de santander.com.br gruposantander.es bancosantander.es santander.pl santander.com.mx
halifax bank: halifax.co.uk
nationwide: nationwide.co.uk nationwide.com
tesco bank: tescobank.com tesco.com
rbc, royal bank of canada: rbc.com rbcroyalbank.com
scotiabank: scotiabank.com
bmo: bmo.com
cibc: cibc.com
interac: interac.ca payments.interac.ca
commbank, commonwealth bank: commbank.com.au cba.com.au
westpac: westpac.com.au
anz bank, anz: anz.com
nab bank: nab.com.au
mygov, my gov: my.gov.au
sparkasse: sparkasse.de sparkassen.de
volksbank, vr bank, volksbanken, raiffeisenbank: vr.de volksbank.de vr-banking.de raiffeisen.at raiffeisen.ch raiffeisen.com atruvia.de
deutsche bank: deutsche-bank.de db.com
commerzbank: commerzbank.de commerzbank.com
postbank: postbank.de
comdirect: comdirect.de
ing diba, ing bank, !ing: ing.de ing.com ing.nl ing.be ing.es ing.pl ing-diba.de
dkb: dkb.de
consorsbank: consorsbank.de
targobank: targobank.de
hypovereinsbank: hypovereinsbank.de unicredit.de
bawag: bawag.at bawagpsk.com
erste bank: erstebank.at sparkasse.at
ubs: ubs.com
credit suisse: credit-suisse.com
postfinance: postfinance.ch
telekom, deutsche telekom: telekom.de t-online.de telekom.com
!vodafone: vodafone.com vodafone.de vodafone.co.uk vodafone.it vodafone.es
1&1, ionos: ionos.de ionos.com 1und1.de 1und1.net ionos.co.uk
strato: strato.de
o2: o2.de o2online.de o2.co.uk o2.com
adac: adac.de
lidl: lidl.de lidl.com
aldi: aldi.de aldi.com aldi-sued.de aldi-nord.de aldi.us
rewe: rewe.de
edeka: edeka.de
zalando: zalando.de zalando.com
otto versand: otto.de
ikea: ikea.com ikea.de
mediamarkt, media markt: mediamarkt.de mediamarkt.com
!orange: orange.fr orange.com
sfr: sfr.fr sfr.com
bouygues: bouyguestelecom.fr
credit agricole: credit-agricole.fr credit-agricole.com
bnp paribas: bnpparibas.com bnpparibas.net bnpparibas
societe generale: societegenerale.fr socgen.com
banque postale: labanquepostale.fr
caisse d epargne, caisse depargne: caisse-epargne.fr
credit mutuel: creditmutuel.fr
boursorama: boursorama.fr boursorama.com
ameli, assurance maladie: ameli.fr assurance-maladie.fr
edf: edf.fr
carrefour: carrefour.fr carrefour.com
leclerc: e.leclerc
fnac: fnac.com
leboncoin: leboncoin.fr
ovh, ovhcloud: ovh.com ovhcloud.com ovh.net
bbva: bbva.com bbva.es bbva.mx
caixabank, la caixa: caixabank.es caixabank.com lacaixa.es
bankia: bankia.es
sabadell: bancsabadell.com
bankinter: bankinter.com
movistar, telefonica: movistar.es movistar.com telefonica.com
endesa: endesa.es endesaclientes.com endesa.com
iberdrola: iberdrola.es iberdrola.com
mercadona: mercadona.es
el corte ingles: elcorteingles.es
agencia tributaria: aeat.es correo.aeat.es agenciatributaria.gob.es
mercado libre, mercadolibre, mercado livre, mercadolivre, mercado pago, mercadopago: mercadolibre.com mercadolibre.com.ar mercadolibre.com.mx mercadolivre.com mercadolivre.com.br mercadopago.com mercadopago.com.br
banorte: banorte.com
banamex, citibanamex: banamex.com citibanamex.com
bancolombia: bancolombia.com.co bancolombia.com
intesa sanpaolo, intesa: intesasanpaolo.com
unicredit: unicredit.it unicredit.eu unicreditgroup.eu
nexi: nexi.it
bper: bper.it
!mps: mps.it
aruba: aruba.it staff.aruba.it arubapec.it
agenzia entrate, agenzia delle entrate: agenziaentrate.it agenziaentrate.gov.it
inps: inps.it
enel: enel.it enel.com
telecom italia, !tim: tim.it telecomitalia.it
esselunga: esselunga.it
conad: conad.it
itau: itau.com.br itau-unibanco.com.br
bradesco: bradesco.com.br
banco do brasil: bb.com.br
caixa economica, !caixa: caixa.gov.br
nubank: nubank.com.br
banco inter: bancointer.com.br inter.co
c6 bank: c6bank.com.br c6bank.com
picpay: picpay.com
pagseguro, pagbank: pagseguro.com.br pagseguro.uol.com.br pagbank.com.br
livelo: livelo.com.br
!serasa: serasa.com.br serasaexperian.com.br
detran: gov.br
receita federal: gov.br
magalu, magazine luiza: magazineluiza.com.br magalu.com.br
americanas: americanas.com.br
casas bahia: casasbahia.com.br
!claro: claro.com.br claro.com
!vivo: vivo.com.br
uol: uol.com.br
locaweb: locaweb.com.br
!smiles: smiles.com.br
millennium bcp: millenniumbcp.pt
caixa geral: cgd.pt
novo banco: novobanco.pt
abn amro, abnamro: abnamro.nl abnamro.com
rabobank: rabobank.nl rabobank.com
belastingdienst: belastingdienst.nl
digid: digid.nl logius.nl
bol.com, bol com: bol.com
kpn: kpn.com kpnmail.nl
ziggo: ziggo.nl
international card services, !ics: icscards.nl
albert heijn: ah.nl
kbc: kbc.be
belfius: belfius.be
bnp paribas fortis: bnpparibasfortis.be bnpparibasfortis.com
!argenta: argenta.be
proximus: proximus.be
itsme: itsme.be itsme-id.com
mbank: mbank.pl
pko bp, pko bank, ipko: pkobp.pl ipko.pl
!allegro: allegro.pl
swedbank: swedbank.se swedbank.com
nordea: nordea.com nordea.se nordea.fi nordea.dk
handelsbanken: handelsbanken.se
danske bank: danskebank.dk danskebank.com
bankid: bankid.com bankid.no
!nets: nets.eu nets.dk
mitid: mitid.dk
skatteverket: skatteverket.se
telenor: telenor.no telenor.com
rakuten: rakuten.co.jp rakuten.com rakuten-card.co.jp
mercari: mercari.com mercari.jp
docomo: docomo.ne.jp nttdocomo.com
softbank: softbank.jp softbank.co.jp
au kddi: kddi.com au.com
smbc, mitsui sumitomo: smbc.co.jp smbc-card.com smbcgroup.com vpass.ne.jp
mufg: mufg.jp bk.mufg.jp cr.mufg.jp
mizuho: mizuhobank.co.jp mizuho-fg.co.jp
jcb: jcb.co.jp
!saison: saisoncard.co.jp
aeon card, aeon: aeon.co.jp aeonbank.co.jp
epos card: eposcard.co.jp
etc meisai: etc-meisai.jp
paypay: paypay.ne.jp
alipay: alipay.com
wechat: wechat.com tencent.com
taobao: taobao.com
icbc: icbc.com.cn
state bank of india, sbi: sbi.co.in
hdfc: hdfcbank.com hdfcbank.net
icici: icicibank.com
paytm: paytm.com
coinbase: coinbase.com
binance: binance.com
metamask: metamask.io consensys.net
trust wallet, trustwallet: trustwallet.com
ledger live, ledger wallet, !ledger: ledger.com ledger.fr
trezor: trezor.io
!kraken: kraken.com
kucoin: kucoin.com
crypto.com, crypto com: crypto.com
blockchain.com, blockchain com: blockchain.com blockchain.info
blockfi: blockfi.com
opensea: opensea.io
!phantom wallet: phantom.app phantom.com
exodus wallet: exodus.com exodus.io
!gemini: gemini.com
bitpanda: bitpanda.com
etoro: etoro.com
norton, norton lifelock, nortonlifelock, lifelock: norton.com nortonlifelock.com lifelock.com symantec.com gen.com
mcafee, mc afee: mcafee.com
kaspersky: kaspersky.com
avast: avast.com
avg antivirus: avg.com
bitdefender: bitdefender.com
malwarebytes: malwarebytes.com
godaddy: godaddy.com
namecheap: namecheap.com
cpanel: cpanel.net cpanel.com
network solutions: networksolutions.com
mailchimp: mailchimp.com
sendgrid: sendgrid.com sendgrid.net twilio.com
github: github.com
atlassian: atlassian.com atlassian.net
salesforce: salesforce.com
!slack: slack.com
quickbooks, intuit, turbotax: intuit.com quickbooks.com turbotax.com
xerox: xerox.com
ringcentral: ringcentral.com
at&t, !att: att.com att.net att-mail.com
verizon: verizon.com verizonwireless.com
t mobile: t-mobile.com
comcast, xfinity: comcast.net comcast.com xfinity.com
!spectrum: spectrum.com charter.com spectrum.net
bt group, bt broadband: bt.com
british gas: britishgas.co.uk
hmrc, hm revenue: hmrc.gov.uk gov.uk
tv licensing, tvlicensing: tvlicensing.co.uk
dvla: dvla.gov.uk gov.uk
!irs, internal revenue service: irs.gov
social security administration: ssa.gov
!medicare: medicare.gov
state farm: statefarm.com
blue cross: bcbs.com
yahoo, yahoo mail: yahoo.com yahooinc.com
aol: aol.com
roblox: roblox.com
!steam, steam support: steampowered.com valvesoftware.com
playstation: playstation.com sony.com
nintendo: nintendo.com
samsung: samsung.com
tesla: tesla.com
nvidia: nvidia.com
ray ban, rayban: ray-ban.com
louis vuitton: louisvuitton.com
marriott: marriott.com
southwest airlines: southwest.com luv.southwest.com
delta air lines, delta airlines: delta.com
ryanair: ryanair.com
lufthansa: lufthansa.com
turkish airlines: turkishairlines.com thy.com
!shell: shell.com
!interpol: interpol.int
europol: europol.europa.eu
world health organization: who.int
!united nations: un.org
!world bank: worldbank.org
oneamerica: oneamerica.com
omaha steaks: omahasteaks.com
`
