-- What a watcher knows of each folder: how far it has looked, and the counters of that look.
create table watched_folder (
  tenant_id uuid not null,
  id uuid not null,
  mailbox_id uuid not null,
  path text not null,
  folder_id text,
  uid_validity text not null,
  -- What comes next: every UID below was taken in, down to `backfill_before` (null = all of it).
  uid_next bigint not null,
  backfill_before bigint,
  -- UIDNEXT when watching began: what lies below was there before us.
  first_uid_next bigint not null,
  messages bigint not null,
  modseq text,
  primary key (tenant_id, id)
);
create index watched_folder_mailbox on watched_folder (tenant_id, mailbox_id);
select recourse_tenant_table('watched_folder');

-- One narrow row per copy that a watcher has seen.
create table watched_copy (
  tenant_id uuid not null,
  folder_id uuid not null,
  uid bigint not null,
  mailbox_id uuid not null,
  delivery_id uuid,
  server_id text,
  likeness text not null,
  -- Bits: 1 $Junk, 2 $NotJunk, 4 $Phishing.
  marks smallint not null,
  missing_since timestamptz,
  primary key (tenant_id, folder_id, uid)
);
create index watched_copy_delivery on watched_copy (tenant_id, delivery_id);
create index watched_copy_server_id on watched_copy (tenant_id, mailbox_id, server_id) where server_id is not null;
create index watched_copy_missing on watched_copy (tenant_id, mailbox_id) where missing_since is not null;
select recourse_tenant_table('watched_copy');
