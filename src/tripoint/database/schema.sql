-- What the numbered migrations add up to; a test builds a database from either and compares them.

-- 0001_exchange
-- What came in and what went out: the raw bytes of every message, and the answers made from its papers.

create table messages (
    message_id        bigint generated always as identity primary key,
    digest            bytea       not null,
    sender_code       text        not null,
    channel           text        not null check (channel in ('api', 'folder', 'cli', 'console')),
    name              text        not null default '',
    received_at       timestamptz not null,
    raw               bytea       not null,
    state             text        not null default 'received' check (state in ('received', 'read', 'unreadable')),
    message_type      text,
    message_guid      text,
    envelope_no       text,
    cop_code          text,
    dxp_id            text,
    papers            integer,
    signature_policy  text,
    signature_state   text,
    signature_reason  text,
    signer_code       text,
    refusal_code      text,
    refusal_text      text,
    worked_at         timestamptz,
    unique (sender_code, digest)
);
create index messages_waiting on messages (message_id) where state = 'received';
create index messages_by_sender on messages (sender_code, message_id);
comment on table messages is 'local. Every message as it came, what was made of it, and the signature policy it was read under.';
comment on column messages.sender_code is 'The enterprise that handed the message in; empty for the operator of this computer.';

create table outbox (
    outbox_id       bigint      primary key,
    recipient_code  text        not null,
    message_type    text        not null,
    message_guid    text        not null,
    answers         bigint      references messages (message_id),
    created_at      timestamptz not null,
    receipts        integer     not null,
    body            bytea
);
create index outbox_by_recipient on outbox (recipient_code, outbox_id);
comment on table outbox is 'local. Every message that goes out; its body is written from the receipts when it is first asked for, and then kept. Its numbers rise in the order of commit.';
comment on column outbox.answers is 'The message whose papers it answers; null where several are answered together.';

-- 0002_filings
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

-- 0003_rates
-- What goods bear and whether they may come in: tariff rates and the list of goods allowed, by day; and how they came here.

create table rate_imports (
    digest         text        primary key,
    register       text        not null check (register in ('rates', 'goods')),
    file           bytea       not null,
    file_digest    text        not null,
    complete_from  date,
    proposed_by    text        not null,
    proposed_at    timestamptz not null,
    applied_by     text,
    applied_at     timestamptz,
    check ((applied_by is null) = (applied_at is null))
);
comment on table rate_imports is 'reference. Each file of rates or goods: who proposed it, who confirmed it, and when.';
comment on column rate_imports.digest is 'SHA-256 over the file and the differences that were shown; what is confirmed is exactly this.';

create table tariff_rates (
    hs_code           text    not null,
    since             date    not null,
    until             date,
    name_zh           text    not null,
    name_en           text    not null,
    unit_1            text    not null,
    unit_2            text,
    duty_ppm          bigint  not null check (duty_ppm >= 0),
    vat_ppm           bigint  not null check (vat_ppm >= 0),
    ct_ppm            bigint  not null check (ct_ppm between 0 and 999999),
    ct_specific       bigint  check (ct_specific > 0),
    ct_specific_unit  text,
    ct_condition      text    check (ct_condition in ('high_end_cosmetics', 'luxury_watch')),
    source            text    not null,
    primary key (hs_code, since),
    check (until >= since),
    check ((ct_specific is null) = (ct_specific_unit is null))
);
comment on table tariff_rates is 'reference. Statutory rates and legal units by goods code from a day on; the newest begun row counts, until it ends.';
comment on column tariff_rates.ct_specific is 'Specific consumption tax, 0.00001 yuan for each ct_specific_unit.';

create table allowed_goods (
    hs_prefix  text    not null,
    since      date    not null,
    until      date,
    modes      text    not null,
    name_zh    text    not null,
    name_en    text    not null,
    note_zh    text,
    note_en    text,
    source     text    not null,
    primary key (hs_prefix, since),
    check (until >= since)
);
comment on table allowed_goods is 'reference. Goods that may come in by retail import (正面清单), by tariff line of eight digits, from a day on.';
comment on column allowed_goods.modes is 'Supervision modes the line is open to, in order, with a blank between.';

create table rate_changes (
    change_id   bigint  generated always as identity primary key,
    digest      text    not null references rate_imports (digest),
    kind        text    not null check (kind in ('added', 'changed', 'ended')),
    code        text    not null,
    since       date    not null,
    before      jsonb,
    after       jsonb   not null
);
create index rate_changes_by_digest on rate_changes (digest, change_id);
create index rate_changes_by_code on rate_changes (code, since);
comment on table rate_changes is 'reference. Every row that an import added or altered, as it was before and after.';

-- 0004_ledger
-- The guarantee ledger, double entry: every transfer takes an amount from one account and gives it to another.
-- Amounts are whole counts of 0.00001 yuan.

