"""An installation for the tests of a module, and the command as a function: words in, exit code and output out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faces.cli.running import ROOT
from tripoint.database import binaries
from tripoint.faces.cli.dispatch import run


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def bindir():
    """The wheel's server only: what differs between servers lies below the faces, and is tested there."""
    found = binaries.from_wheel()
    if found is None:
        pytest.skip("the wheel's PostgreSQL is not installed")
    return found.bindir


@pytest.fixture(scope="module")
def installation(new_database, server, tmp_path_factory) -> dict[str, str]:
    """The environment of an installation with a database of the module's own."""
    with new_database() as database:
        with database.transaction() as tx:
            name = tx.value("select current_database()")
        yield {
            "TRIPOINT_DATABASE_URL": server.conninfo(name),
            "TRIPOINT_DATA_DIR": str(tmp_path_factory.mktemp("home")),
            "LC_ALL": "C.UTF-8",
        }


@pytest.fixture
def tripoint(installation, monkeypatch, capsys) -> Callable[..., Ended]:
    """`tripoint(*words)` in this process."""
    for name, value in installation.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(
        "COLUMNS", raising=False
    )  # pytest's workers are told how wide a terminal is that they do not have
    monkeypatch.chdir(ROOT)

    def call(*words: object) -> Ended:
        capsys.readouterr()
        code = run([str(word) for word in words])
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return call
