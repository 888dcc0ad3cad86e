/**
 * What credential and payment lures say, by concept, in the languages that they come in. Source: the field's own advice to users
 * (banks, post services, national cyber-security agencies describe these patterns publicly) and the author's knowledge of the
 * languages; written down as general wordings, taken from no collection of mail.
 * Syntax: `phrases.ts`. Lower case, no accents.
 */
export const LURES: Readonly<Record<string, string>> = {
  /** Something is wrong with an account of the reader's. */
  'account-problem': `
    account ~ suspend* | account ~ locked | account ~ limited | account ~ restrict* | account ~ deactivat* | account ~ disabled
    account ~ terminat* | account ~ blocked | account ~ on hold | account ~ compromis* | account ~ hacked | account ~ expire*
    account ~ frozen | account ~ closed | account ~ flagged | account ~ deleted | suspend* ~ account | lock* your account
    restrict* ~ your account | limit* ~ your account | access ~ suspend* | access ~ restrict* | access ~ revoked | access ~ disabled | access ~ limited
    profile ~ suspend* | service ~ suspend* | services ~ suspend* | subscription ~ suspend* | membership ~ suspend* | membership ~ expire*
    subscription ~ expire* | subscription ~ cancel* | card ~ suspend* | card ~ blocked | card ~ deactivat* | card ~ expire* | wallet ~ suspend* | wallet ~ locked
    wallet ~ restrict* | domain ~ expire* | license ~ expire* | temporarily suspended | temporarily locked | temporarily limited | temporarily restricted | temporarily disabled
    problem with your account | problem with your payment | issue with your account | trouble with your | unable to validate | unable to verify
    unable to process your payment | could not verify | we were unable to
    konto ~ gesperrt | konto ~ eingeschrankt | konto ~ gesperrt | konto ~ deaktiviert | konto ~ suspendiert | zugang ~ gesperrt | zugang ~ eingeschrankt | karte ~ gesperrt
    konto ~ abgelaufen | sperrung ~ kontos | einschrankung ~ kontos | zugriff ~ eingeschrankt | mitgliedschaft ~ abgelaufen | probleme mit ihrer zahlung
    compte ~ suspend* | compte ~ bloque | compte ~ limite | compte ~ desactive | compte ~ restreint | acces ~ suspend* | acces ~ bloque | carte ~ bloquee | carte ~ suspendue
    abonnement ~ suspend* | abonnement ~ expir* | suspension de votre compte | probleme ~ paiement
    cuenta ~ suspend* | cuenta ~ bloquead* | cuenta ~ limitad* | cuenta ~ desactivad* | cuenta ~ restringid* | acceso ~ suspend* | acceso ~ bloquead* | tarjeta ~ bloquead*
    suscripcion ~ vencid* | suscripcion ~ expir* | suscripcion ~ suspend* | bloqueo de su cuenta | suspension de su cuenta
    conto ~ sospes* | conto ~ bloccat* | account ~ sospes* | account ~ bloccat* | carta ~ bloccat* | carta ~ sospes* | utenza ~ sospes* | accesso ~ limitat* | abbonamento ~ scadut*
    conta ~ suspens* | conta ~ bloquead* | conta ~ limitad* | conta ~ desativad* | conta ~ cancelad* | acesso ~ bloquead* | acesso ~ suspens* | cartao ~ bloquead* | cpf ~ bloquead* | cpf ~ irregular* | cpf ~ suspens*
    assinatura ~ expir* | assinatura ~ suspens* | assinatura ~ cancelad* | chave pix ~ bloquead* | pontos ~ expira* | pontos ~ vence*
    rekening ~ geblokkeerd | account ~ geblokkeerd | account ~ opgeschort | account ~ beperkt | pas ~ geblokkeerd | betaalpas ~ verlop* | toegang ~ beperkt | abonnement ~ verlop* | abonnement ~ opgeschort
    konto ~ zablokowan* | konto ~ zawieszon* | konto ~ ograniczon* | dostep ~ zablokowan* | karta ~ zablokowan* | usluga ~ zawieszon*
    konto ~ sparrat | konto ~ last | kontoen ~ sperret | konto ~ lukket | hesap ~ askiya | hesabiniz ~ kilit*
    アカウントが停止|アカウントがロック|アカウントの停止|アカウントを一時|利用制限|ご利用を制限|利用停止|カードの利用|異常な|会員情報|更新できません
    账户已被|帐户已被|账号异常|账户异常|帳戶異常|账户冻结|帳戶凍結|账户暂停|帳號異常|停用您的`,
  /** Prove who you are, give your data (again). */
  verify: `
    verify your | verify the | verify account | verify now | verify my | verify identity | verify ownership | verification required | account verification | identity verification | confirm your identity | confirm your account
    confirm your details | confirm your information | confirm your email | confirm your payment | confirm your address | confirm your password | confirm ownership | confirm your billing
    update your account | update your payment | update your billing | update your information | update your details | update your card | update payment | update your profile
    update your records | update now | validate your | validate now | authenticate your | re verify | reverify | revalidate | reactivate your | reactivate now | restore your account | restore access | restore full access | regain access
    unlock your | unlock account | recover your account | review your account | complete ~ verification | complete the form | provide ~ information | submit your | kyc | upgrade your account | link your card | secure your account | protect your account
    konto ~ bestatigen | daten ~ bestatigen | identitat ~ bestatigen | daten ~ aktualisieren | konto ~ aktualisieren | konto ~ verifizieren | angaben ~ bestatigen | zahlungsdaten | zahlungsinformationen
    konto ~ entsperren | konto ~ reaktivieren | jetzt bestatigen | jetzt aktualisieren | legitimieren | verifizierung | daten ~ uberprufen
    verifier votre | verifiez votre | confirmer votre | confirmez votre | mettre a jour | mettez a jour | mise a jour de vos | reactiver votre | actualiser vos | valider votre | validez votre | debloquer votre | regulariser
    verifique su | verificar su | confirme su | confirmar su | actualice su | actualizar su | actualizar sus | valide su | validar su | reactivar su | reactive su | restaurar ~ acceso | verificar tu | confirma tu | actualiza tu | verifica tu
    verifica il tuo | verificare ~ account | verifica i tuoi | confermare ~ dati | conferma i tuoi | aggiorna i tuoi | aggiornare ~ dati | aggiorna il tuo | riattivare | sblocca | convalida
    verifique sua | verificar sua | verifique seus | confirme seus | confirmar seus | confirme sua | atualize seus | atualizar seus | atualize sua | atualizacao ~ cadastral | atualizacao cadastral | recadastramento | regularize | regularizar | regularizacao | desbloquear | reativar | valide seu | valide sua | resgat* ~ pontos
    verifieer uw | bevestig uw | bevestig je | controleer uw | werk uw | gegevens ~ bijwerken | gegevens ~ bevestigen | verifieer je | heractiveer | deblokkeer
    zweryfikuj | potwierdz swoje | potwierdz dane | zaktualizuj | weryfikacja | odblokuj | aktywuj ponownie
    verifiera ditt | bekrafta din* | bekraeft* | bekreft* | opdater din* | oppdater ditt | hesabinizi dogrula*
    本人確認|情報を確認|アカウントを確認|更新してください|お手続き|情報の更新|ご確認ください|認証を行|再設定
    验证您的|驗證您|确认您的|確認您的|更新您的|核实|立即验证|身份验证`,
  /** Mailboxes, passwords, signing in. */
  credential: `
    password ~ expire* | password ~ expir* | expir* ~ password | password ~ reset | change your password | keep ~ same password | keep ~ current password | retain ~ password | password ~ compromis* | same password
    mailbox ~ full | mailbox ~ quota | mailbox ~ exceed* | mailbox ~ storage | storage ~ full | storage ~ exceed* | storage ~ limit | quota ~ exceed* | mailbox ~ upgrade | upgrade ~ mailbox | mailbox ~ deactivat* | mailbox ~ suspend*
    email ~ deactivat* | email ~ terminat* | email ~ shut* down | email account ~ upgrade | webmail | pending messages | undelivered messages | incoming messages ~ held | incoming mails | messages ~ on hold | messages ~ quarantine | email quarantine | held messages | release ~ messages | server ~ upgrade | email administrator | mail administrator | it help desk | it helpdesk | it support | help desk team | cpanel
    sign in attempt | signin attempt | sign in activity | unusual sign in | unusual signin | login attempt | unusual activity | unusual login | suspicious activity | suspicious login | suspicious sign in | unrecognized device | unrecognised device | new device | new sign in | new login | unauthorized access | unauthorised access | unauthorized login | unauthorized activity | unauthorized transaction | unauthorised transaction | security alert | security notice | security notification | security update | one time code | two factor | multi factor | 2fa | mfa
    passwort ~ abgelaufen | passwort ~ ablaufen | passwort ~ lauft | postfach ~ voll | speicherplatz | ungewohnliche aktivitat* | verdachtige aktivitat* | sicherheitswarnung | sicherheitshinweis | anmeldeversuch | neue tan | pushtan | phototan | sicherheitsverfahren
    mot de passe ~ expir* | boite ~ pleine | espace de stockage | connexion ~ inhabituelle | activite ~ inhabituelle | activite ~ suspecte | alerte de securite | cle digitale
    contrasena ~ expir* | contrasena ~ caduc* | buzon ~ lleno | cuota ~ buzon | actividad ~ inusual | actividad ~ sospechosa | inicio de sesion ~ inusual | alerta de seguridad
    password ~ scad* | casella ~ piena | spazio ~ esaurit* | attivita ~ sospett* | attivita ~ insolit* | accesso ~ anomal* | avviso di sicurezza
    senha ~ expir* | caixa ~ cheia | caixa postal | atividade ~ suspeita | atividade ~ incomum | acesso ~ suspeito | alerta de seguranca | modulo de seguranca | dispositivo ~ seguranca | novo dispositivo | itoken | token ~ desativad*
    wachtwoord ~ verlop* | mailbox ~ vol | postvak ~ vol | verdachte activiteit* | ongebruikelijke activiteit* | nieuwe bankpas | beveiligingswaarschuwing
    haslo ~ wyga* | skrzynka ~ pelna | podejrzan* ~ aktywnosc | nietypow* ~ logowani*
    パスワードの有効|パスワードの期限|不正アクセス|不正ログイン|第三者|異常なログイン|セキュリティ警告|メールボックス|ログインを検知
    密码过期|密碼過期|密码即将|邮箱容量|郵箱|邮箱升级|异常登录|異常登入|安全警告|安全提醒`,
  /** What happens if you do not. */
  consequence: `
    will be closed | will be suspended | will be deleted | will be terminated | will be permanently | will be deactivated | will be disabled | will be blocked | will be locked | will be lost | will be cancelled | will be canceled | will be limited | will be restricted | will be removed | will be shut down | will be returned | will be forfeited | will expire | lose access | loss of access | losing access | permanent suspension | permanent closure | permanently lock* | permanently delet* | permanently suspend* | permanently disabled | failure to | if you do not | if you don t | if you fail to | otherwise your | avoid ~ suspension | avoid ~ interruption | avoid ~ termination | avoid ~ deactivation | avoid ~ closure | to avoid | legal action | legal proceedings | additional charges | late fees
    wird ~ geschlossen | wird ~ gesperrt | wird ~ geloscht | wird ~ deaktiviert | werden ~ gesperrt | andernfalls | ansonsten wird | rechtliche schritte | mahnverfahren | zusatzliche kosten
    sera ~ suspendu | sera ~ ferme | sera ~ bloque | sera ~ supprime | sera ~ desactive | sera ~ retourne | definitivement | faute de quoi | sous peine
    sera ~ suspendid* | sera ~ bloquead* | sera ~ cerrad* | sera ~ eliminad* | sera ~ cancelad* | sera ~ devuelt* | de lo contrario | acciones legales
    verra ~ sospes* | verra ~ bloccat* | verra ~ chius* | verra ~ disattivat* | sara ~ sospes* | sara ~ bloccat* | in caso contrario | restituit* al mittente
    sera ~ suspens* | sera ~ encerrad* | sera ~ devolvid* | sera ~ desativad* | sera ~ bloquead* | evite ~ bloqueio | evitar ~ bloqueio | evite ~ suspensao | caso contrario | sob pena | divida ativa | protesto | negativacao
    wordt ~ geblokkeerd | wordt ~ afgesloten | wordt ~ verwijderd | worden ~ geblokkeerd | zal ~ worden | juridische stappen | extra kosten | deurwaarder
    zostanie ~ zablokowan* | zostanie ~ zawieszon* | zostanie ~ usuniet* | zostanie ~ zamkniet*
    停止されます|制限されます|解約|削除されます|失効|将被|將被|会被|停用`,
  /** Now. */
  urgency: `
    urgent | urgently | immediately | immediate action | action required | action needed | action is required | act now | act fast | attention required | immediate attention | within 24 | within 48 | within 72 | within 12 hours | in 24 hours | 24 hours | 48 hours | 24hrs | 48hrs | 24h | 48h | within 3 days | within 7 days | within the next | final notice | final warning | final reminder | final attempt | last notice | last warning | last reminder | last chance | second notice | 2nd notice | second attempt | 2nd attempt | as soon as possible | asap | time sensitive | without delay | expires today | expires soon | today only | expiring | important notice | important update | important notification | immediate response | respond immediately | before it s too late | do not ignore | don t ignore
    dringend | umgehend | sofort | unverzuglich | innerhalb von | binnen | handlungsbedarf | letzte mahnung | letzte erinnerung | letzte warnung | wichtige mitteilung | wichtige nachricht | letzte chance | aktion erforderlich
    urgent* | immediatement | dans les 24 | dans les 48 | sous 24 | sous 48 | 24 heures | 48 heures | dernier rappel | dernier avis | derniere relance | action requise | dans les plus brefs | sans delai
    urgente | urgentemente | inmediatamente | de inmediato | en 24 horas | 24 horas | 48 horas | plazo de | ultimo aviso | ultima oportunidad | accion requerida | lo antes posible | aviso importante
    immediatamente | subito | entro 24 | entro 48 | 24 ore | 48 ore | ultimo avviso | ultimo sollecito | azione richiesta | importante comunicazione | il prima possibile
    imediatamente | imediato | em 24 horas | ultimas horas | prazo | hoje mesmo | ultimo aviso | ultima chance | aviso importante | acao necessaria | o mais rapido
    dringende | onmiddellijk | direct actie | binnen 24 | binnen 48 | 24 uur | 48 uur | laatste herinnering | laatste waarschuwing | laatste kans | actie vereist | zo snel mogelijk | aanmaning
    pilne | natychmiast | niezwlocznie | w ciagu 24 | w ciagu 48 | ostatnie ostrzezenie | ostateczne wezwanie | ostatnia szansa | wymagane dzialanie
    akut | omedelbart | omgaende | oyeblikkelig | acil | hemen
    至急|緊急|24時間以内|48時間以内|重要なお知らせ|【重要】|【緊急|最終通知|早急|期限|紧急|緊急|立即|尽快|盡快|24小时|24小時|48小时|重要通知|最后通知`,
  /** A parcel. */
  delivery: `
    your package | your parcel | your shipment | package ~ pending | parcel ~ pending | package ~ waiting | parcel ~ waiting | package ~ deliver* | parcel ~ deliver* | shipment ~ deliver* | shipment ~ pending | shipment ~ on hold | delivery ~ failed | failed delivery | delivery attempt | delivery ~ suspend* | delivery ~ pending | pending delivery | pending package | unable to deliver | undelivered package | undeliverable package | missed delivery | missed your delivery | reschedule ~ delivery | schedule ~ delivery | delivery fee | shipping fee | customs fee | customs duty | customs charges | customs clearance | import duty | redelivery | incomplete address | incorrect address | delivery address | tracking code | tracking number | distribution center | distribution centre | package is stuck
    ihr paket | ihre sendung | ihr packchen | paket ~ zugestellt | sendung ~ zugestellt | zustellung ~ fehlgeschlagen | zollgebuhr* | versandgebuhr* | versandkosten ~ bezahlen | sendungsnummer | lieferadresse | lieferung ~ aussteht
    votre colis | colis ~ attente | colis ~ livr* | livraison ~ echoue* | frais de livraison | frais de douane | numero de suivi | adresse de livraison | affranchissement
    su paquete | tu paquete | su envio | su pedido ~ retenido | paquete ~ entreg* | paquete ~ pendiente | gastos de envio | tasas de aduana | aduana | direccion de entrega | numero de seguimiento | paquete ~ retenido
    il tuo pacco | suo pacco | vostro pacco | pacco ~ consegn* | pacco ~ attesa | spedizione ~ sospes* | spedizione ~ attesa | consegna ~ fallit* | spese di spedizione | spese doganali | dogana | tracciamento
    sua encomenda | seu pacote | sua entrega | seu pedido ~ retid* | encomenda ~ retid* | encomenda ~ entreg* | objeto ~ retid* | objeto ~ taxad* | pedido ~ taxad* | taxa de importacao | taxa ~ alfandeg* | fiscalizacao | alfandeg* | codigo de rastre* | rastreamento | correios | despacho postal
    uw pakket | je pakket | pakket ~ bezorg* | pakket ~ wacht* | zending ~ bezorg* | bezorging ~ mislukt | verzendkosten | douanekosten | inklaringskosten | invoerrechten | bezorgadres
    twoja paczka | paczka ~ dostarcz* | przesylka ~ dostarcz* | przesylka ~ wstrzyman* | doplata | oplata celna | numer sledzenia
    ditt paket | din pakke | pakken din | pakke ~ venter | postnord | kargonuz
    お荷物|荷物のお届け|配送|再配達|不在|ご不在|包裹|快递|快遞|派送|配送失败|清关`,
  /** Money that is owed, failed, or comes back. */
  payment: `
    payment ~ declined | payment ~ failed | payment ~ unsuccessful | payment ~ rejected | payment ~ overdue | payment ~ pending | payment declined | failed payment | payment failure | payment method ~ expired | billing problem | billing issue | billing information | billing details | payment details | payment information | payment advice | payment confirmation | payment remittance | remittance advice | proof of payment | payment receipt | wire transfer | bank transfer | swift copy | telegraphic transfer | outstanding invoice | outstanding balance | outstanding payment | overdue invoice | unpaid invoice | past due | invoice attached | attached invoice | invoice ~ due | new bank details | change of bank | updated bank | account details ~ changed | tax refund | refund ~ available | eligible for a refund | refund of | your refund | pending refund | claim your refund | unclaimed | unclaimed funds | compensation | reimbursement | payroll | direct deposit | salary ~ review | salary increase | purchase order | quotation | request for quotation | rfq
    offene rechnung | rechnung ~ anbei | rechnung ~ anhang | zahlung ~ fehlgeschlagen | zahlung ~ abgelehnt | zahlungserinnerung | mahnung | lastschrift | ruckerstattung | steuererstattung | erstattung ~ von | uberweisung | neue bankverbindung
    facture ~ impayee | facture ~ jointe | paiement ~ refuse | paiement ~ echoue | paiement ~ attente | remboursement | impot* ~ remboursement | virement | prelevement | amende | coordonnees bancaires
    factura ~ adjunta | factura ~ pendiente | factura ~ vencida | pago ~ rechazado | pago ~ pendiente | pago ~ fallido | reembolso | devolucion ~ impuestos | transferencia | multa | datos bancarios | comprobante ~ pago | comprobante de transferencia
    fattura ~ allegat* | fattura ~ scadut* | fattura ~ non pagat* | pagamento ~ rifiutat* | pagamento ~ fallit* | pagamento ~ sospes* | rimborso | bonifico | multa | dati bancari | addebito
    nota fiscal | boleto | fatura ~ vencid* | fatura ~ atraso | fatura ~ aberto | segunda via | debito ~ pendente | debitos ~ pendentes | pagamento ~ recusad* | pagamento ~ pendente | pagamento ~ nao | reembolso | restituicao | comprovante | transferencia ~ pix | pix ~ receb* | cobranca | multa | ipva | intimacao | imposto de renda | valor ~ disponivel | valores a receber | dados bancarios
    openstaande factuur | factuur ~ bijlage | betaling ~ mislukt | betaling ~ geweigerd | betalingsachterstand | openstaand bedrag | terugbetaling | teruggave | belastingteruggave | incasso | boete
    niezaplacon* ~ faktur* | faktura ~ zalacz* | platnosc ~ odrzucon* | zwrot podatku | zaleglosc | zwrot ~ srodkow | nadplata
    obetald faktura | aterbetalning | tilbagebetaling | restskat | skatteaterbaring | iade
    請求書|お支払い|支払方法|引き落とし|未払い|還付|ご請求|付款|发票|發票|退款|账单|帳單|汇款|補貼|补贴`,
  /** A document, a voice message, a fax waits. */
  document: `
    shared a document | shared a file | shared ~ with you | shared document | document ~ shared | file ~ shared | view document | view documents | view the document | view file | review document | review the document | review and sign | please sign | e signature | electronic signature | signature required | sign ~ document | completed document | secure document | secure message | encrypted message | encrypted document | protected document | confidential document | scanned document | document ~ scanned | new document | documents ~ review | you have received a document | you received a document | voicemail | voice mail | voice message | missed call | new fax | fax message | efax | audio message | click to listen | play voicemail | download document | download file | download the attachment | open the attachment | see attached | see the attached | find attached | find ~ attached | attached file | attached document | shared folder | access document | onedrive | sharepoint | docusign | wetransfer | files ~ sent to you
    dokument ~ geteilt | dokument ~ unterschr* | dokument ~ ansehen | sprachnachricht | neue nachricht ~ wartet | siehe anhang | im anhang
    document ~ partage | document ~ signer | consulter le document | message vocal | piece jointe | ci joint
    documento ~ compartid* | documento ~ firm* | ver documento | mensaje de voz | archivo adjunto | adjunto encontrara
    documento ~ condivis* | documento ~ firm* | visualizza documento | messaggio vocale | in allegato
    documento ~ compartilhad* | documento ~ assin* | visualizar documento | ver documento | mensagem de voz | em anexo | segue anexo | baixar documento | visualizar anexo
    document ~ gedeeld | document ~ onderteken* | document bekijken | voicemailbericht | spraakbericht | in de bijlage
    udostepnil* ~ dokument | wiadomosc glosow* | w zalaczniku | zobacz dokument
    添付ファイル|書類|文書を|共有されました|附件|文档|文件已|共享文件|语音信箱`,
  /** The state writes. */
  authority: `
    internal revenue service | irs | hmrc | tax authority | tax office | tax department | revenue agency | social security administration | court notice | court order | summons | subpoena | police | interpol | europol | fbi | federal bureau | law enforcement | traffic violation | traffic fine | speeding | toll invoice | unpaid toll | penalty charge | customs officer | government grant | stimulus | dvla | medicare | social security
    finanzamt | bundeszentralamt | elster | zoll ~ gebuhr | polizei | bundeskriminalamt | strafverfahren | vorladung
    direction generale des finances | impots | convocation | gendarmerie | brigade de protection | ameli | assurance maladie | antai | carte vitale
    agencia tributaria | hacienda | policia | sat ~ fiscal | juzgado | citacion | seguridad social | dgt
    agenzia delle entrate | inps | polizia | tribunale | equitalia | tessera sanitaria
    receita federal | detran | tribunal | justica | policia federal | inss | serasa | spc | ministerio da fazenda | gov br | cnh
    belastingdienst | politie | cjib | digid | mijnoverheid | rechtbank
    urzad skarbowy | policja | sad rejonowy | zus | krajowa administracja skarbowa
    skatteverket | skatteetaten | skat dk | 国税庁|税務署|警察|税务局|稅務|社保|公安|法院`,
  /** Wallets and coins. */
  crypto: `
    metamask | trust wallet | trustwallet | ledger live | ledger ~ wallet | trezor | phantom wallet | exodus wallet | coinbase | binance | blockchain com | kraken | kucoin | okx | bybit | crypto com | opensea | uniswap | pancakeswap | walletconnect | wallet connect | seed phrase | recovery phrase | secret phrase | private key ~ wallet | 12 word | 24 word | wallet ~ verif* | verify ~ wallet | wallet ~ upgrade | wallet ~ synchron* | connect ~ wallet | your wallet | airdrop | claim ~ token* | claim ~ btc | bitcoin ~ balance | bitcoin ~ account | bitcoin mining | cloud mining | your bitcoin* | btc ~ withdraw* | withdraw ~ btc | btc ~ transfer | double ~ bitcoin | crypto ~ account | crypto ~ wallet | crypto investment | crypto trading | invest ~ bitcoin | bitcoin ~ profit | usdt | ethereum ~ merge | nft ~ mint | staking rewards | elon musk`,
  /** What to press. */
  click: `
    click here | click below | click the link | click the button | click on the | click this link | click to | click on this | clicking here | clicking ~ below | follow the link | follow this link | following link | use the link | link below | button below | log in here | login here | sign in here | log in now | login now | log in to | log into your | sign in to | tap here | press here | visit the link | open the link | access your account | go to your account | continue here | get started | start now | proceed now | proceed to | view details | learn more here | check activity | review activity | review now | confirm now | pay now | track now | track package | manage your | access here | see details
    klicken sie | hier klicken | hier anmelden | folgenden link | uber den link | link folgen | jetzt anmelden | zum konto | hier bezahlen | jetzt bezahlen | weiter zur | klick hier
    cliquez ici | cliquer ici | cliquez sur | cliquant | lien suivant | lien ci dessous | accedez a | acceder a | se connecter | connectez vous | je confirme | suivre mon colis
    haga clic | haz clic | clic aqui | pulse aqui | pulsa aqui | siguiente enlace | enlace ~ continuacion | acceder aqui | ingrese aqui | ingresar aqui | iniciar sesion | click aqui
    clicca qui | clicca sul | cliccare qui | cliccando | seguente link | link ~ seguito | link sottostante | accedi | accedere | prosegui
    clique aqui | clicar aqui | clique no | clique abaixo | clicando | link abaixo | botao abaixo | acesse o link | acesse aqui | acessar agora | acesse agora | acessar conta | consultar agora | regularizar agora | click aqui
    klik hier | klik op | klikken op | onderstaande link | volgende link | via onderstaande | hier inloggen | log in op | inloggen via
    kliknij tutaj | kliknij | ponizszy link | ponizszy przycisk | zaloguj sie | przejdz do
    klicka har | klikk her | klik her | tiklayin | buraya
    こちらをクリック|クリックして|下記リンク|以下のリンク|ログインして|こちらから|点击|點擊|请登录|請登入|链接|鏈接|以下連結`,
  /** Nobody's name. */
  'generic-greeting': `
    dear customer | dear valued | dear client | dear user | dear member | dear sir | dear madam | dear friend | dear beneficiary | dear account | dear email | dear webmail | dear owner | dear winner | dear recipient | dear subscriber | dear cardholder | dear card holder | dear consumer | dear shopper | dear taxpayer | dear participant | dear investor | valued customer | valued client | valued member | hello customer | hi customer | hello user | hello dear | my dear | good day dear | greetings dear | dearest | attention beneficiary | attn beneficiary | attention customer
    sehr geehrter kunde | sehr geehrte kundin | sehr geehrter nutzer | sehr geehrte kunden | lieber kunde | liebe kundin | guten tag kunde | werter kunde
    cher client | chere cliente | cher e client | cher abonne | cher utilisateur | cher membre | madame monsieur | cher ami
    estimado cliente | estimado usuario | estimada cliente | apreciado cliente | querido cliente | estimado contribuyente | estimado amigo
    gentile cliente | caro cliente | gentile utente | gentile titolare
    prezado cliente | prezada cliente | prezado a cliente | prezado usuario | caro cliente | estimado cliente | ola cliente | prezado contribuinte | prezado senhor
    geachte klant | beste klant | geachte heer mevrouw | geachte gebruiker | beste gebruiker
    szanowny kliencie | drogi kliencie | szanowni panstwo | drogi uzytkowniku
    kara kund | kjaere kunde | kaere kunde | sayin musteri*
    お客様各位|お客様へ|会員様|お客さま|尊敬的客户|尊敬的用户|親愛的客戶|亲爱的用户|亲爱的客户`,
}
