-- What is written for every message has one writer, which writes it in one statement with its message: the checks of these keys
-- cost more than the writing. One index fewer on entities: the key itself is in the order of time.
alter table delivery drop constraint delivery_tenant_id_message_id_fkey;
alter table message_event drop constraint message_event_tenant_id_message_id_fkey;
alter table verdict drop constraint verdict_tenant_id_message_id_fkey;
alter table entity drop constraint entity_tenant_id_message_id_fkey;

drop index entity_time;
alter table entity drop constraint entity_pkey;
alter table entity add primary key (tenant_id, kind, hash, received_at, message_id);
