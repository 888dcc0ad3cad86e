-- Who did or read what. Append-only and hash-chained: each entry's hash covers the hash of the one before it.
create table audit_entry (
  tenant_id uuid not null,
  id uuid not null,
  -- Place in the chain; given when the transaction commits, so that the chain's lock is held for that moment only.
  seq bigint,
  at timestamptz not null default clock_timestamp(),
  actor_id text not null,
  actor_name text not null,
  action text not null,
  subject_kind text,
  subject_id text,
  detail jsonb not null default '{}',
  prev_hash text,
  hash text,
  primary key (tenant_id, id),
  unique (tenant_id, seq)
);
select recourse_tenant_table('audit_entry');

-- The end of each tenant's chain: without it, cutting off the newest entries would not show.
create table audit_head (
  tenant_id uuid not null primary key,
  seq bigint not null,
  hash text not null
);
select recourse_tenant_table('audit_head');

-- What is hashed: every column with its length in front, so that no two entries read the same.
create function recourse_audit_text(e audit_entry) returns text language sql stable as $$
  select string_agg(length(part) || ':' || part, '|' order by n) from unnest(array[
    coalesce(e.prev_hash, ''), e.seq::text, e.tenant_id::text, e.id::text,
    (extract(epoch from e.at) * 1000000)::bigint::text,
    e.actor_id, e.actor_name, e.action, coalesce(e.subject_kind, ''), coalesce(e.subject_id, ''), e.detail::text
  ]) with ordinality as parts(part, n)
$$;

create function recourse_audit_chain() returns trigger language plpgsql as $$
declare
  entry audit_entry;
  head audit_head;
begin
  perform pg_advisory_xact_lock(hashtextextended('recourse audit ' || new.tenant_id, 0));
  select * into head from audit_head where tenant_id = new.tenant_id;
  select * into entry from audit_entry where tenant_id = new.tenant_id and id = new.id;
  entry.seq := coalesce(head.seq, 0) + 1;
  entry.prev_hash := coalesce(head.hash, '');
  entry.hash := encode(sha256(convert_to(recourse_audit_text(entry), 'UTF8')), 'hex');
  update audit_entry set seq = entry.seq, prev_hash = entry.prev_hash, hash = entry.hash
    where tenant_id = entry.tenant_id and id = entry.id;
  insert into audit_head values (entry.tenant_id, entry.seq, entry.hash)
    on conflict (tenant_id) do update set seq = excluded.seq, hash = excluded.hash;
  return null;
end
$$;
create constraint trigger chain after insert on audit_entry deferrable initially deferred
  for each row execute function recourse_audit_chain();

-- Only the chain itself may touch an entry after it was written, and only once.
create function recourse_audit_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.seq is null and old.hash is null
    and (to_jsonb(new) - 'seq' - 'hash' - 'prev_hash') = (to_jsonb(old) - 'seq' - 'hash' - 'prev_hash') then
    return new;
  end if;
  raise exception 'audit entries cannot be changed or removed' using errcode = 'integrity_constraint_violation';
end
$$;
create trigger append_only before update or delete on audit_entry
  for each row execute function recourse_audit_append_only();
create trigger no_truncate before truncate on audit_entry
  for each statement execute function recourse_audit_append_only();
