-- Rounds of several processes read side by side and decide in the order in which they took their messages.

create sequence rounds;
comment on sequence rounds is 'local. A number for each round, in the order in which rounds took their messages.';
