import type { EntityRef, Signal } from '../../judgement/index.ts'
import type { ArchiveEntry, AttachmentFound, Inside, ParsedMail } from '../../mail/index.ts'
import { type Finding, signalOf } from '../findings.ts'
import { siteOf } from '../hosts.ts'
import { senderSites } from '../links.ts'
import { printable } from '../printable.ts'
import type { SignalInput } from '../types.ts'
import { dangerOf } from './dangerous-attachment.ts'

/**
 * What was found inside attachments: programs in archives, archives that are locked while the letter gives the password, macros that run by
 * themselves, templates from elsewhere, notes and shortcuts that start programs, archives that lie about themselves.
 */
export function fileContents({ mail }: SignalInput): Signal[] {
  if (mail.attachments.every((file) => file.inside === undefined)) return []
  const password = passwordIn(mail)
  const found = mail.attachments.flatMap((file) => {
    const { inside } = file
    if (inside === undefined) return []
    const entities: EntityRef[] = [{ kind: 'file-hash', value: file.sha256.toLowerCase() }]
    return [
      ...archive(inside, password),
      ...office(inside, password, mail),
      ...pdf(inside),
      ...notes(inside, file),
      ...message(inside),
    ].map((f) => ({
      ...f,
      what: `${printable(file.name, 80)} ${f.what}`,
      entities,
    }))
  })
  return signalOf(
    { id: 'file-contents', threat: 'malware', technology: 'file-analysis', lead: 'Attachment', most: 12 },
    found,
  )
}

function archive({ archive: found }: Inside, password: boolean): Finding[] {
  if (found === undefined) return []
  const out: Finding[] = []
  const worst = found.entries
    .map((entry) => ({ entry, danger: dangerIn(entry) }))
    .filter((e) => e.danger !== null)
    .sort((a, b) => (b.danger?.weight ?? 0) - (a.danger?.weight ?? 0))[0]
  const few = found.count <= 5
  if (worst?.danger) {
    // Source trees and installers hold programs among many files; a lure holds one.
    const weight = worst.danger.weight * (few ? 0.95 : found.count > 30 ? 0.25 : 0.6)
    out.push({ what: `holds ${printable(worst.entry.name, 80)}, which ${worst.danger.why}`, weight })
  }
  if (found.encrypted)
    out.push({
      what: password
        ? 'is locked, and the letter gives the password: nobody on the way can look inside'
        : 'is locked: nobody on the way can look inside',
      weight: password ? 7 : 2,
    })
  if (found.stopped !== null && found.stopped !== 'broken')
    out.push({ what: `was not read to its end: ${found.stopped}`, weight: 3 })
  if (found.depth > 1 && few && /^(iso|zip|rar|7z)$/.test(found.kind))
    out.push({ what: 'is an archive in an archive', weight: 1 })
  if (found.kind === 'ace' || found.kind === 'arj' || found.kind === 'lzh')
    out.push({ what: `is an archive of a kind that nobody uses any more (${found.kind})`, weight: 4 })
  return out
}

function dangerIn(entry: ArchiveEntry): ReturnType<typeof dangerOf> {
  const name = entry.name.slice(entry.name.lastIndexOf('/') + 1)
  return dangerOf({ name, declaredType: '', realType: entry.type, inline: true })
}

function office({ office: found }: Inside, password: boolean, mail: ParsedMail): Finding[] {
  if (found === undefined) return []
  const out: Finding[] = []
  const runs = found.suspicious.filter((s) => /open|exec|close|activate|auto|new$/.test(s))
  const acts = found.suspicious.filter((s) => !runs.includes(s))
  if (found.macros && runs.length > 0 && acts.length > 0)
    out.push({
      what: `has macros that run by themselves (${runs[0]}) and reach outside (${acts.slice(0, 3).join(', ')})`,
      weight: 9,
    })
  else if (found.macros && found.suspicious.includes('excel 4 macro sheet'))
    out.push({ what: 'has macros of Excel 4', weight: 6 })
  else if (found.macros && found.suspicious.length > 0)
    out.push({ what: `has macros (${found.suspicious.slice(0, 3).join(', ')})`, weight: 5 })
  else if (found.macros) out.push({ what: 'has macros', weight: 3 })
  const sites = senderSites(mail)
  for (const external of found.external) {
    const host = URL.parse(external.replace(/^\w+: /, ''))?.hostname ?? ''
    if (/^image:/i.test(external)) continue
    if (!sites.has(siteOf(host)))
      out.push({
        what: `loads ${printable(external, 120)}`,
        weight: /^attachedTemplate|^oleObject|^frame/i.test(external) ? 7 : 2,
      })
  }
  if (found.dde) out.push({ what: 'runs a command when it is opened (DDE)', weight: 8 })
  if (found.encrypted)
    out.push({
      what: password ? 'is locked, and the letter gives the password' : 'is locked',
      weight: password ? 5 : 1,
    })
  return out
}

