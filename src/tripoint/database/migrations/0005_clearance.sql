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
