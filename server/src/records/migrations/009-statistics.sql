-- Nothing is planned by what stands in these columns of a copy, and each row that is sampled pays for all of them.
alter table delivery alter column ref set statistics 0, alter column sent_sha256 set statistics 0, alter column sent_size set statistics 0,
  alter column sent_prefix set statistics 0, alter column copy_hash set statistics 0, alter column handover_detail set statistics 0,
  alter column updated_at set statistics 0, alter column id set statistics 10, alter column tenant_id set statistics 10;
