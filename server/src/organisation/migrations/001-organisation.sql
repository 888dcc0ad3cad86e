create table org_domain (
  tenant_id uuid not null,
  domain text not null,
  primary key (tenant_id, domain)
);
select recourse_tenant_table('org_domain');
-- Whose is this one domain? Mail arrives before we know the tenant, and no domain may belong to two.
create policy lookup on org_domain for select using (domain = nullif(current_setting('recourse.lookup_domain', true), ''));
create index org_domain_domain on org_domain (domain);

create table mailbox (
  tenant_id uuid not null,
  id uuid not null,
  -- Lower case.
  address text not null,
  login text not null,
  display_name text not null,
  kind text not null check (kind in ('user', 'shared', 'secops')),
  protected boolean not null default false,
  created_at timestamptz not null default now(),
  -- A mailbox that left stays known: deliveries and the vault refer to it.
  removed_at timestamptz,
  primary key (tenant_id, id)
);
select recourse_tenant_table('mailbox');
create unique index mailbox_address on mailbox (tenant_id, address);

create table mail_alias (
  tenant_id uuid not null,
  address text not null,
  target text not null,
  primary key (tenant_id, address)
);
select recourse_tenant_table('mail_alias');

create table mail_group (
  tenant_id uuid not null,
  address text not null,
  display_name text not null,
  members text[] not null,
  primary key (tenant_id, address)
);
select recourse_tenant_table('mail_group');

-- `revision` is new with every change, also with one that is rolled back: readers keep what they read by it.
create table organisation_state (
  tenant_id uuid not null primary key,
  version integer not null,
  revision uuid not null,
  changed_at timestamptz not null default now(),
  changed_by text not null
);
select recourse_tenant_table('organisation_state');

create table policy_version (
  tenant_id uuid not null,
  version integer not null,
  policy jsonb not null,
  at timestamptz not null default now(),
  by text not null,
  primary key (tenant_id, version)
);
select recourse_tenant_table('policy_version');