function pdf({ pdf: found }: Inside): Finding[] {
  if (found === undefined) return []
  const out: Finding[] = []
  if (found.actions.includes('Launch')) out.push({ what: 'starts a program when it is opened', weight: 8 })
  if (found.scripts && found.actions.some((a) => a === 'OpenAction' || a === 'AA'))
    out.push({ what: 'runs a script when it is opened', weight: 2.5 })
  if (found.actions.includes('SubmitForm')) out.push({ what: 'sends what is filled in', weight: 1.5 })
  return out
}

function notes({ notes: list }: Inside, file: AttachmentFound): Finding[] {
  return (list ?? []).flatMap((note): Finding[] => {
    if (/^embeds (?:application\/x-(?:msdownload|elf)|application\/x\.ms\.shortcut|a script|text\/html)/.test(note))
      return [{ what: note, weight: 9 }]
    if (/^embeds \S*.*\.(?:exe|scr|jse?|vb[se]|wsf|bat|cmd|ps1|lnk|hta|jar|msi|dll|com|pif)$/i.test(note))
      return [{ what: note, weight: 8 }]
    if (/equation editor|DDE/.test(note)) return [{ what: note, weight: 8 }]
    if (/loads a template|updates its object/.test(note)) return [{ what: note, weight: 5 }]
    if (
      /^starts .*(?:powershell|cmd(?:\.exe)?\b|mshta|rundll32|regsvr32|wscript|cscript|curl|certutil|bitsadmin|msiexec)/i.test(
        note,
      )
    )
      return [{ what: note, weight: 11 }]
    if (/^not read to its end/.test(note)) return [{ what: `was ${note}`, weight: 3 }]
    return /^opens file:|^opens \\\\/i.test(note) || (/^opens /.test(note) && /\.url$/i.test(file.name))
      ? [{ what: note, weight: 4 }]
      : []
  })
}

/** A message in a file with dangerous files of its own. */
function message({ message: found }: Inside): Finding[] {
  return (found?.files ?? []).flatMap((name) => {
    const danger = dangerOf({ name, declaredType: '', realType: null, inline: true })
    return danger === null || danger.weight < 6
      ? []
      : [
          {
            what: `is a message with the file ${printable(name, 80)}, which ${danger.why}`,
            weight: danger.weight * 0.8,
          },
        ]
  })
}

/** A password given in the text: `Password: 4711`, in the languages of most mail. */
const PASSWORD =
  /(?:\b(?:pass(?:word|code|wd|wort)?|pwd|kennwort|pin|mot de passe|contraseña|contrasena|clave|senha|parola|wachtwoord|hasło|haslo|lösenord|adgangskode|salasana|heslo|şifre|пароль)\b|パスワード|密码|密碼|비밀번호)\s*(?:\p{L}{1,100}\s+){0,4}?(?:is|ist|lautet|est|es|é|è)?\s*[=:：-]?\s*["“'«]?\s*[A-Za-z0-9!@#$%&*_+-]{3,24}/iu

const passwordIn = (mail: ParsedMail): boolean => {
  // A run of blanks could be shared out among four places in as many ways as its length to the fourth power.
  const match = PASSWORD.exec(mail.text.slice(0, 20_000).replace(/\s+/g, ' '))
  // A word in front of it only talks about passwords; what locks files has digits, signs or a mark before it.
  return match !== null && (/[:=：]\s*["“'«]?\s*\S+$/.test(match[0]) || /\d/.test(match[0]))
}
