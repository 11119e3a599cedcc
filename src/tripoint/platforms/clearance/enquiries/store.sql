-- name: outcomes
-- Every list of the docket with its outcome and the codes told about it; lists that were not taken have none.
select c.order_no, c.marketplace_code, c.state as outcome, c.waits_for,
       coalesce((select string_agg(distinct f.code, ',' order by f.code)
                 from findings as f
                 where f.order_no = c.order_no and f.marketplace_code = c.marketplace_code), '') as codes,
       c.tax
from clearings as c
where c.order_no > %(after)s
order by c.order_no, c.marketplace_code
limit %(most)s;

-- name: faults_by_order
-- The codes told about papers by themselves, by order number, after a cursor.
select order_no, string_agg(distinct code, ',' order by code) as codes
from paper_faults
where order_no > %(after)s
group by order_no
order by order_no
limit %(most)s;

-- name: find_by_number
-- The lists that carry a number, those first that are sure to be meant: by list number or pre-entry number (rank 0), by order
-- number (1), or by the declarant's own (2).
select order_no, marketplace_code,
       case when %(number)s in (list_no, pre_no) then 0 when order_no = %(number)s then 1 else 2 end as rank
from clearings
where (order_no = %(number)s or list_no = %(number)s or pre_no = %(number)s or cop_no = %(number)s)
  and (%(owner_code)s::text is null
       or %(owner_code)s in (marketplace_code, merchant_code, declarant_code, carrier_code, guarantor_code))
order by rank
limit 2;

-- name: list
-- One list of the docket.
select order_no, marketplace_code, merchant_code, declarant_code, carrier_code, waybill_no, guarantor_code,
       customs_code, supervision_mode, declared_on, cop_no, guid, pre_no, list_no, state, waits_for, message_id,
       position, papers, dutiable_value, duty, consumption_tax, vat, tax, channel, edition, received_at, decided_at
from clearings
where order_no = %(order_no)s and marketplace_code = %(marketplace_code)s;

-- name: findings
-- What is wrong with one list, the weightiest first.
select code, severity, field, line_no, value, compares, other
from findings
where order_no = %(order_no)s and marketplace_code = %(marketplace_code)s
order by ordinal;

-- name: decisions
-- Every ruling on one list, in order.
select decided_at, message_id, state, codes, papers, edition, tax, batch
from decisions
where order_no = %(order_no)s and marketplace_code = %(marketplace_code)s
order by batch;

-- name: assessed_lines
-- Duty and tax of each line of one list.
select line_no, hs_code, dutiable_value, duty, consumption_tax, vat, duty_ppm, vat_ppm, ct_ppm
from assessed_lines
where order_no = %(order_no)s and marketplace_code = %(marketplace_code)s
order by line_no;

-- name: arrivals
-- Every version of the papers of one order, as they were taken.
select 'order' as kind, marketplace_code as issuer_code, order_no as number, marketplace_code, message_id, position, app_type,
       app_time, guid
from orders
where order_no = %(order_no)s
union all
select 'payment', provider_code, payment_no, marketplace_code, message_id, position, app_type, app_time, guid
from payments
where order_no = %(order_no)s
union all
select 'waybill', carrier_code, waybill_no, null, message_id, position, app_type, app_time, guid
from waybills
where order_no = %(order_no)s
union all
select 'list', marketplace_code, order_no, marketplace_code, message_id, position, app_type, app_time, guid
from lists
where order_no = %(order_no)s
order by message_id, position;

-- name: came_in
-- When and how messages came in, and under which signature policy they were read.
select message_id, message_type, received_at, sender_code, name, signature_policy, signature_state, signature_reason,
       signer_code
from messages
where message_id = any(%(message_ids)s)
order by message_id;

-- name: faults
-- What is wrong with the papers of one order by themselves.
select message_id, position, kind, number, code, severity, path, line_no, value, found_at
from paper_faults
where order_no = %(order_no)s
order by message_id, position, ordinal;

-- name: lists
-- Lists of the docket after a cursor (received_at, order_no, marketplace_code), newest first; filters that are null do not count.
select order_no, marketplace_code, merchant_code, declarant_code, supervision_mode, declared_on, cop_no, pre_no,
       list_no, state, waits_for, tax, received_at, decided_at
from clearings
where (%(state)s::text is null or state = %(state)s)
  and (%(owner_code)s::text is null
       or %(owner_code)s in (marketplace_code, merchant_code, declarant_code, carrier_code, guarantor_code))
  and (%(code)s::text is null or exists (
         select from findings as f
         where f.order_no = clearings.order_no and f.marketplace_code = clearings.marketplace_code and f.code = %(code)s))
  and (%(before_at)s::timestamptz is null or (received_at, order_no, marketplace_code) < (%(before_at)s, %(before_order)s, %(before_marketplace)s))
order by received_at desc, order_no desc, marketplace_code desc
limit %(most)s;

-- name: states
-- How many lists stand in each state, and what they wait for.
select state, waits_for, sum(lists)::bigint as lists, sum(tax)::bigint as tax
from (
    select state, waits_for, count(*) as lists, sum(tax) as tax from live_clearings group by state, waits_for
    union all
    select 'released', '', sum(lists), sum(tax) from sealed_totals having sum(lists) > 0
) as counted
group by state, waits_for
order by state, waits_for;

-- name: released_twice
-- How many lists have more than one ruling that releases them; there must be none.
select count(*) as lists
from (select from decisions where state = 'released' group by order_no, marketplace_code having count(*) > 1) as twice;

-- name: finding_counts
-- How many lists each finding is told about.
select code, severity, count(*) as findings, count(distinct (order_no, marketplace_code)) as lists
from findings
group by code, severity
order by code, severity;

-- name: message_counts
-- How many messages and papers of each type came in.
select coalesce(message_type, 'Unknown') as message_type, state, count(*) as messages, coalesce(sum(papers), 0)::bigint as papers
from messages
group by 1, 2
order by 1, 2;
