create table message (
  tenant_id uuid not null,
  id uuid not null,
  received_at timestamptz not null,
  direction text not null,
  source text not null,
  internet_message_id text,
  subject text not null,
  sender_name text not null,
  sender_address text,
  sender_domain text,
  mail_from text,
  client_ip text,
  size bigint not null,
  blob_key text not null,
  sha256 text not null,
  parse_state text not null,
  parse_error text,
  mail json not null,
  snippet text not null,
  verdict_id uuid not null,
  threat text not null,
  attempt_key text,
  primary key (tenant_id, id)
);
create unique index message_attempt on message (tenant_id, attempt_key) where attempt_key is not null;
create index message_received on message (tenant_id, received_at desc, id desc);
create index message_threat on message (tenant_id, threat, received_at desc);
create index message_sender on message (tenant_id, sender_address, received_at desc);
create index message_sender_domain on message (tenant_id, sender_domain, received_at desc);
create index message_internet_id on message (tenant_id, internet_message_id);
create index message_blob on message (tenant_id, blob_key);
create index message_sha256 on message (tenant_id, sha256);
select recourse_tenant_table('message');

create table delivery (
  tenant_id uuid not null,
  id uuid not null,
  message_id uuid not null,
  recipient text not null,
  recipient_key text not null,
  mailbox_id uuid,
  action text not null,
  original_location text not null,
  latest_location text not null,
  latest_folder text,
  ref jsonb,
  sent_sha256 text,
  sent_size bigint,
  sent_prefix text,
  copy_hash text,
  handover text not null,
  handover_detail text,
  updated_at timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, message_id) references message (tenant_id, id)
);
create index delivery_message on delivery (tenant_id, message_id);
create index delivery_recipient on delivery (tenant_id, recipient_key);
create index delivery_mailbox on delivery (tenant_id, mailbox_id, latest_location);
create index delivery_unsettled on delivery (tenant_id, handover) where handover in ('handing-over', 'possibly-twice');
create index delivery_held on delivery (tenant_id, message_id) where latest_location = 'quarantine';
select recourse_tenant_table('delivery');

create table message_event (
  tenant_id uuid not null,
  id uuid not null,
  message_id uuid not null,
  delivery_id uuid,
  at timestamptz not null,
  kind text not null,
  actor text not null,
  summary text not null,
  detail jsonb not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, message_id) references message (tenant_id, id)
);
create index message_event_message on message_event (tenant_id, message_id, at);
create index message_event_reported on message_event (tenant_id, message_id) where kind = 'reported';
select recourse_tenant_table('message_event');

create table verdict (
  tenant_id uuid not null,
  id uuid not null,
  message_id uuid not null,
  at timestamptz not null,
  verdict jsonb not null,
  signals json not null,
  inputs json not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, message_id) references message (tenant_id, id)
);
create index verdict_message on verdict (tenant_id, message_id, at);
select recourse_tenant_table('verdict');

create table entity (
  tenant_id uuid not null,
  kind text not null,
  hash text not null,
  message_id uuid not null,
  value text not null,
  received_at timestamptz not null,
  primary key (tenant_id, kind, hash, message_id),
  foreign key (tenant_id, message_id) references message (tenant_id, id)
);
create index entity_message on entity (tenant_id, message_id);
create index entity_time on entity (tenant_id, kind, hash, received_at desc);
select recourse_tenant_table('entity');

-- Narrow, one row per copy. A partition per month before the month in which this database was made (imports bring old mail),
-- a partition per day since, one for everything before 1990. They are made when first needed.
create table copy_fact (
  tenant_id uuid not null,
  received_at timestamptz not null,
  delivery_id uuid not null,
  message_id uuid not null,
  threat text not null,
  action text not null,
  location text not null,
  mailbox_id uuid,
  sender_domain text,
  direction text not null,
  rev integer not null default 0,
  primary key (tenant_id, received_at, delivery_id)
) partition by range (received_at);
create index copy_fact_message on copy_fact (tenant_id, message_id);
select recourse_tenant_table('copy_fact');

create table copy_fact_old partition of copy_fact for values from (minvalue) to ('1990-01-01 00:00:00+00');
select recourse_tenant_table('copy_fact_old');

-- Makes the partition of an instant if it is missing. By day from `daily_from` on, by month before: the border must never move.
create function recourse_copy_fact_partition(instant timestamptz) returns void language plpgsql as $$
declare
  day timestamp := date_trunc('day', instant at time zone 'UTC');
  daily_from timestamp;
  first timestamp;
  last timestamp;
  partition text := 'copy_fact_' || to_char(day, 'YYYYMMDD');
begin
  if day < '1990-01-01' or to_regclass(partition) is not null then return; end if;
  select date_trunc('month', applied_at at time zone 'UTC') into daily_from
    from schema_migration where room = 'records' and number = 1;
  if day >= daily_from then
    first := day;
    last := day + interval '1 day';
  else
    first := date_trunc('month', day);
    last := first + interval '1 month';
    partition := 'copy_fact_' || to_char(first, 'YYYYMM');
    if to_regclass(partition) is not null then return; end if;
  end if;
  perform pg_advisory_xact_lock(hashtext('recourse copy_fact'));
  if to_regclass(partition) is not null then return; end if;
  execute format('create table %I (like copy_fact including defaults including constraints)', partition);
  perform recourse_tenant_table(partition::regclass);
  execute format('alter table copy_fact attach partition %I for values from (%L) to (%L)',
    partition, first at time zone 'UTC', last at time zone 'UTC');
end
$$;