create table accounts (
    account    text   primary key,
    kind       text   not null,
    currency   text   not null default 'CNY' check (currency = 'CNY'),
    balance    bigint not null default 0,
    minimum    bigint,
    opened_at  timestamptz not null,
    check (balance >= minimum)
) with (fillfactor = 50);
comment on table accounts is 'local. Each account and its balance: what it was given less what was taken from it; few rows, changed once a batch.';
comment on column accounts.minimum is 'The balance may not fall below it; null where the account may go anywhere.';

create table transfers (
    transfer_id     bigint      not null generated always as identity,
    order_no        text        not null,
    debit_account   text        not null,
    credit_account  text        not null,
    amount          bigint      not null check (amount > 0),
    reason          text        not null,
    reference       text        not null,
    message_id      bigint,
    posted_at       timestamptz not null,
    primary key (order_no, reference, reason),
    check (debit_account <> credit_account)
);
create index transfers_by_debit on transfers (debit_account, transfer_id);
create index transfers_by_credit on transfers (credit_account, transfer_id);
comment on table transfers is 'distributed by order_no. Every movement of money, written once and never changed: from the debited account to the credited one.';
comment on column transfers.order_no is 'The order it is about; where there is none (a deposit, a withdrawal), the reference again.';
comment on column transfers.message_id is 'The message that caused it; null where a person did.';

-- 0005_clearance
-- The papers of the clearance platform and what was decided on them.
-- Amounts, quantities and weights are whole counts of 0.00001 (yuan, unit, kilogram).

create table orders (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    order_type             text,
    order_no               text not null,
    marketplace_code       text not null,
    marketplace_name       text,
    merchant_code          text,
    merchant_name          text,
    goods_value            bigint,
    freight                bigint,
    discount               bigint,
    tax_total              bigint,
    actual_paid            bigint,
    currency               text,
    buyer_reg_no           text,
    buyer_name             text,
    buyer_telephone        text,
    buyer_id_type          text,
    buyer_id               text,
    provider_code          text,
    provider_name          text,
    payment_no             text,
    batch_numbers          text,
    consignee              text,
    consignee_telephone    text,
    consignee_address      text,
    consignee_district     text,
    note                   text,
    recipient_code         text not null,
    primary key (order_no, message_id, position)
);
comment on table orders is 'distributed by order_no. Orders (311) as they were accepted, every version; the newest app_time counts.';

create table payments (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    provider_code          text,
    provider_name          text,
    payment_no             text,
    order_no               text not null,
    marketplace_code       text not null,
    marketplace_name       text,
    payer_id_type          text,
    payer_id               text,
    payer_name             text,
    telephone              text,
    amount                 bigint,
    currency               text,
    paid_at                timestamptz,
    note                   text,
    recipient_code         text not null,
    primary key (order_no, message_id, position)
);
comment on table payments is 'distributed by order_no. Payments (411), every version.';

create table waybills (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    carrier_code           text,
    carrier_name           text,
    waybill_no             text,
    bill_no                text,
    order_no               text not null,
    freight                bigint,
    insurance              bigint,
    currency               text,
    weight                 bigint,
    package_count          integer,
    goods_info             text,
    consignee              text,
    consignee_address      text,
    consignee_telephone    text,
    note                   text,
    recipient_code         text not null,
    primary key (order_no, message_id, position)
);
comment on table waybills is 'distributed by order_no. Waybills (511), every version.';

create table lists (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    order_no               text not null,
    marketplace_code       text not null,
    marketplace_name       text,
    merchant_code          text,
    merchant_name          text,
    waybill_no             text,
    carrier_code           text,
    carrier_name           text,
    cop_no                 text,
    pre_no                 text,
    guarantor_code         text,
    book_no                text,
    list_no                text,
    direction              text,
    declared_on            date,
    customs_code           text,
    port_code              text,
    moved_on               date,
    buyer_id_type          text,
    buyer_id               text,
    buyer_name             text,
    buyer_telephone        text,
    consignee_address      text,
    declarant_code         text,
    declarant_name         text,
    warehouse_code         text,
    warehouse_name         text,
    supervision_mode       text,
    transport_mode         text,
    transport_no           text,
    voyage_no              text,
    bill_no                text,
    place_code             text,
    licence_no             text,
    country                text,
    freight                bigint,
    insurance              bigint,
    currency               text,
    wrap_type              text,
    package_count          integer,
    gross_weight           bigint,
    net_weight             bigint,
    note                   text,
    recipient_code         text not null,
    primary key (order_no, message_id, position)
);
comment on table lists is 'distributed by order_no. Declaration lists (621), every version.';

