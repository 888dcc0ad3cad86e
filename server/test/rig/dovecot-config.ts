/** What `startDovecot` runs on; the hold part is what docs/dovecot.md tells operators to use. */
export interface DovecotConfig {
  readonly dir: string
  readonly user: string
  readonly hold: boolean
  readonly capability?: string
  readonly quota?: { readonly messages: number }
  readonly reuse?: boolean
  readonly users?: readonly string[]
  readonly tls?: boolean
  readonly fsync?: boolean
  readonly ports: { imapPort: number; imapsPort: number; lmtpPort: number; sievePort: number }
}

/**
 * Global ACL file of the hold: later matching lines win, so the owner is stripped of every right there and the service
 * account keeps them. `*` must name the service account's rights everywhere, or the ACL plugin takes them away.
 */
export function holdAcl(service: string): string {
  return `* user=${service} lrwstipekxa
Recourse-Hold owner
Recourse-Hold/* owner
Recourse-Hold user=${service} lrwstipekxa
Recourse-Hold/* user=${service} lrwstipekxa
`
}

const holdNamespace = `
namespace hold {
  prefix = Recourse-Hold/
  separator = /
  location = maildir:~/RecourseHold
  hidden = yes
  list = no
  subscriptions = no
}
`

export function dovecotConfig(c: DovecotConfig): string {
  const plugins = ['quota', ...(c.hold ? ['acl'] : [])].join(' ')
  const home = `${c.dir}/mail/%u`
  const rule = c.quota ? `quota_rule = *:messages=${c.quota.messages}` : ''
  return `base_dir = ${c.dir}/run
state_dir = ${c.dir}/run/state
protocols = imap lmtp sieve
listen = 127.0.0.1
${c.tls ? `ssl = yes\nssl_cert = <${c.dir}/cert.pem\nssl_key = <${c.dir}/key.pem` : 'ssl = no'}
disable_plaintext_auth = no
log_path = ${c.dir}/dovecot.log
default_internal_user = ${c.user}
default_login_user = ${c.user}
default_internal_group = ${c.user}
default_process_limit = 1000
default_client_limit = 4000
first_valid_uid = 1
mail_uid = ${c.user}
mail_gid = ${c.user}
mail_home = ${home}
mail_location = maildir:~/Maildir
mail_plugins = ${plugins}
mail_max_userip_connections = 200
${c.fsync === false ? 'mail_fsync = never' : ''}
auth_mechanisms = plain
auth_failure_delay = 0
auth_username_format = %Lu
auth_master_user_separator = *
${c.capability ? `imap_capability = ${c.capability}` : ''}
passdb {
  driver = passwd-file
  master = yes
  args = ${c.dir}/masters
}
${
  c.users
    ? `passdb {
  driver = passwd-file
  args = ${c.dir}/users
}
userdb {
  driver = passwd-file
  args = ${c.dir}/users
  default_fields = uid=${c.user} gid=${c.user} home=${home}
}`
    : `passdb {
  driver = static
  args = password=user
}
userdb {
  driver = static
  args = uid=${c.user} gid=${c.user} home=${home}
}`
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Junk {
    auto = subscribe
    special_use = \\Junk
  }
  mailbox Trash {
    auto = subscribe
    special_use = \\Trash
  }
  mailbox Sent {
    auto = subscribe
    special_use = \\Sent
  }
}
${c.hold ? holdNamespace : ''}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${c.ports.imapPort}
  }
  inet_listener imaps {
    port = ${c.ports.imapsPort}
    ssl = yes
  }
${c.reuse === false ? '' : '  service_count = 0\n  process_min_avail = 2'}
}
service imap {
${c.reuse === false ? '' : '  service_count = 256\n  process_min_avail = 4'}
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${c.ports.lmtpPort}
  }
  unix_listener lmtp {
    mode = 0
  }
}
service managesieve-login {
  chroot =
  inet_listener sieve {
    port = ${c.ports.sievePort}
  }
}
protocol imap {
  mail_plugins = ${plugins} imap_quota${c.hold ? ' imap_acl' : ''}
}
protocol lmtp {
  postmaster_address = postmaster@example.org
  mail_plugins = ${plugins} sieve
}
plugin {
  sieve = file:~/sieve;active=~/.dovecot.sieve
  quota = maildir:User quota
  ${rule}
  quota_max_mail_size = 0
${c.hold ? `  acl = vfile:${c.dir}/acl\n  acl_user = %{auth_user}` : ''}
}
`
}
