-- Whose a lease is. `process` is the key of an advisory lock that the holder's process keeps on a session of its own as long as it lives, and
-- `server_start` the PostgreSQL on which it was taken (after a restart a lock that is free proves nothing). `gone_at`: since when somebody has
-- seen that lock free.
alter table lease add column process bigint, add column server_start text, add column gone_at timestamptz;