create table cancellations (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    customs_code           text,
    order_no               text not null,
    marketplace_code       text not null,
    marketplace_name       text,
    merchant_code          text,
    merchant_name          text,
    waybill_no             text,
    carrier_code           text,
    carrier_name           text,
    cop_no                 text,
    pre_no                 text,
    list_no                text,
    buyer_id_type          text,
    buyer_id               text,
    buyer_name             text,
    buyer_telephone        text,
    declarant_code         text,
    declarant_name         text,
    reason                 text,
    note                   text,
    recipient_code         text not null,
    primary key (order_no, message_id, position)
);
comment on table cancellations is 'distributed by order_no. Cancellations (623).';

create table return_requests (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    customs_code           text,
    order_no               text not null,
    marketplace_code       text not null,
    marketplace_name       text,
    merchant_code          text,
    merchant_name          text,
    waybill_no             text,
    carrier_code           text,
    carrier_name           text,
    cop_no                 text,
    pre_no                 text,
    list_no                text,
    buyer_id_type          text,
    buyer_id               text,
    buyer_name             text,
    buyer_telephone        text,
    declarant_code         text,
    declarant_name         text,
    reason                 text,
    note                   text,
    recipient_code         text not null,
    primary key (order_no, message_id, position)
);
comment on table return_requests is 'distributed by order_no. Return requests (625).';

create table order_lines (
    order_no               text not null,
    message_id             bigint not null,
    position               integer not null,
    line_no                integer not null,
    item_no                text,
    item_name              text,
    model                  text,
    description            text,
    barcode                text,
    unit                   text,
    quantity               bigint,
    price                  bigint,
    total                  bigint,
    currency               text,
    origin_country         text,
    note                   text,
    primary key (order_no, message_id, position, line_no)
);
comment on table order_lines is 'distributed by order_no. Lines of orders.';

create table list_lines (
    order_no               text not null,
    message_id             bigint not null,
    position               integer not null,
    line_no                integer not null,
    item_record_no         text,
    item_no                text,
    item_name              text,
    hs_code                text,
    goods_name             text,
    model                  text,
    barcode                text,
    origin_country         text,
    trade_country          text,
    currency               text,
    quantity               bigint,
    unit                   text,
    quantity_1             bigint,
    unit_1                 text,
    quantity_2             bigint,
    unit_2                 text,
    price                  bigint,
    total                  bigint,
    note                   text,
    primary key (order_no, message_id, position, line_no)
);
comment on table list_lines is 'distributed by order_no. Lines of lists.';

create table return_request_lines (
    order_no               text not null,
    message_id             bigint not null,
    position               integer not null,
    line_no                integer not null,
    hs_code                text,
    goods_name             text,
    quantity               bigint,
    unit                   text,
    note                   text,
    primary key (order_no, message_id, position, line_no)
);
comment on table return_request_lines is 'distributed by order_no. Lines of return_requests.';

create table parked_waybills (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    carrier_code           text not null,
    carrier_name           text,
    waybill_no             text not null,
    bill_no                text,
    order_no               text,
    freight                bigint,
    insurance              bigint,
    currency               text,
    weight                 bigint,
    package_count          integer,
    goods_info             text,
    consignee              text,
    consignee_address      text,
    consignee_telephone    text,
    note                   text,
    recipient_code         text not null,
    primary key (waybill_no, carrier_code, message_id, position)
);
comment on table parked_waybills is 'distributed by waybill_no. Waybills that do not name their order (older senders), until a list names them.';

create table waybill_statuses (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    carrier_code           text not null,
    carrier_name           text,
    waybill_no             text not null,
    status                 text,
    status_at              timestamptz,
    note                   text,
    recipient_code         text not null,
    primary key (waybill_no, message_id, position)
);
comment on table waybill_statuses is 'distributed by waybill_no. Signed-for notices (513).';

create table warehouse_ins (
    message_id             bigint not null,
    position               integer not null,
    guid                   text,
    app_type               text,
    app_time               timestamptz not null,
    app_status             text,
    customs_code           text,
    cop_no                 text not null,
    pre_no                 text,
    warehouse_in_no        text,
    operator_code          text not null,
    operator_name          text,
    direction              text,
    transport_mode         text,
    transport_no           text,
    voyage_no              text,
    bill_no                text,
    carrier_code           text,
    carrier_name           text,
    unload_location        text,
    note                   text,
    recipient_code         text not null,
    primary key (cop_no, message_id, position)
);
comment on table warehouse_ins is 'distributed by cop_no. Goods arrived at the supervised place (711).';

create table warehouse_in_lines (
    cop_no                 text not null,
    message_id             bigint not null,
    position               integer not null,
    line_no                integer not null,
    waybill_no             text,
    note                   text,
    primary key (cop_no, message_id, position, line_no)
);
comment on table warehouse_in_lines is 'distributed by cop_no. Waybills of warehouse_ins.';

