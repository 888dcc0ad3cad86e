-- Mail servers do not tell `Ann` from `ann` (Dovecot makes every login lower case): the same mailbox, so the same login.
drop policy lookup on mailbox;
create policy lookup on mailbox for select
  using (removed_at is null
    and lower(login) = any (string_to_array(nullif(current_setting('recourse.lookup_logins', true), ''), e'\n')));
drop index mailbox_login;
create index mailbox_login on mailbox (lower(login));
