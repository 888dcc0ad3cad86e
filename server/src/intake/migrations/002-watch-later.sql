-- Copies that a watcher has passed and that could not be read or recorded then: tried again.
create table watched_later (
  tenant_id uuid not null,
  folder_id uuid not null,
  uid bigint not null,
  mailbox_id uuid not null,
  -- It was there before watching began.
  backlog boolean not null,
  attempts integer not null,
  next_at timestamptz not null,
  primary key (tenant_id, folder_id, uid),
  foreign key (tenant_id, folder_id) references watched_folder on delete cascade
);
create index watched_later_due on watched_later (tenant_id, mailbox_id, next_at);
select recourse_tenant_table('watched_later');
