-- What came in and what went out: the raw bytes of every message, and the answers made from its papers.

create table messages (
    message_id        bigint generated always as identity primary key,
    digest            bytea       not null,
    sender_code       text        not null,
    channel           text        not null check (channel in ('api', 'folder', 'cli', 'console')),
    name              text        not null default '',
    received_at       timestamptz not null,
    raw               bytea       not null,
    state             text        not null default 'received' check (state in ('received', 'read', 'unreadable')),
    message_type      text,
    message_guid      text,
    envelope_no       text,
    cop_code          text,
    dxp_id            text,
    papers            integer,
    signature_policy  text,
    signature_state   text,
    signature_reason  text,
    signer_code       text,
    refusal_code      text,
    refusal_text      text,
    worked_at         timestamptz,
    unique (sender_code, digest)
);
create index messages_waiting on messages (message_id) where state = 'received';
create index messages_by_sender on messages (sender_code, message_id);
comment on table messages is 'local. Every message as it came, what was made of it, and the signature policy it was read under.';
comment on column messages.sender_code is 'The enterprise that handed the message in; empty for the operator of this computer.';

create table outbox (
    outbox_id       bigint      primary key,
    recipient_code  text        not null,
    message_type    text        not null,
    message_guid    text        not null,
    answers         bigint      references messages (message_id),
    created_at      timestamptz not null,
    receipts        integer     not null,
    body            bytea
);
create index outbox_by_recipient on outbox (recipient_code, outbox_id);
comment on table outbox is 'local. Every message that goes out; its body is written from the receipts when it is first asked for, and then kept. Its numbers rise in the order of commit.';
comment on column outbox.answers is 'The message whose papers it answers; null where several are answered together.';