create table paper_versions (
    kind              text        not null,
    issuer_code       text        not null,
    number            text        not null,
    order_no          text        not null,
    marketplace_code  text        not null,
    app_type          text        not null,
    app_time          timestamptz not null,
    digest            bigint      not null,
    state             text        not null check (state in ('draft', 'active', 'withdrawn')),
    message_id        bigint      not null,
    position          integer     not null,
    owner_code        text,
    primary key (number, kind, issuer_code)
);
comment on table paper_versions is 'distributed by number. The version of each paper that counts, by its business key; finds the order of a payment or waybill.';

create table awaited_papers (
    kind         text not null,
    issuer_code  text not null,
    number       text not null,
    order_no     text not null,
    primary key (number, kind, issuer_code, order_no)
);
comment on table awaited_papers is 'distributed by number. Payments and waybills that a list names and that have not come: whoever brings them has the list judged, be it for another order.';

create table clearings (
    order_no          text        not null,
    marketplace_code  text        not null,
    merchant_code     text        not null,
    declarant_code    text        not null,
    carrier_code      text        not null,
    waybill_no        text        not null,
    guarantor_code    text        not null,
    customs_code      text        not null,
    supervision_mode  text        not null,
    buyer_id          text        not null,
    declared_on       date        not null,
    cop_no            text,
    guid              text        not null,
    pre_no            text        not null,
    list_no           text,
    state             text        not null check (state in ('draft', 'waiting', 'released', 'held', 'refused', 'inspect', 'withdrawn', 'cancelled')),
    waits_for         text        not null default '',
    message_id        bigint      not null,
    position          integer     not null,
    papers            text        not null default '',
    dutiable_value    bigint,
    duty              bigint,
    consumption_tax   bigint,
    vat               bigint,
    tax               bigint,
    channel           text,
    edition           text        not null default '',
    received_at       timestamptz not null,
    decided_at        timestamptz,
    primary key (order_no, marketplace_code)
);
create index clearings_by_state on clearings (state, order_no) where state in ('waiting', 'held', 'refused', 'inspect');
create index clearings_by_list_no on clearings (list_no) where list_no is not null;
create index clearings_by_waybill on clearings (waybill_no) where state in ('waiting', 'held', 'refused');
create index clearings_by_declarant on clearings (declarant_code, received_at);
comment on table clearings is 'distributed by order_no. What has become of each declaration list.';
comment on column clearings.papers is 'The versions judged: kind:message/position of each paper.';

create table findings (
    order_no          text     not null,
    marketplace_code  text     not null,
    ordinal           integer  not null,
    code              text     not null,
    severity          text     not null,
    field             text     not null,
    line_no           integer,
    value             text,
    compares          text,
    other             text,
    primary key (order_no, marketplace_code, ordinal)
);
comment on table findings is 'distributed by order_no. What is wrong with each list as it was last judged; personal numbers are masked.';

create table decisions (
    order_no          text        not null,
    marketplace_code  text        not null,
    decided_at        timestamptz not null,
    message_id        bigint      not null,
    state             text        not null,
    codes             text        not null,
    papers            text        not null,
    edition           text        not null,
    tax               bigint,
    batch             bigint      not null,
    primary key (order_no, marketplace_code, batch)
);
comment on table decisions is 'distributed by order_no. Every judgement of every list, in order: papers, rules edition, findings, outcome.';

create table assessed_lines (
    order_no          text    not null,
    marketplace_code  text    not null,
    line_no           integer not null,
    hs_code           text    not null,
    dutiable_value    bigint  not null,
    duty              bigint  not null,
    consumption_tax   bigint  not null,
    vat               bigint  not null,
    duty_ppm          bigint,
    vat_ppm           bigint,
    ct_ppm            bigint,
    rate_source       text,
    primary key (order_no, marketplace_code, line_no)
);
comment on table assessed_lines is 'distributed by order_no. Duty and tax of each line of a released list, with the rates they were made from.';

create table tax_bills (
    order_no          text        not null,
    marketplace_code  text        not null,
    tax_no            text        not null,
    list_no           text        not null,
    duty              bigint      not null,
    consumption_tax   bigint      not null,
    vat               bigint      not null,
    status            text        not null check (status in ('1', '2', '3')),
    duty_payment_no   text,
    made_at           timestamptz not null,
    primary key (order_no, tax_no)
);
comment on table tax_bills is 'distributed by order_no. Electronic tax bills (816): 1 made, 2 summarised, 3 void.';

create table allowances (
    person_id  text     not null,
    year       smallint not null,
    allowance  text     not null,
    used       bigint   not null check (used >= 0),
    primary key (person_id, year, allowance)
);
comment on table allowances is 'distributed by person_id. What each person has used of each yearly allowance; taken at release, given back by returns.';

