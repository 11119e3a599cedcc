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
