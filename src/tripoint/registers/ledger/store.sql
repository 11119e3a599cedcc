-- name: open_accounts
-- The staged accounts that are not open yet, in order, so that two batches meet in one order.
insert into accounts (account, kind, minimum, opened_at)
select account, kind, minimum, %(opened_at)s
from staged_accounts
order by account collate "C"
on conflict (account) do nothing

-- name: lock_balances
-- The staged accounts that are open, locked one after the other in the order of their names.
select account, balance, minimum
from accounts
where account in (select account from staged_names)
order by account collate "C"
for update

-- name: balances
-- The staged accounts that are open, as they stand.
select account, balance, minimum from accounts where account in (select account from staged_names)

-- name: find_posted
-- The transfers of the ledger that have the name of a staged one.
select t.order_no, t.reference, t.reason, t.debit_account, t.credit_account, t.amount
from staged_transfers as s
join transfers as t on t.order_no = s.order_no and t.reference = s.reference and t.reason = s.reason

-- name: save_transfers
-- The staged transfers that the ledger does not have, in the order of their names.
insert into transfers (
    order_no, debit_account, credit_account, amount, reason, reference, message_id, posted_at)
select order_no, debit_account, credit_account, amount, reason, reference, message_id, %(posted_at)s
from staged_transfers
order by row_no

-- name: change_balances
-- Each staged account changed once.
update accounts as a set balance = a.balance + c.change from staged_changes as c where c.account = a.account

-- name: find_account
-- One account as it stands.
select account, kind, balance, minimum from accounts where account = %(account)s

-- name: list_accounts
-- Accounts after a name that begin with a text.
select account, kind, balance, minimum
from accounts
where account collate "C" > %(after)s and starts_with(account, %(prefix)s)
order by account collate "C"
limit %(limit)s

-- name: statement
-- The transfers of one account before a number, newest first.
select *
from (
    (select transfer_id, posted_at, order_no, -amount as amount, credit_account as other_account,
            reason, reference, message_id
     from transfers
     where debit_account = %(account)s and transfer_id < %(before)s
     order by transfer_id desc
     limit %(limit)s)
    union all
    (select transfer_id, posted_at, order_no, amount, debit_account, reason, reference, message_id
     from transfers
     where credit_account = %(account)s and transfer_id < %(before)s
     order by transfer_id desc
     limit %(limit)s)
) as entries
order by transfer_id desc
limit %(limit)s

-- name: lodged
-- What was deposited to an account under references that begin with a text.
select amount
from transfers
where credit_account = %(account)s and reason = 'deposit' and starts_with(reference, %(prefix)s)

-- name: books
-- Every account's balance, what the transfers add up to for it and how many took from it, all at one moment.
select account, a.balance, e.amount, e.transfers
from accounts as a
full join (
    select account, sum(amount) as amount, sum(given) as transfers
    from (
        select debit_account as account, -amount as amount, 1 as given from transfers
        union all
        select credit_account, amount, 0 from transfers
    ) as sides
    group by account
) as e using (account)
