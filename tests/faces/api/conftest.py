"""One served installation for the tests of a module."""

from __future__ import annotations

import pytest

from tests.faces.api.serving import FIRM, OTHER, client, engine_over, key, serving
from tripoint.database import binaries


@pytest.fixture(scope="session")
def bindir():
    """The wheel's server only: what differs between servers lies below the faces, and is tested there."""
    found = binaries.from_wheel()
    if found is None:
        pytest.skip("the wheel's PostgreSQL is not installed")
    return found.bindir


@pytest.fixture(scope="module")
def engine(new_database, tmp_path_factory):
    """An engine over a database of the module's own."""
    with new_database() as database:
        yield engine_over(database, tmp_path_factory.mktemp("data"), webhook_private=True)


@pytest.fixture(scope="module")
def url(engine):
    """The address of the served installation."""
    with serving(engine) as address:
        yield address


@pytest.fixture(scope="module")
def firm(engine, url):
    """A client with a firm's key."""
    with client(url, key(engine, FIRM)) as http:
        yield http


@pytest.fixture(scope="module")
def other(engine, url):
    """A client with another firm's key."""
    with client(url, key(engine, OTHER)) as http:
        yield http


@pytest.fixture(scope="module")
def operator(engine, url):
    """A client with the operator's key."""
    with client(url, key(engine, None)) as http:
        yield http


@pytest.fixture(scope="module")
def nobody(url):
    """A client without a key."""
    with client(url) as http:
        yield http
