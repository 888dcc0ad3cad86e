-- Copies that are or were held: why, until when, what became of them. Reason and expiry are written down when a copy comes into
-- quarantine, so that a later change of a policy or of the retention does not reach back.
create table held_copy (
  tenant_id uuid not null,
  delivery_id uuid not null,
  message_id uuid not null,
  received_at timestamptz not null,
  reason text not null,
  policy_type text not null,
  policy_name text not null,
  held_at timestamptz not null,
  expires_at timestamptz not null,
  state text not null check (state in ('held', 'denied', 'released', 'deleted', 'expired', 'elsewhere')),
  -- Since when it is in this state, and who brought it there; null = nobody has touched it yet.
  state_at timestamptz,
  state_by text,
  extended_by text,
  -- Expired, but still in our hold on the mail server.
  clearing boolean not null default false,
  primary key (tenant_id, delivery_id)
);
create index held_copy_message on held_copy (tenant_id, message_id);
create index held_copy_received on held_copy (tenant_id, received_at desc);
create index held_copy_expires on held_copy (tenant_id, expires_at) where state in ('held', 'denied');
create index held_copy_clearing on held_copy (tenant_id) where clearing;
select recourse_tenant_table('held_copy');

create function recourse_quarantine_days(tenant uuid, threat text) returns integer language plpgsql stable as $$
begin
  return coalesce((select (v.retention->'quarantine'->>threat)::integer from retention_version v
    where v.tenant_id = tenant order by v.version desc limit 1), 30);
end
$$;

create function recourse_policy_type(reason text) returns text language sql immutable as $$
  select case
    when reason = 'malware' then 'anti-malware'
    when reason in ('spoof', 'impersonation') then 'anti-phishing'
    when reason in ('phish', 'high-confidence-phish', 'spam', 'high-confidence-spam', 'bulk') then 'anti-spam'
    when reason = 'transport-rule' then 'transport-rule'
    else 'none' end
$$;

-- Writes down that a copy came into quarantine now. `by_hand`: a person has put it there, whatever the verdict says.
create function recourse_hold(copy delivery, by_hand boolean, again boolean) returns void language plpgsql as $$
declare
  m record;
  why text;
  policy text;
begin
  select x.received_at, x.threat, x.technology, x.parse_state, v.verdict->>'policy' as mode into m
    from message x left join verdict v on v.tenant_id = x.tenant_id and v.id = x.verdict_id
    where x.tenant_id = copy.tenant_id and x.id = copy.message_id;
  why := case
    when by_hand then 'admin-action'
    when m.threat <> 'none' then m.threat
    when m.parse_state = 'unparsable' then 'unparsable'
    else 'transport-rule' end;
  policy := case
    when by_hand then ''
    when m.technology = 'list-entry' then 'Tenant Allow/Block List'
    else initcap(coalesce(m.mode, '')) end;
  insert into held_copy (tenant_id, delivery_id, message_id, received_at, reason, policy_type, policy_name, held_at, expires_at, state)
  values (copy.tenant_id, copy.id, copy.message_id, m.received_at, why, recourse_policy_type(why), policy, now(),
    now() + recourse_quarantine_days(copy.tenant_id, m.threat) * interval '1 day', 'held')
  on conflict (tenant_id, delivery_id) do update set
    -- Brought back by an undo it is held for what it was held for before, but its time begins anew: nothing expires unseen.
    reason = case when again then held_copy.reason else excluded.reason end,
    policy_type = case when again then held_copy.policy_type else excluded.policy_type end,
    policy_name = case when again then held_copy.policy_name else excluded.policy_name end,
    held_at = excluded.held_at, expires_at = excluded.expires_at, state = 'held', state_at = null, state_by = null,
    extended_by = null, clearing = false;
end
$$;

create function recourse_follow_held() returns trigger language plpgsql as $$
declare
  e record;
  person boolean;
begin
  if tg_op = 'INSERT' then
    perform recourse_hold(new, false, false);
    return null;
  end if;
  -- Written by the same statement that has moved the copy.
  select t.kind, t.actor, t.detail into e from message_event t
    where t.tenant_id = new.tenant_id and t.message_id = new.message_id and t.delivery_id = new.id
    order by t.at desc, t.id desc limit 1;
  if new.latest_location = 'quarantine' then
    select a.requested_by->>'id' is not null into person from action a
      where a.tenant_id = new.tenant_id and a.id = nullif(e.detail->>'actionId', '')::uuid;
    perform recourse_hold(new, coalesce(person, false) and e.kind = 'quarantined', e.kind = 'restored');
    return null;
  end if;
  update held_copy h set state_at = now(), state_by = e.actor, state = case
      when new.latest_location in ('soft-deleted', 'hard-deleted') then 'deleted'
      when new.latest_location = 'dropped' then 'expired'
      when old.latest_location = 'quarantine' and e.kind in ('released', 'moved') then 'released'
      else 'elsewhere' end
    where h.tenant_id = new.tenant_id and h.delivery_id = new.id;
  return null;
end
$$;

create trigger held_at_receipt after insert on delivery
  for each row when (new.latest_location = 'quarantine') execute function recourse_follow_held();
create trigger held_or_left after update of latest_location on delivery
  for each row when (old.latest_location is distinct from new.latest_location and (new.latest_location = 'quarantine'
    or old.latest_location in ('quarantine', 'soft-deleted', 'hard-deleted', 'dropped')))
  execute function recourse_follow_held();

-- What is held already, and what was released: counted from when it came in.
alter table delivery no force row level security;
alter table message no force row level security;
alter table message_event no force row level security;
alter table verdict no force row level security;
alter table held_copy no force row level security;
insert into held_copy (tenant_id, delivery_id, message_id, received_at, reason, policy_type, policy_name, held_at, expires_at,
  state, state_at, state_by)
select d.tenant_id, d.id, d.message_id, m.received_at, r.reason, recourse_policy_type(r.reason),
  case when m.technology = 'list-entry' then 'Tenant Allow/Block List' else initcap(coalesce(v.verdict->>'policy', '')) end,
  coalesce(h.at, m.received_at), greatest(coalesce(h.at, m.received_at) + interval '30 days', now() + interval '1 day'),
  case when d.latest_location = 'quarantine' then 'held'
    when d.latest_location in ('soft-deleted', 'hard-deleted') then 'deleted' else 'released' end,
  case when d.latest_location <> 'quarantine' then x.at end, case when d.latest_location <> 'quarantine' then x.actor end
from delivery d
join message m on m.tenant_id = d.tenant_id and m.id = d.message_id
left join verdict v on v.tenant_id = m.tenant_id and v.id = m.verdict_id
cross join lateral (select case when m.threat <> 'none' then m.threat when m.parse_state = 'unparsable' then 'unparsable'
  else 'admin-action' end as reason) r
left join lateral (select max(e.at) as at from message_event e where e.tenant_id = d.tenant_id and e.message_id = d.message_id
  and e.kind in ('quarantined', 'restored') and (e.delivery_id = d.id or e.delivery_id is null)) h on true
left join lateral (select e.at, e.actor from message_event e where e.tenant_id = d.tenant_id and e.message_id = d.message_id
  and e.delivery_id = d.id and e.kind = 'released' order by e.at desc limit 1) x on true
where d.latest_location = 'quarantine' or x.at is not null;
alter table delivery force row level security;
alter table message force row level security;
alter table message_event force row level security;
alter table verdict force row level security;
alter table held_copy force row level security;
