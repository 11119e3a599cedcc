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
