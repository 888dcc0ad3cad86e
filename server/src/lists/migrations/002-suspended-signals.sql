-- Detection signals that are noted but do not count: by an undo that binds its cause, or by hand.
create table suspended_signal (
  tenant_id uuid not null,
  id uuid not null,
  signal_id text not null,
  -- null: every version
  version integer,
  why text not null,
  suspended_by text not null,
  suspended_at timestamptz not null,
  -- null: until somebody revokes it
  until timestamptz,
  -- the undo that asked for it
  undo_id uuid,
  revoked_by text,
  revoked_at timestamptz,
  primary key (tenant_id, id)
);
create index suspended_signal_alive on suspended_signal (tenant_id, signal_id) where revoked_at is null;
select recourse_tenant_table('suspended_signal');
