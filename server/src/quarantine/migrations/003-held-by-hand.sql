-- What is held by hand is kept as long as what has no threat; and what becomes of a released copy later is not the quarantine's matter.
create or replace function recourse_hold(copy delivery, by_hand boolean, again boolean) returns void language plpgsql as $$
declare
  m record;
  why text;
  policy text;
  before record;
  days integer;
begin
  select x.received_at, x.threat, x.technology, x.parse_state, v.verdict->>'policy' as mode,
      v.inputs->'policy'->>'name' as name into m
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
    else coalesce(m.name, initcap(coalesce(m.mode, ''))) end;
  -- Brought back by an undo it is held for what it was held for before, but its time begins anew: nothing expires unseen.
  if again then
    select h.reason, h.policy_name into before from held_copy h where h.tenant_id = copy.tenant_id and h.delivery_id = copy.id;
    if found then
      why := before.reason;
      policy := before.policy_name;
    end if;
  end if;
  days := recourse_quarantine_days(copy.tenant_id,
    case when why in ('admin-action', 'unparsable', 'transport-rule') then 'none' else why end);
  insert into held_copy (tenant_id, delivery_id, message_id, received_at, reason, policy_type, policy_name, held_at, expires_at, state)
  values (copy.tenant_id, copy.id, copy.message_id, m.received_at, why, recourse_policy_type(why), policy, now(),
    now() + days * interval '1 day', 'held')
  on conflict (tenant_id, delivery_id) do update set
    reason = excluded.reason, policy_type = excluded.policy_type, policy_name = excluded.policy_name, held_at = excluded.held_at,
    expires_at = excluded.expires_at, state = 'held', state_at = null, state_by = null, extended_by = null, clearing = false;
end
$$;

create or replace function recourse_follow_held() returns trigger language plpgsql as $$
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
    where h.tenant_id = new.tenant_id and h.delivery_id = new.id
      and (old.latest_location = 'quarantine' or h.state in ('deleted', 'expired'));
  return null;
end
$$;
