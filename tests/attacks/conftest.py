"""A scene on a database of its own for each attack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.attacks.scene import Scene
from tripoint.database import Database, binaries


@pytest.fixture(scope="session")
def bindir() -> Path:
    """One server is enough here: attacks are on what is done with papers, not on SQL that servers read differently."""
    found = binaries.from_wheel() or binaries.from_system()
    if found is None:
        pytest.skip("no PostgreSQL of version 15 or later is installed on this machine")
    return found.bindir


@pytest.fixture
def scene(new_database: Callable[..., AbstractContextManager[Database]]) -> Iterator[Scene]:
    """An engine with the common enterprises on file."""
    with new_database() as database:
        yield Scene(database)
