-- Senders who are proven and known here, and whose mail a source of convictions has lately kept out of the Inbox.
create table brake_loss (
  tenant_id uuid not null,
  -- signal, entry
  source_kind text not null,
  source_id text not null,
  source_version integer not null,
  -- A registrable domain; an address where anybody gets one of the domain's.
  sender text not null,
  at timestamptz not null,
  primary key (tenant_id, source_kind, source_id, source_version, sender)
);
select recourse_tenant_table('brake_loss');

-- Sources that took the mail of too many of them, until a person has said what is to be.
create table brake_notice (
  tenant_id uuid not null,
  id uuid not null,
  source_kind text not null,
  source_id text not null,
  source_version integer not null,
  why text not null,
  -- Some of those whose mail it took.
  senders text[] not null,
  at timestamptz not null,
  -- False: told only.
  suspended boolean not null,
  -- Of a signal: its suspension.
  suspension_id uuid,
  closed_by text,
  closed_at timestamptz,
  primary key (tenant_id, id)
);
select recourse_tenant_table('brake_notice');
create unique index brake_notice_open on brake_notice (tenant_id, source_kind, source_id, source_version)
  where closed_at is null;
