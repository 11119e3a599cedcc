-- name: touched
-- The sealed lists whose order, payment or waybill number is among those of the staged papers.
select s.order_no
from (select distinct order_no from arriving_keys where order_no is not null) as k
join sealed_lists as s on s.order_no = k.order_no
union
select s.order_no
from arriving_keys as k
join sealed_lists as s on s.payment_no = k.number
where k.kind = 'payment' and s.provider_code = k.issuer_code
union
select s.order_no
from arriving_keys as k
join sealed_lists as s on s.waybill_no = k.number
where k.kind in ('waybill', 'waybill_status') and s.carrier_code = k.issuer_code;

-- name: papers_of
-- Where the papers of the staged orders' sealed lists are.
select s.order_no, s.papers from reopened_orders as k join sealed_lists as s on s.order_no = k.order_no;

-- name: papers_of_one
-- Where the papers of the sealed lists of one order are.
select order_no, papers from sealed_lists where order_no = %(order_no)s;

-- name: reopen_clearings
-- Puts the staged sealed lists back on the live docket.
insert into live_clearings
       (order_no, marketplace_code, merchant_code, declarant_code, carrier_code, waybill_no, guarantor_code, customs_code,
        supervision_mode, buyer_id, declared_on, cop_no, guid, pre_no, list_no, state, message_id, position, papers,
        dutiable_value, duty, consumption_tax, vat, tax, channel, edition, received_at, decided_at)
select s.order_no, s.marketplace_code, s.merchant_code, s.declarant_code, s.carrier_code, s.waybill_no,
       s.guarantor_code, s.customs_code, s.supervision_mode, s.buyer_id, s.declared_on, s.cop_no, s.guid, s.pre_no,
       s.list_no, 'released', s.message_id, s.position, s.papers, s.dutiable_value, s.duty, s.consumption_tax, s.vat,
       s.tax, s.channel, s.edition, s.received_at, s.decided_at
from reopened_orders as k
join sealed_lists as s on s.order_no = k.order_no
order by s.order_no, s.marketplace_code;

-- name: reopen_decisions
-- Puts the ruling of the staged sealed lists into the live journal.
insert into live_decisions
       (order_no, marketplace_code, decided_at, message_id, state, codes, papers, edition, tax, batch)
select s.order_no, s.marketplace_code, s.decided_at, s.message_id, 'released', s.codes, s.papers, s.edition, s.tax, s.batch
from reopened_orders as k
join sealed_lists as s on s.order_no = k.order_no;

-- name: reopen_bills
-- Makes live rows of the tax bills of the staged sealed lists.
insert into live_tax_bills
       (order_no, marketplace_code, tax_no, list_no, duty, consumption_tax, vat, status, made_at)
select s.order_no, s.marketplace_code, s.list_no || '_0', s.list_no, s.duty, s.consumption_tax, s.vat, '1', s.decided_at
from reopened_orders as k
join sealed_lists as s on s.order_no = k.order_no;

-- name: reopen_lines
-- Makes live rows of the assessed lines of the staged sealed lists.
insert into live_assessed_lines
       (order_no, marketplace_code, line_no, hs_code, dutiable_value, duty, consumption_tax, vat, duty_ppm, vat_ppm, ct_ppm)
select s.order_no, s.marketplace_code, split_part(l, '|', 1)::integer, split_part(l, '|', 2),
       split_part(l, '|', 3)::bigint, split_part(l, '|', 4)::bigint, split_part(l, '|', 5)::bigint,
       split_part(l, '|', 6)::bigint, nullif(split_part(l, '|', 7), '')::bigint,
       nullif(split_part(l, '|', 8), '')::bigint, nullif(split_part(l, '|', 9), '')::bigint
from reopened_orders as k
join sealed_lists as s on s.order_no = k.order_no
cross join lateral string_to_table(s.lines, ';') as l;

-- name: reopen_uses
-- Makes live rows of what the staged sealed lists took of allowances.
insert into live_allowance_uses (order_no, marketplace_code, person_id, year, allowance, amount)
select s.order_no, s.marketplace_code, s.person_id, extract(year from s.declared_on)::smallint,
       split_part(u, '=', 1), split_part(u, '=', 2)::bigint
from reopened_orders as k
join sealed_lists as s on s.order_no = k.order_no
cross join lateral string_to_table(s.uses, ';') as u
where s.uses <> '';

-- name: take_out
-- Takes the staged orders' lists out of what is sealed, and out of its total: they are live now.
with gone as (
    delete from sealed_lists as s using reopened_orders as k where s.order_no = k.order_no returning s.tax
)
insert into sealed_totals (batch, lists, tax)
select 0, -count(*), -sum(tax) from gone having count(*) > 0;

-- name: count_in
-- Counts the lists of a round into the total of what is sealed.
insert into sealed_totals (batch, lists, tax)
values (%(batch)s, %(lists)s, %(tax)s);

-- name: purge_orders
-- Forgets the live orders of the staged lists, which are sealed now.
delete from orders as p using sealed_orders as k where p.order_no = k.order_no;

-- name: purge_order_lines
-- Forgets the live order lines of the staged lists.
delete from order_lines as p using sealed_orders as k where p.order_no = k.order_no;

-- name: purge_payments
-- Forgets the live payments of the staged lists.
delete from payments as p using sealed_orders as k where p.order_no = k.order_no;

-- name: purge_waybills
-- Forgets the live waybills of the staged lists.
delete from waybills as p using sealed_orders as k where p.order_no = k.order_no;

-- name: purge_lists
-- Forgets the live papers of the staged lists themselves.
delete from lists as p using sealed_orders as k where p.order_no = k.order_no;

-- name: purge_list_lines
-- Forgets the live lines of the staged lists.
delete from list_lines as p using sealed_orders as k where p.order_no = k.order_no;

-- name: purge_versions
-- Forgets the versions of the staged lists' papers; their numbers are found in what is sealed.
delete from paper_versions as p using sealed_orders as k
where p.order_no = k.order_no and p.kind in ('order', 'payment', 'waybill', 'list');

-- name: purge_clearings
-- Takes the staged lists off the live docket.
delete from live_clearings as p using sealed_orders as k where p.order_no = k.order_no;

-- name: purge_findings
-- Forgets what was found about the staged lists when they were last judged.
delete from findings as p using sealed_orders as k where p.order_no = k.order_no;
