-- Which key registered an address: whoever revokes the key sees what goes on without it.

alter table webhook_endpoints add column key_id text;
comment on column webhook_endpoints.key_id is 'The key that registered it; null where that was before this was noted.';