create table allowance_uses (
    order_no          text     not null,
    marketplace_code  text     not null,
    person_id         text     not null,
    year              smallint not null,
    allowance         text     not null,
    amount            bigint   not null,
    given_back        bigint   not null default 0 check (given_back between 0 and amount),
    primary key (order_no, marketplace_code, allowance)
);
comment on table allowance_uses is 'distributed by order_no. What each released list took of its buyer''s allowances.';

create table counters (
    scope  text   primary key,
    last   bigint not null
);
comment on table counters is 'local. Running numbers: preNo by day, invtNo by customs and year, batches.';

create table receipts (
    receipt_id        bigint      not null,
    order_no          text        not null,
    outbox_id         bigint      not null,
    recipient_code    text        not null,
    message_type      text        not null,
    answers           bigint      not null,
    position          integer     not null,
    guid              text        not null,
    marketplace_code  text,
    merchant_code     text,
    provider_code     text,
    payment_no        text,
    carrier_code      text,
    waybill_no        text,
    waybill_status    text,
    declarant_code    text,
    customs_code      text,
    operator_code     text,
    cop_no            text,
    pre_no            text,
    list_no           text,
    warehouse_in_no   text,
    tax_no            text,
    return_status     text        not null,
    return_time       timestamptz not null,
    return_info       text        not null,
    primary key (order_no, receipt_id)
);
create index receipts_by_outbox on receipts (outbox_id);
create index receipts_by_recipient on receipts (recipient_code, receipt_id);
comment on table receipts is 'distributed by order_no. Every answer to every paper, in the order it was given.';

create table paper_faults (
    order_no     text        not null,
    message_id   bigint      not null,
    position     integer     not null,
    ordinal      integer     not null,
    kind         text        not null,
    number       text        not null,
    code         text        not null,
    severity     text        not null,
    path         text        not null,
    line_no      integer,
    value        text,
    found_at     timestamptz not null,
    primary key (order_no, message_id, position, ordinal)
);
comment on table paper_faults is 'distributed by order_no. What is wrong with papers by themselves: fields, signature, version; refuse: not taken, note: taken all the same.';

-- 0006_returns
-- Returns of released lists: what was asked to come back, whether it did in time, and what was given back for it.

create table returns (
    order_no          text        not null,
    marketplace_code  text        not null,
    list_no           text        not null,
    declarant_code    text        not null,
    cop_no            text        not null,
    message_id        bigint      not null,
    position          integer     not null,
    guid              text        not null,
    customs_code      text,
    merchant_code     text,
    recipient_code    text        not null,
    state             text        not null check (state in ('review', 'accepted', 'refused')),
    applied_on        date        not null,
    arrive_by         date        not null,
    arrived_on        date,
    value             bigint      not null check (value >= 0),
    tax               bigint      not null check (tax >= 0),
    is_last           boolean     not null,
    decided_at        timestamptz,
    primary key (order_no, message_id, position)
);
comment on table returns is 'distributed by order_no. Return requests (625) that were in order: under review until the goods are back.';

create table return_lines (
    order_no    text    not null,
    message_id  bigint  not null,
    position    integer not null,
    line_no     integer not null,
    quantity    bigint  not null check (quantity > 0),
    value       bigint  not null,
    tax         bigint  not null,
    primary key (order_no, message_id, position, line_no)
);
comment on table return_lines is 'distributed by order_no. What each return brings back of each line, and the value and tax that goes with it.';

-- 0007_receipts
-- Receipts as compact blocks instead of rows: a round writes a handful of rows, however many receipts it gives.

create table receipt_blocks (
    block          bigint      primary key,
    last_message   bigint      not null,
    first_receipt  bigint      not null,
    last_receipt   bigint      not null,
    given_at       timestamptz not null,
    written        boolean     not null default false,
    content        bytea       not null
);
alter table receipt_blocks alter column content set storage external;
create index receipt_blocks_by_receipt on receipt_blocks (last_receipt);
create index receipt_blocks_by_time on receipt_blocks (given_at);
create index receipt_blocks_unwritten on receipt_blocks (block) where not written;
comment on table receipt_blocks is 'local. Every receipt, some thousands in a row, in the order of the messages that carry them; appended by the round that gives them.';
comment on column receipt_blocks.block is 'The number of the first outgoing message in it.';
comment on column receipt_blocks.given_at is 'The moment of the round, which its papers (messages.worked_at) and rulings (decisions.decided_at) bear too.';
comment on column receipt_blocks.written is 'Whether every message in it has its XML.';
comment on column receipt_blocks.content is 'Columns as an Arrow stream, or rows as JSON where they are few; compressed with Zstandard where that makes them shorter.';

-- What was given so far: the messages of one moment that follow each other, up to 40 in a block.
create temporary table moved on commit drop as
with turned as (
    select outbox_id, created_at,
           case when created_at is distinct from lag(created_at) over (order by outbox_id) then 1 else 0 end as begins
    from outbox
), rounds as (
    select outbox_id, created_at, sum(begins) over (order by outbox_id) as round from turned
), cut as (
    select outbox_id, created_at, round, (row_number() over (partition by round order by outbox_id) - 1) / 40 as part from rounds
)
select outbox_id, created_at, min(outbox_id) over (partition by round, part) as block,
       max(outbox_id) over (partition by round, part) as last_message
