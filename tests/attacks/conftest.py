"""A scene on a database of its own for each attack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.attacks.scene import Scene
from tripoint.database import Database


@pytest.fixture
def scene(new_database: Callable[..., AbstractContextManager[Database]]) -> Iterator[Scene]:
    """An engine with the common enterprises on file."""
    with new_database() as database:
        yield Scene(database)
