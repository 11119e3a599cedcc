-- A session of the console is over with the key it was opened with.

alter table api_keys add column opened_with text;
comment on column api_keys.opened_with is 'Of a session of the console: the key it was opened with, and is over with; null for every other key.';

-- Sessions and login addresses of before were keys of the operator; whoever looks at the console logs in once more.
update api_keys set revoked_at = now()
where name in ('console session', 'console login') and enterprise_code = '' and scopes = '{operator}'
  and expires_at <= created_at + interval '12 hours' and revoked_at is null;
-- An end that is more than four digits of a year long cannot be read, and its key could not be revoked.
update api_keys set expires_at = '9999-12-31 00:00:00+00' where expires_at > '9999-12-31 00:00:00+00';
