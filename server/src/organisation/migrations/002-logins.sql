-- Who has these logins? A login opens a mailbox at a store that all tenants may share: none may belong to two.
create policy lookup on mailbox for select
  using (removed_at is null and login = any (string_to_array(nullif(current_setting('recourse.lookup_logins', true), ''), e'\n')));
create index mailbox_login on mailbox (login);
