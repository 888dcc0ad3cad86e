-- Nothing is planned by what stands in these columns, and each row that is sampled pays for all of them.
alter table action_item alter column recipient set statistics 0, alter column reason set statistics 0, alter column target_folder set statistics 0,
  alter column target_folder_id set statistics 0, alter column before_folder set statistics 0, alter column after_folder set statistics 0,
  alter column lost set statistics 0, alter column epoch set statistics 0, alter column attempts set statistics 0,
  alter column batch_id set statistics 0, alter column updated_at set statistics 0, alter column verified_at set statistics 0;
