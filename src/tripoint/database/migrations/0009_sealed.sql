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
create index sealed_lists_by_batch on sealed_lists (batch);
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
