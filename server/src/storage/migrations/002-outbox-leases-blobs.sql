-- The tenant that the transaction has set; null when none.
create function recourse_tenant() returns uuid language sql stable parallel safe as $$
  select nullif(current_setting('recourse.tenant_id', true), '')::uuid
$$;

-- Events committed with the state that they report. The number alone does not say what may be read: a transaction with a
-- smaller number may commit later. So events are read in the order (xid, seq), up to the oldest transaction still open.
create table outbox (
  tenant_id uuid not null,
  xid xid8 not null default pg_current_xact_id(),
  seq bigint not null generated always as identity,
  id uuid not null,
  kind text not null,
  data jsonb not null,
  at timestamptz not null default now(),
  primary key (tenant_id, xid, seq)
);
select recourse_tenant_table('outbox');

-- How far each subscriber has come. Its row is locked while one process works for it.
create table outbox_progress (
  tenant_id uuid not null,
  subscriber text not null,
  xid xid8 not null default '0',
  seq bigint not null default 0,
  attempts integer not null default 0,
  retry_at timestamptz,
  last_error text,
  seen_at timestamptz not null default now(),
  primary key (tenant_id, subscriber)
);
select recourse_tenant_table('outbox_progress');

-- Who may touch a resource. An expired lease goes to a successor only when `deadline_ms` more have passed: no mailbox server
-- checks a fencing token, so the predecessor's last command must be over.
create table lease (
  tenant_id uuid not null,
  resource text not null,
  epoch bigint not null,
  holder uuid,
  expires_at timestamptz not null,
  deadline_ms integer not null,
  primary key (tenant_id, resource)
);
select recourse_tenant_table('lease');

-- Key of a tenant's blobs, wrapped by the master key; destroying the row destroys the tenant's bytes.
create table tenant_key (
  tenant_id uuid not null primary key,
  wrapped bytea not null,
  created_at timestamptz not null default now()
);
select recourse_tenant_table('tenant_key');

-- Blobs that a transaction has taken into use, and when last. Which are in use today, the tables that name them say.
create table blob (
  tenant_id uuid not null,
  key text not null,
  size bigint not null,
  marked_at timestamptz not null default now(),
  primary key (tenant_id, key)
);
select recourse_tenant_table('blob');
