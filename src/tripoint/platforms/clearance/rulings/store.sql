-- name: clearings
-- The docket of the staged orders.
select c.order_no, c.marketplace_code, c.state, c.waits_for, c.pre_no, c.list_no, c.message_id, c.position, c.received_at
from touched_orders as k
join live_clearings as c on c.order_no = k.order_no;

-- name: orders
-- Every version of the orders of the staged order numbers.
select p.* from touched_orders as k join orders as p on p.order_no = k.order_no;

-- name: payments
-- Every version of the payments of the staged order numbers.
select p.* from touched_orders as k join payments as p on p.order_no = k.order_no;

-- name: waybills
-- Every version of the waybills of the staged order numbers.
select p.* from touched_orders as k join waybills as p on p.order_no = k.order_no;

-- name: lists
-- Every version of the lists of the staged order numbers.
select p.* from touched_orders as k join lists as p on p.order_no = k.order_no;

-- name: order_lines
-- The lines of every version of the orders of the staged order numbers.
select p.* from touched_orders as k join order_lines as p on p.order_no = k.order_no;

-- name: list_lines
-- The lines of every version of the lists of the staged order numbers.
select p.* from touched_orders as k join list_lines as p on p.order_no = k.order_no;

-- name: elsewhere
-- The orders, and their marketplaces, that the staged payment and waybill numbers stand under.
select v.kind, v.issuer_code, v.number, v.order_no, v.marketplace_code
from missing_papers as k
join paper_versions as v on v.number = k.number and v.kind = k.kind and v.issuer_code = k.issuer_code
where v.state = 'active' and v.order_no <> ''
union all
select k.kind, k.issuer_code, k.number, s.order_no, s.marketplace_code
from missing_papers as k
join sealed_lists as s on s.payment_no = k.number
where k.kind = 'payment' and s.provider_code = k.issuer_code
union all
select k.kind, k.issuer_code, k.number, s.order_no, s.marketplace_code
from missing_papers as k
join sealed_lists as s on s.waybill_no = k.number
where k.kind = 'waybill' and s.carrier_code = k.issuer_code;

-- name: used_allowances
-- What has been used of the staged allowances. Only who holds the lock of the clearance platform changes them.
select a.person_id, a.year, a.allowance, a.used
from drawn_allowances as k
join allowances as a on a.person_id = k.person_id and a.year = k.year and a.allowance = k.allowance;

-- name: take_allowances
-- Adds what the staged lists use.
insert into allowances as a (person_id, year, allowance, used)
select person_id, year, allowance, sum(amount)::bigint from used_allowances group by 1, 2, 3 order by 1, 2, 3
on conflict (person_id, year, allowance) do update set used = a.used + excluded.used;

-- name: save_states
-- Writes down what became of the staged lists; one that came to the same again was decided when it came to that first.
update live_clearings as c
set state = s.state, waits_for = s.waits_for, list_no = s.list_no, papers = s.papers,
    dutiable_value = s.dutiable_value, duty = s.duty, consumption_tax = s.consumption_tax, vat = s.vat, tax = s.tax,
    channel = s.channel, edition = %(edition)s,
    decided_at = case when s.changed or c.decided_at is null then %(at)s else c.decided_at end
from decided_lists as s
where c.order_no = s.order_no and c.marketplace_code = s.marketplace_code;

-- name: clear_findings
-- Removes the findings of the staged lists, which have been judged anew.
delete from findings as f using decided_lists as s
where f.order_no = s.order_no and f.marketplace_code = s.marketplace_code;

-- name: last_found
-- What was found about the lists of the staged orders when they were last judged.
select f.order_no, f.marketplace_code,
       string_agg(concat_ws('|', f.code, f.field, coalesce(f.line_no::text, ''), coalesce(f.value, ''),
                            coalesce(f.other, '')), chr(10) order by f.ordinal) as found
from touched_orders as k
join findings as f on f.order_no = k.order_no
group by f.order_no, f.marketplace_code;

-- name: held_for
-- Lists in a state that have a finding of one of the codes, as they came, after a place; of some guarantors where any are named.
select c.message_id, c.position, c.order_no
from live_clearings as c
where c.state = any(%(states)s) and (c.message_id, c.position) > (%(message_id)s, %(position)s)
  and (%(guarantors)s::text[] is null or c.guarantor_code = any(%(guarantors)s))
  and exists (select from findings as f
              where f.order_no = c.order_no and f.marketplace_code = c.marketplace_code and f.code = any(%(codes)s))
order by c.message_id, c.position
limit %(most)s;

-- name: add_used
-- Counts what persons had used before they came here, each statement of it once; another statement takes the place of the one
-- before. How many counted.
with known as (
    select u.person_id, u.year, u.allowance, u.amount
    from stated_uses as s
    join live_allowance_uses as u
      on u.order_no = 'opening/' || s.person_id || '/' || s.year and u.marketplace_code = '' and u.allowance = s.allowance
), stated as (
    insert into live_allowance_uses as u (order_no, marketplace_code, person_id, year, allowance, amount)
    select 'opening/' || person_id || '/' || year, '', person_id, year, allowance, amount
    from stated_uses
    order by person_id, year, allowance
    on conflict (order_no, marketplace_code, allowance) do update set amount = excluded.amount where u.amount <> excluded.amount
    returning person_id, year, allowance, amount
), corrected as (
    update allowances as a
    set used = a.used + s.amount - k.amount
    from stated as s
    join known as k using (person_id, year, allowance)
    where a.person_id = s.person_id and a.year = s.year and a.allowance = s.allowance
), added as (
    insert into allowances as a (person_id, year, allowance, used)
    select s.person_id, s.year, s.allowance, s.amount
    from stated as s
    left join known as k using (person_id, year, allowance)
    where k.amount is null
    order by s.person_id, s.year, s.allowance
    on conflict (person_id, year, allowance) do update set used = a.used + excluded.used
)
select count(*) as counted from stated;

-- name: await_papers
-- Notes for which papers the staged orders' lists wait.
insert into awaited_papers (kind, issuer_code, number, order_no)
select kind, issuer_code, number, order_no from awaited order by number, kind, issuer_code, order_no
on conflict do nothing;
