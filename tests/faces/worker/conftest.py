"""An installation of each test's own: deliveries are committed, and some tests kill processes."""

from __future__ import annotations

import pytest

from tripoint.database import binaries


@pytest.fixture(scope="session")
def bindir():
    """The wheel's server only: what differs between servers lies below the faces, and is tested there."""
    found = binaries.from_wheel()
    if found is None:
        pytest.skip("the wheel's PostgreSQL is not installed")
    return found.bindir