from cut;

insert into receipt_blocks (block, last_message, first_receipt, last_receipt, given_at, content)
select m.block, min(m.last_message), min(r.receipt_id), max(r.receipt_id), min(m.created_at),
       convert_to(json_agg(json_strip_nulls(json_build_object(
           'receipt_id', r.receipt_id, 'outbox_id', r.outbox_id, 'order_no', r.order_no,
           'recipient_code', r.recipient_code, 'message_type', r.message_type, 'answers', r.answers,
           'position', r.position, 'guid', r.guid, 'marketplace_code', r.marketplace_code,
           'merchant_code', r.merchant_code, 'provider_code', r.provider_code, 'payment_no', r.payment_no,
           'carrier_code', r.carrier_code, 'waybill_no', r.waybill_no, 'waybill_status', r.waybill_status,
           'declarant_code', r.declarant_code, 'customs_code', r.customs_code, 'operator_code', r.operator_code,
           'cop_no', r.cop_no, 'pre_no', r.pre_no, 'list_no', r.list_no, 'warehouse_in_no', r.warehouse_in_no,
           'tax_no', r.tax_no, 'return_status', r.return_status, 'return_info', r.return_info,
           'bill_duty', t.duty, 'bill_vat', t.vat, 'bill_consumption_tax', t.consumption_tax,
           'bill_guarantor_code', t.guarantor_code, 'bill_payment_no', t.duty_payment_no, 'bill_lines', t.lines))
           order by r.receipt_id)::text, 'UTF8')
from moved as m
join receipts as r using (outbox_id)
left join (select b.order_no, b.tax_no, b.duty, b.vat, b.consumption_tax, b.duty_payment_no, c.guarantor_code,
                  (select json_agg(json_build_object(
                              'line_no', a.line_no, 'hs_code', a.hs_code, 'dutiable_value', a.dutiable_value,
                              'duty', a.duty, 'consumption_tax', a.consumption_tax, 'vat', a.vat) order by a.line_no)
                   from assessed_lines as a
                   where a.order_no = b.order_no and a.marketplace_code = b.marketplace_code) as lines
           from tax_bills as b
           join clearings as c on c.order_no = b.order_no and c.marketplace_code = b.marketplace_code) as t
     on t.order_no = r.order_no and t.tax_no = r.tax_no and r.message_type in ('CEB816', 'CEB818')
group by m.block;

alter table outbox add column block bigint, add column first_receipt bigint, add column last_receipt bigint,
                   add column statuses text;
update outbox as o
set block = m.block, first_receipt = r.first_receipt, last_receipt = r.last_receipt, statuses = r.statuses
from moved as m
join (select outbox_id, min(receipt_id) as first_receipt, max(receipt_id) as last_receipt,
             string_agg(distinct return_status, ',') as statuses
      from receipts
      group by outbox_id) as r using (outbox_id)
where o.outbox_id = m.outbox_id;
alter table outbox alter column block set not null, alter column first_receipt set not null,
                   alter column last_receipt set not null, alter column statuses set not null;
create index outbox_about on outbox (answers) where message_type = 'CEB900';
comment on column outbox.block is 'The block its receipts are in.';
comment on column outbox.statuses is 'The return statuses it tells, joined by commas.';
comment on table outbox is 'local. Every message that goes out, without its XML. Its numbers rise in the order of commit.';

create table outbox_bodies (
    outbox_id  bigint  primary key,
    body       bytea   not null
);
alter table outbox_bodies alter column body set storage external;
comment on table outbox_bodies is 'local. The XML of outgoing messages, compressed with Zstandard (plain where it is older): written once, signed where a key is set, and the same ever after.';
insert into outbox_bodies (outbox_id, body) select outbox_id, body from outbox where body is not null;
alter table outbox drop column body;

create table receipt_tallies (
    message_type   text    not null,
    return_status  text    not null,
    receipts       bigint  not null,
    primary key (message_type, return_status)
) with (fillfactor = 20);
comment on table receipt_tallies is 'local. How many receipts of each type and status have been given.';
insert into receipt_tallies (message_type, return_status, receipts)
select message_type, return_status, count(*) from receipts group by message_type, return_status;

create table given_pre_nos (
    order_no  text     not null,
    answers   bigint   not null,
    position  integer  not null,
    pre_no    text     not null,
    primary key (order_no, answers, position)
);
comment on table given_pre_nos is 'distributed by order_no. The pre-entry numbers of papers that brought none and whose receipts demand one: the same in every receipt.';
insert into given_pre_nos (order_no, answers, position, pre_no)
select order_no, answers, position, max(pre_no)
from receipts
where pre_no is not null and message_type in ('CEB622', 'CEB624', 'CEB626', 'CEB712')
group by order_no, answers, position;

