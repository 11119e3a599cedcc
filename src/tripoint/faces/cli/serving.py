"""Handing the process over to the server or to a worker, which are faces of their own."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from tripoint.faces.cli.opening import Place, settings


def environment(place: Place | None) -> dict[str, str]:
    """The environment of another face: the data folder is the one named here."""
    return os.environ | {"TRIPOINT_DATA_DIR": str(settings(place).data_dir)}


def become(module: str, words: list[str], place: Place | None) -> NoReturn:
    """Be another face from here on: its signals and its exit code are ours."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", module, *words], environment(place))
