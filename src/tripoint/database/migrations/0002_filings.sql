-- Who takes part and what they may do: filed enterprises, their certificates, entrustments, verified buyers; API keys and webhooks.

create table enterprises (
    enterprise_code        text    primary key,
    name                   text    not null,
    marketplace            boolean not null,
    merchant               boolean not null,
    payment_provider       boolean not null,
    carrier                boolean not null,
    declarant              boolean not null,
    guarantor              boolean not null,
    warehouse              boolean not null,
    place_operator         boolean not null,
    realtime_payment_data  boolean not null,
    since                  date    not null,
    until                  date,
    source                 text    not null,
    check (until >= since)
);
comment on table enterprises is 'reference. Filed enterprises and their roles; `until` is the last day the filing holds, null while it has no end.';
comment on column enterprises.realtime_payment_data is 'Connected to give customs its payment data in real time (GACC notices 2018-165 and 2018-179).';

create table certificates (
    fingerprint      text        primary key,
    enterprise_code  text        not null references enterprises (enterprise_code),
    serial           text        not null,
    der              bytea       not null,
    key_kind         text        not null check (key_kind in ('rsa', 'sm2')),
    not_before       timestamptz not null,
    not_after        timestamptz not null,
    added_at         timestamptz not null,
    revoked_at       timestamptz,
    reason           text,
    check (not_after >= not_before),
    check ((revoked_at is null) = (reason is null))
);
create index certificates_by_enterprise on certificates (enterprise_code);
comment on table certificates is 'reference. Signing certificates and the one enterprise each belongs to; a revoked one is kept.';
comment on column certificates.fingerprint is 'SHA-256 of the certificate''s DER bytes, 64 small hexadecimal digits.';

create table entrustments (
    sender_code  text not null references enterprises (enterprise_code),
    owner_code   text not null references enterprises (enterprise_code),
    paper_kind   text not null check (paper_kind in ('orders', 'payments')),
    since        date not null,
    until        date,
    source       text not null,
    primary key (sender_code, owner_code, paper_kind, since),
    check (sender_code <> owner_code),
    check (until >= since)
);
comment on table entrustments is 'reference. Express and postal firms entrusted in writing to send another enterprise''s orders or payments.';

create table verified_persons (
    person_id    text primary key,
    person_name  text not null,
    verified_on  date not null,
    source       text not null
);
comment on table verified_persons is 'distributed by person_id. Buyers whose identity a state authority has verified; only these may differ from the payer.';

create table filings_versions (
    register  text   primary key check (register = 'filings'),
    version   bigint not null
);
comment on table filings_versions is 'reference. How often the filings have changed, so that workers know when what they remember is old.';

create table api_keys (
    key_id           text        primary key,
    secret_hash      bytea       not null check (length(secret_hash) = 32),
    enterprise_code  text        not null,
    name             text        not null,
    scopes           text[]      not null check (cardinality(scopes) > 0),
    created_at       timestamptz not null,
    expires_at       timestamptz,
    revoked_at       timestamptz,
    last_used_at     timestamptz
);
create index api_keys_by_enterprise on api_keys (enterprise_code, created_at, key_id);
comment on table api_keys is 'local. Keys of the HTTP API; of each secret only its SHA-256 is kept.';
comment on column api_keys.enterprise_code is 'The enterprise the key speaks for; empty for the operator of this computer.';

create table webhook_endpoints (
    endpoint_id      bigint      generated always as identity primary key,
    enterprise_code  text        not null,
    url              text        not null,
    secret           text        not null,
    message_types    text[]      not null default '{}',
    active           boolean     not null default true,
    created_at       timestamptz not null,
    unique (enterprise_code, url)
);
comment on table webhook_endpoints is 'local. Where an enterprise wants its receipts posted; no message types means all of them.';
comment on column webhook_endpoints.secret is 'The key of the HMAC-SHA256 over what is posted; it must be kept readable to be used.';

create table webhook_deliveries (
    delivery_id      bigint      generated always as identity primary key,
    outbox_id        bigint      not null,
    endpoint_id      bigint      not null references webhook_endpoints (endpoint_id),
    state            text        not null check (state in ('due', 'delivered', 'given_up')),
    attempts         integer     not null default 0,
    next_attempt_at  timestamptz not null,
    created_at       timestamptz not null,
    finished_at      timestamptz,
    last_error       text,
    unique (outbox_id, endpoint_id)
);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at, delivery_id) where state = 'due';
create index webhook_deliveries_by_endpoint on webhook_deliveries (endpoint_id, delivery_id);
comment on table webhook_deliveries is 'local. One message of the outbox on its way to one endpoint, and how often that was tried.';
