-- name: settled
-- The docket of one list, by order and list number; locked.
select order_no, marketplace_code, merchant_code, declarant_code, guarantor_code, customs_code, supervision_mode,
       list_no, state, dutiable_value, tax, decided_at
from live_clearings
where order_no = %(order_no)s and list_no = %(list_no)s
for update;

-- name: assessed
-- The lines of one released list: goods code, quantity, value and tax, and what earlier returns have brought back.
select a.line_no, a.hs_code, l.quantity, a.dutiable_value as value, a.duty + a.consumption_tax + a.vat as tax,
       coalesce((select sum(r.quantity)
                 from return_lines as r
                 join returns as h on h.order_no = r.order_no and h.message_id = r.message_id and h.position = r.position
                 where r.order_no = a.order_no and r.line_no = a.line_no and h.list_no = c.list_no
                   and h.state <> 'refused'), 0)::bigint as returned
from live_clearings as c
join live_assessed_lines as a on a.order_no = c.order_no and a.marketplace_code = c.marketplace_code
join list_lines as l on l.order_no = c.order_no and l.message_id = c.message_id and l.position = c.position
                    and l.line_no = a.line_no
where c.order_no = %(order_no)s and c.list_no = %(list_no)s
order by a.line_no;

-- name: request_lines
-- The lines of one return request.
select line_no, hs_code, quantity
from return_request_lines
where order_no = %(order_no)s and message_id = %(message_id)s and position = %(position)s
order by line_no;

-- name: add_return
-- Puts a return under review.
insert into returns (order_no, marketplace_code, list_no, declarant_code, cop_no, message_id, position, guid,
                     customs_code, merchant_code, recipient_code, state, applied_on, arrive_by, value, tax, is_last)
values (%(order_no)s, %(marketplace_code)s, %(list_no)s, %(declarant_code)s, %(cop_no)s, %(message_id)s, %(position)s,
        %(guid)s, %(customs_code)s, %(merchant_code)s, %(recipient_code)s, 'review', %(applied_on)s, %(arrive_by)s,
        %(value)s, %(tax)s, %(is_last)s);

-- name: returns
-- Returns of one list, oldest first; locked.
select order_no, marketplace_code, list_no, declarant_code, cop_no, message_id, position, guid, customs_code,
       merchant_code, recipient_code, state, applied_on, arrive_by, arrived_on, value, tax, is_last
from returns
where order_no = %(order_no)s and list_no = %(list_no)s
order by message_id, position
for update;

-- name: find_returns
-- Returns as they came, after a place; for an enterprise only its own.
select message_id, position, order_no, marketplace_code, list_no, declarant_code, cop_no, state, applied_on, arrive_by,
       arrived_on, value, tax
from returns
where (message_id, position) > (%(message_id)s, %(position)s)
  and (%(list_no)s::text is null or list_no = %(list_no)s)
  and (%(state)s::text is null or state = %(state)s)
  and (%(owner_code)s::text is null or %(owner_code)s in (declarant_code, merchant_code, marketplace_code))
order by message_id, position
limit %(most)s;

-- name: decide_return
-- Writes down what became of a return.
update returns
set state = %(state)s, arrived_on = %(arrived_on)s, decided_at = %(at)s
where order_no = %(order_no)s and message_id = %(message_id)s and position = %(position)s;

-- name: cancel_list
-- Takes one list back.
update live_clearings set state = 'cancelled', waits_for = '', decided_at = %(at)s
where order_no = %(order_no)s and marketplace_code = %(marketplace_code)s;

-- name: void_bill
-- Declares the tax bills of one list void.
update live_tax_bills set status = '3' where order_no = %(order_no)s and list_no = %(list_no)s and status = '1'
returning tax_no, duty_payment_no as bill_payment_no;

-- name: add_decision
-- Enters a cancellation or return in the journal of its list.
insert into live_decisions (order_no, marketplace_code, decided_at, message_id, state, codes, papers, edition, tax, batch)
values (%(order_no)s, %(marketplace_code)s, %(at)s, %(message_id)s, %(state)s, '', '', %(edition)s, %(tax)s, %(batch)s);

-- name: uses
-- What one list has taken of its buyer's allowances and not given back; locked.
select person_id, year, allowance, amount - given_back as amount
from live_allowance_uses
where order_no = %(order_no)s and marketplace_code = %(marketplace_code)s and amount > given_back
order by person_id, year, allowance
for update;

-- name: give_back_use
-- Marks what one list gives back of an allowance.
update live_allowance_uses set given_back = given_back + %(amount)s
where order_no = %(order_no)s and marketplace_code = %(marketplace_code)s and allowance = %(allowance)s;

-- name: give_back
-- Gives a person back what was taken of an allowance.
update allowances set used = used - %(amount)s
where person_id = %(person_id)s and year = %(year)s and allowance = %(allowance)s;
