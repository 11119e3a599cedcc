"""A console over an installation that has cleared made-up trades, one of them hostile."""

from __future__ import annotations

import re

import pytest

from tests.faces.api.serving import client, engine_over, key, rehearsed, serving
from tripoint.database import binaries

HOSTILE = """<img src=x onerror=alert(1)>"'&{{7*7}}"""


@pytest.fixture(scope="session")
def bindir():
    """The wheel's server only: what differs between servers lies below the faces, and is tested there."""
    found = binaries.from_wheel()
    if found is None:
        pytest.skip("the wheel's PostgreSQL is not installed")
    return found.bindir


@pytest.fixture(scope="module")
def engine(new_database, tmp_path_factory):
    """An engine that has cleared sixty made-up trades; one order is numbered by somebody who means ill."""
    with new_database() as database:
        made = engine_over(database, tmp_path_factory.mktemp("console"))
        for raw in rehearsed(made, tmp_path_factory.mktemp("rehearsal"), trades=60, anomalies=0.3):
            made.admit(raw)
        made.work_all()
        made.admit(b"<not-a-message")
        made.work_all()
        with made.transaction() as tx:
            number = tx.value("select min(order_no) from sealed_lists")
            tx.run(
                "update sealed_lists set order_no = %(new)s, waybill_no = %(new)s where order_no = %(old)s",
                new=HOSTILE,
                old=number,
            )
            other = tx.value("select min(order_no) from findings")
            tx.run(
                "update findings set value = %(new)s, other = %(new)s where order_no = %(old)s",
                new=HOSTILE,
                old=other,
            )
        yield made


@pytest.fixture(scope="module")
def url(engine):
    """The address of the served console."""
    with serving(engine) as address:
        yield address


@pytest.fixture(scope="module")
def reader(engine, url):
    """A client that has logged in, and reads Chinese."""
    with client(url, **{"Accept-Language": "zh"}) as http:
        answer = http.post("/login", data={"key": key(engine, None)})
        assert answer.status_code == 200
        yield http


def links(page: str) -> list[str]:
    """Where a page leads to, within the console."""
    return [link.replace("&amp;", "&").replace("&#34;", '"') for link in re.findall(r'href="(/[^"]*)"', page)]
