-- Two rights were part of others until now: tokens keep what they could do.
alter table api_token no force row level security;
update api_token set permissions = permissions || '{lists.allow}'::text[]
  where 'lists.write' = any(permissions) and not 'lists.allow' = any(permissions);
update api_token set permissions = permissions || '{remediation.purge}'::text[]
  where 'remediation.approve' = any(permissions) and not 'remediation.purge' = any(permissions);
alter table api_token force row level security;
