-- name: kept_rates
-- Every rate ever in force, by code and first day.
select hs_code, since, until, name_zh, name_en, unit_1, unit_2, duty_ppm, vat_ppm, ct_ppm,
       ct_specific, ct_specific_unit, ct_condition, source
from tariff_rates
order by hs_code, since;

-- name: kept_goods
-- Every line of goods ever allowed, by line and first day.
select hs_prefix, since, until, modes, name_zh, name_en, note_zh, note_en, source
from allowed_goods
order by hs_prefix, since;

-- name: rates_as_of
-- Each staged code and day with the rate and the allowance that hold on it; nulls where none does.
select w.hs_code, w.day as declared_on,
       r.duty_ppm, r.vat_ppm, r.ct_ppm, r.ct_specific, r.ct_specific_unit, r.ct_condition,
       r.unit_1, r.unit_2, r.name_zh, r.name_en,
       g.modes is not null as listed, g.modes
from wanted_rates as w
left join lateral (
    select t.*
    from tariff_rates as t
    where t.hs_code = w.hs_code and t.since <= w.day
    order by t.since desc
    limit 1
) as r on r.until is null or r.until >= w.day
left join lateral (
    select a.modes, a.until
    from allowed_goods as a
    where a.hs_prefix = left(w.hs_code, 8) and a.since <= w.day
    order by a.since desc
    limit 1
) as g on g.until is null or g.until >= w.day;

-- name: save_import
-- Keeps a file that was proposed; the same proposal again changes nothing.
insert into rate_imports (digest, register, file, file_digest, complete_from, proposed_by, proposed_at)
values (%(digest)s, %(register)s, %(file)s, %(file_digest)s, %(complete_from)s, %(who)s, %(at)s)
on conflict (digest) do nothing;

-- name: find_import
-- The proposal of this digest, with its file.
select digest, register, file, file_digest, complete_from, proposed_by, proposed_at, applied_by, applied_at
from rate_imports
where digest = %(digest)s;

-- name: mark_applied
-- Notes who confirmed a proposal, once.
update rate_imports set applied_by = %(who)s, applied_at = %(at)s
where digest = %(digest)s and applied_at is null;

-- name: imports
-- Every file proposed, newest first, without its bytes.
select digest, register, file_digest, complete_from, proposed_by, proposed_at, applied_by, applied_at
from rate_imports
order by proposed_at desc, digest;

-- name: count_applied
-- How many imports of a register have been applied.
select count(*) from rate_imports where register = %(register)s and applied_at is not null;

-- name: write_rates
-- Adds the staged rates, or puts them in the place of the same code and day.
insert into tariff_rates (hs_code, since, until, name_zh, name_en, unit_1, unit_2, duty_ppm, vat_ppm, ct_ppm,
                          ct_specific, ct_specific_unit, ct_condition, source)
select hs_code, since, until, name_zh, name_en, unit_1, unit_2, duty_ppm, vat_ppm, ct_ppm,
       ct_specific, ct_specific_unit, ct_condition, source
from staged_rates
order by hs_code, since
on conflict (hs_code, since) do update set
    until = excluded.until, name_zh = excluded.name_zh, name_en = excluded.name_en,
    unit_1 = excluded.unit_1, unit_2 = excluded.unit_2,
    duty_ppm = excluded.duty_ppm, vat_ppm = excluded.vat_ppm, ct_ppm = excluded.ct_ppm,
    ct_specific = excluded.ct_specific, ct_specific_unit = excluded.ct_specific_unit,
    ct_condition = excluded.ct_condition, source = excluded.source;

-- name: write_goods
-- Adds the staged lines of goods, or puts them in the place of the same line and day.
insert into allowed_goods (hs_prefix, since, until, modes, name_zh, name_en, note_zh, note_en, source)
select hs_prefix, since, until, modes, name_zh, name_en, note_zh, note_en, source
from staged_goods
order by hs_prefix, since
on conflict (hs_prefix, since) do update set
    until = excluded.until, modes = excluded.modes, name_zh = excluded.name_zh, name_en = excluded.name_en,
    note_zh = excluded.note_zh, note_en = excluded.note_en, source = excluded.source;

-- name: write_changes
-- Keeps what an import did to each row, before and after.
insert into rate_changes (digest, kind, code, since, before, after)
select %(digest)s, kind, code, since, before::jsonb, after::jsonb
from staged_changes
order by code, since;

-- name: changes
-- What imports did to one code, oldest first.
select c.digest, i.register, c.kind, c.code, c.since, c.before, c.after, i.applied_by, i.applied_at
from rate_changes as c
join rate_imports as i on i.digest = c.digest
where c.code = %(code)s
order by c.change_id;
