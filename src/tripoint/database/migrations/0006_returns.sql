-- Returns of released lists: what was asked to come back, whether it did in time, and what was given back for it.

create table returns (
    order_no          text        not null,
    marketplace_code  text        not null,
    list_no           text        not null,
    declarant_code    text        not null,
    cop_no            text        not null,
    message_id        bigint      not null,
    position          integer     not null,
    guid              text        not null,
    customs_code      text,
    merchant_code     text,
    recipient_code    text        not null,
    state             text        not null check (state in ('review', 'accepted', 'refused')),
    applied_on        date        not null,
    arrive_by         date        not null,
    arrived_on        date,
    value             bigint      not null check (value >= 0),
    tax               bigint      not null check (tax >= 0),
    is_last           boolean     not null,
    decided_at        timestamptz,
    primary key (order_no, message_id, position)
);
comment on table returns is 'distributed by order_no. Return requests (625) that were in order: under review until the goods are back.';

create table return_lines (
    order_no    text    not null,
    message_id  bigint  not null,
    position    integer not null,
    line_no     integer not null,
    quantity    bigint  not null check (quantity > 0),
    value       bigint  not null,
    tax         bigint  not null,
    primary key (order_no, message_id, position, line_no)
);
comment on table return_lines is 'distributed by order_no. What each return brings back of each line, and the value and tax that goes with it.';
