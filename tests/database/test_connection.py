"""How long a connection waits for a server that no longer answers, unless its address says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tripoint.database import Database, DatabaseSettings
from tripoint.database.connection import LIMITS, limited
from tripoint.kernel.refusals import Malformed


def test_a_server_that_no_longer_answers_is_given_up_unless_its_address_says_otherwise(
    fresh_database: Database,
) -> None:
    url = f"{fresh_database._pool.conninfo} tcp_user_timeout=7000 connect_timeout=3"
    other = Database.open(DatabaseSettings(data_dir=Path("/nonexistent"), url=url), connections=1)
    try:
        with fresh_database._pool.connection() as ours, other._pool.connection() as its:
            assert LIMITS.items() <= ours.info.get_parameters().items()
            said = {"tcp_user_timeout": "7000", "connect_timeout": "3"}
            assert {**LIMITS, **said}.items() <= its.info.get_parameters().items()
    finally:
        other.close()


def test_an_address_keeps_what_it_says() -> None:
    url = "postgresql://me:a%20word@one:1,two:2/name?keepalives=0&target_session_attrs=read-write"
    told = dict(word.split("=", 1) for word in limited(url).replace("'a word'", "a_word").split())
    kept = {"user": "me", "password": "a_word", "host": "one,two", "port": "1,2", "dbname": "name"}
    assert told == {**LIMITS, **kept, "keepalives": "0", "target_session_attrs": "read-write"}


def test_an_address_that_is_none_is_refused_without_being_quoted() -> None:
    with pytest.raises(Malformed, match="DATABASE-URL") as caught:
        Database.open(DatabaseSettings(data_dir=Path("/nonexistent"), url="postgresql://me:secret@[::1/name"))
    assert "secret" not in str(caught.value)
