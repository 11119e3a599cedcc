"""A process begins again with what its allocators are to be told, once, as the same process, with the same words."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tripoint.registers.processes.allocating import SETTINGS, round_bytes

PROGRAM = """
import json, os, sys
from tripoint.registers.processes.allocating import settle
print(json.dumps([os.getpid(), sys.argv[1:], dict(os.environ)]), flush=True)
settle()
"""


def runs(**more: str) -> list[tuple[int, list[str], dict[str, str]]]:
    """How often the program began, and as what."""
    bare = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    command = [sys.executable, "-c", PROGRAM, "one", "two words"]
    done = subprocess.run(command, env=bare | more, capture_output=True, check=True, timeout=60)
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_a_process_begins_again_once_with_the_settings_and_its_words() -> None:
    first, second = runs()
    assert first[:2] == second[:2]
    assert second[1] == ["one", "two words"]
    assert not SETTINGS.keys() & first[2].keys()
    assert second[2].items() >= SETTINGS.items()


def test_what_the_operator_says_stands() -> None:
    *_, last = runs(POLARS_MAX_THREADS="4")
    assert last[2]["POLARS_MAX_THREADS"] == "4"


def test_a_process_that_has_the_settings_goes_on() -> None:
    assert len(runs(**SETTINGS)) == 1


@pytest.mark.parametrize(("gib", "mib"), [(1, 32), (8, 64), (24, 192), (512, 192)])
def test_a_round_is_as_large_as_the_memory_allows(gib: int, mib: int) -> None:
    assert round_bytes(gib * 1024**3) == mib * 1024**2