create table retold_orders (
    order_no  text         not null,
    given_at  timestamptz  not null,
    primary key (order_no, given_at)
);
comment on table retold_orders is 'distributed by order_no. When orders were answered for papers sent again, of which nothing else is kept.';
insert into retold_orders (order_no, given_at)
select distinct order_no, return_time from receipts where return_info like '重复报送%' and order_no <> '';

drop table receipts;
drop table moved;

-- 0008_intake
-- Messages are kept packed, and those that wait stand in a narrow table of their own: it is inserted into and deleted
-- from, while the wide row is changed once, in place (its page has room, and no index knows what changes).

create table waiting_messages (
    message_id   bigint      primary key,
    bytes        integer     not null,
    received_at  timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
comment on table waiting_messages is 'local. The messages of the inbox that wait to be read; a round takes the oldest out.';
comment on column waiting_messages.bytes is 'The size the message came with.';

insert into waiting_messages (message_id, bytes, received_at)
select message_id, octet_length(raw), received_at from messages where state = 'received';

drop index messages_waiting;

alter table messages
    add column packing text not null default 'plain' check (packing in ('plain', 'zstd')),
    add column bytes   integer;
alter table messages alter column raw set storage external;
alter table messages set (fillfactor = 50);
comment on column messages.packing is 'How the bytes are kept: as they came (plain), or compressed by Zstandard (zstd).';
comment on column messages.bytes is 'The size the message came with; null in rows kept before sizes were, which are plain.';

-- 0009_sealed
-- Lists released on papers that came once each are settled: one row keeps everything about them, and their papers are read back
-- from the messages they came in. What may still change is live; the old names are views over both.

alter table clearings rename to live_clearings;
alter table decisions rename to live_decisions;
alter table assessed_lines rename to live_assessed_lines;
alter table tax_bills rename to live_tax_bills;
alter table allowance_uses rename to live_allowance_uses;

create table sealed_lists (
    order_no          text        not null,
    marketplace_code  text        not null,
    merchant_code     text        not null,
    declarant_code    text        not null,
    carrier_code      text        not null,
    waybill_no        text        not null,
    provider_code     text        not null,
    payment_no        text        not null,
    guarantor_code    text        not null,
    customs_code      text        not null,
    supervision_mode  text        not null,
    buyer_id          text        not null,
    person_id         text        not null,
    declared_on       date        not null,
    cop_no            text,
    guid              text        not null,
    pre_no            text        not null,
    list_no           text        not null,
    message_id        bigint      not null,
    position          integer     not null,
    papers            text        not null,
    codes             text        not null,
    dutiable_value    bigint      not null,
    duty              bigint      not null,
    consumption_tax   bigint      not null,
    vat               bigint      not null,
    tax               bigint      not null,
    channel           text,
    edition           text        not null,
    received_at       timestamptz not null,
    decided_at        timestamptz not null,
    batch             bigint      not null,
    lines             text        not null,
    uses              text        not null
);
-- Random keys go into hash indexes, which stay shallow however many lists there are; running numbers into trees that grow at one end.
create index sealed_lists_by_order on sealed_lists using hash (order_no);
create index sealed_lists_by_payment on sealed_lists using hash (payment_no);
create index sealed_lists_by_waybill on sealed_lists using hash (waybill_no);
create index sealed_lists_by_list_no on sealed_lists (list_no);
create index sealed_lists_by_pre_no on sealed_lists (pre_no);
create index sealed_lists_by_cop_no on sealed_lists (cop_no);
create index sealed_lists_by_received on sealed_lists (received_at, order_no);
comment on table sealed_lists is 'distributed by order_no. Lists released on papers that came once: docket, ruling, tax bill and draws in one row that is only ever inserted, or taken out whole when something arrives that touches it.';
comment on column sealed_lists.papers is 'Where the papers are: kind:message/position of each.';
comment on column sealed_lists.lines is 'line_no|hs_code|dutiable_value|duty|consumption_tax|vat|duty_ppm|vat_ppm|ct_ppm of each line, joined by ;';
comment on column sealed_lists.uses is 'What release took of the buyer''s allowances of the year: allowance=amount, joined by ;';

create table sealed_totals (
    batch  bigint not null,
    lists  bigint not null,
    tax    bigint not null
);
comment on table sealed_totals is 'local. How many lists each round sealed, and their tax; below zero where lists were made live again. Their sum is what sealed_lists holds.';

create view clearings as
select order_no, marketplace_code, merchant_code, declarant_code, carrier_code, waybill_no, guarantor_code, customs_code,
       supervision_mode, buyer_id, declared_on, cop_no, guid, pre_no, list_no, state, waits_for, message_id, position,
       papers, dutiable_value, duty, consumption_tax, vat, tax, channel, edition, received_at, decided_at
from live_clearings
union all
select order_no, marketplace_code, merchant_code, declarant_code, carrier_code, waybill_no, guarantor_code, customs_code,
       supervision_mode, buyer_id, declared_on, cop_no, guid, pre_no, list_no, 'released', '', message_id, position,
       papers, dutiable_value, duty, consumption_tax, vat, tax, channel, edition, received_at, decided_at
from sealed_lists;

create view decisions as
select order_no, marketplace_code, decided_at, message_id, state, codes, papers, edition, tax, batch
from live_decisions
union all
select order_no, marketplace_code, decided_at, message_id, 'released', codes, papers, edition, tax, batch
from sealed_lists;

create view tax_bills as
select order_no, marketplace_code, tax_no, list_no, duty, consumption_tax, vat, status, duty_payment_no, made_at
from live_tax_bills
union all
select order_no, marketplace_code, list_no || '_0', list_no, duty, consumption_tax, vat, '1', null, decided_at
from sealed_lists;

create view assessed_lines as
select order_no, marketplace_code, line_no, hs_code, dutiable_value, duty, consumption_tax, vat, duty_ppm, vat_ppm,
       ct_ppm, rate_source
from live_assessed_lines
union all
select s.order_no, s.marketplace_code, split_part(l, '|', 1)::integer, split_part(l, '|', 2),
       split_part(l, '|', 3)::bigint, split_part(l, '|', 4)::bigint, split_part(l, '|', 5)::bigint,
       split_part(l, '|', 6)::bigint, nullif(split_part(l, '|', 7), '')::bigint,
       nullif(split_part(l, '|', 8), '')::bigint, nullif(split_part(l, '|', 9), '')::bigint, null
from sealed_lists as s
cross join lateral string_to_table(s.lines, ';') as l;

create view allowance_uses as
select order_no, marketplace_code, person_id, year, allowance, amount, given_back
from live_allowance_uses
union all
select s.order_no, s.marketplace_code, s.person_id, extract(year from s.declared_on)::smallint,
       split_part(u, '=', 1), split_part(u, '=', 2)::bigint, 0
from sealed_lists as s
cross join lateral string_to_table(s.uses, ';') as u
where s.uses <> '';

comment on view clearings is 'What has become of each declaration list, live or sealed.';
comment on view decisions is 'Every judgement of every list, live or sealed.';
comment on view tax_bills is 'Electronic tax bills (816) of all lists: 1 made, 2 summarised, 3 void.';
comment on view assessed_lines is 'Duty and tax of each line of all released lists.';
comment on view allowance_uses is 'What each released list took of its buyer''s allowances, live or sealed.';

-- Which orders anything is known of, without looking into every table of papers.
create index paper_versions_by_order on paper_versions using hash (order_no);

-- New papers that wait for their kin stay in their messages; only what is held, refused, changed or without its order has rows of
-- its own in the tables of papers.
alter table paper_versions add column stored boolean not null default true;
comment on column paper_versions.stored is 'Whether the paper has a row in the table of its kind; else it is read from its message.';

-- 0010_processes
-- The processes that serve and work, so that each can tell of all of them. Unlogged: after a crash they say so again.

create unlogged table processes (
    process     text        primary key,
    kind        text        not null,
    started_at  timestamptz not null default now(),
    seen_at     timestamptz not null default now(),
    figures     text        not null
) with (fillfactor = 50);
comment on table processes is 'local. Each running process, when it was last seen, and its figures for Prometheus.';
comment on column processes.figures is 'What it counts, as registers.processes.figures tells it.';

-- 0012_docket_room
-- A list on the docket is ruled on several times before it leaves it, and no index knows of what a ruling changes: with room
-- beside it on its page the indexes are left alone.

alter table live_clearings set (fillfactor = 40);

-- 0013_rounds
-- Rounds of several processes read side by side and decide in the order in which they took their messages.

create sequence rounds;
comment on sequence rounds is 'local. A number for each round, in the order in which rounds took their messages.';

-- 0014_console_sessions
-- A session of the console is over with the key it was opened with.

alter table api_keys add column opened_with text;
comment on column api_keys.opened_with is 'Of a session of the console: the key it was opened with, and is over with; null for every other key.';

-- 0015_next_deliveries
-- The oldest delivery of each address that is not over is found without the many that wait behind it.

create index webhook_deliveries_next on webhook_deliveries (endpoint_id, delivery_id) where state = 'due';

-- 0016_webhook_keys
-- Which key registered an address: whoever revokes the key sees what goes on without it.

alter table webhook_endpoints add column key_id text;
comment on column webhook_endpoints.key_id is 'The key that registered it; null where that was before this was noted.';
