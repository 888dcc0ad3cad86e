create table submission (
  tenant_id uuid not null,
  id uuid not null,
  message_id uuid not null,
  submitted_as text not null check (submitted_as in ('user', 'analyst')),
  opinion text not null check (opinion in ('should-not-have-been-blocked', 'should-have-been-blocked')),
  threat text check (threat in ('phish', 'spam', 'malware')),
  reason text,
  recipient text,
  by_id text not null,
  by_name text not null,
  at timestamptz not null,
  result text not null,
  result_detail text not null,
  -- Verdict at receipt and on the day of the submission, as it was shown.
  was jsonb not null,
  today jsonb not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, message_id) references message (tenant_id, id)
);
create index submission_message on submission (tenant_id, message_id, at);
select recourse_tenant_table('submission');
