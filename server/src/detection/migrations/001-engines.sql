-- What an organisation's classifier was taught. The weights follow from these rows alone.
create table classifier_lesson (
  tenant_id uuid not null,
  -- SHA-256 of the message: one lesson, however often and by how many it is taught.
  message_hash text not null,
  class text not null check (class in ('ham', 'spam', 'phish')),
  -- Fingerprint of the body.
  kin text,
  places bytea not null,
  message_id uuid,
  cause_kind text not null,
  cause_id text not null,
  -- Who taught it, as shown.
  by text not null,
  at timestamptz not null default now(),
  primary key (tenant_id, message_hash)
);
select recourse_tenant_table('classifier_lesson');
create index classifier_lesson_cause on classifier_lesson (tenant_id, cause_kind, cause_id);

-- The weights that follow, so that a process that starts need not work them out; `wanted` grows with every lesson taught or forgotten.
create table classifier_model (
  tenant_id uuid not null primary key,
  wanted bigint not null default 0,
  fitted bigint not null default 0,
  version text not null,
  bytes bytea,
  fitted_at timestamptz not null default now()
);
select recourse_tenant_table('classifier_model');

-- Messages that were judged without an engine that should have been heard.
create table engine_pending (
  tenant_id uuid not null,
  message_id uuid not null,
  engines text[] not null,
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  last_error text,
  primary key (tenant_id, message_id)
);
select recourse_tenant_table('engine_pending');
create index engine_pending_due on engine_pending (tenant_id, next_at);
