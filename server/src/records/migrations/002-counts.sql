-- What lists show of every message, so that a page of a list never reads the parsed mail.
alter table message
  add column technology text not null default 'none',
  add column url_count integer not null default 0,
  add column attachment_count integer not null default 0;

-- The wall holds for the owner too: it is let down in this transaction, for the rows that are there.
alter table message no force row level security;
alter table verdict no force row level security;
update message m set
  technology = coalesce((select v.verdict ->> 'technology' from verdict v where v.tenant_id = m.tenant_id and v.id = m.verdict_id), 'none'),
  url_count = coalesce(json_array_length(m.mail -> 'urls'), 0),
  attachment_count = coalesce(json_array_length(m.mail -> 'attachments'), 0);
alter table verdict force row level security;
alter table message force row level security;
