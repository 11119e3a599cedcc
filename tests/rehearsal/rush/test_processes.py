"""CPU and memory of processes: our own burning is counted, children that have ended are not lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tripoint.rehearsal.rush.processes import Watch, children, memory, role, used

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"


def test_a_process_is_charged_what_it_burns():
    child = subprocess.Popen(
        [sys.executable, "-c", BURN.format(seconds=0.5) + "input()"], stdin=subprocess.PIPE
    )
    watch = Watch({"burner": child.pid}, None, dict)
    watch.begin()
    deadline = time.monotonic() + 60
    while (used(child.pid) or pytest.fail("it has gone")).own < 0.5 and time.monotonic() < deadline:
        time.sleep(0.05)
    spent = watch.end()
    child.communicate(b"\n")
    assert 0.2 < spent["burner"] < 2


def test_a_child_that_has_ended_is_charged_to_its_parent():
    script = (
        "import subprocess, sys\ninput()\n"
        f"subprocess.run([sys.executable, '-c', {BURN.format(seconds=0.4)!r}])\nprint('done', flush=True)\ninput()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    watch = Watch({"parent": parent.pid}, None, dict)
    watch.begin()
    parent.stdin.write("\n")
    parent.stdin.flush()
    assert parent.stdout.readline() == "done\n"
    spent = watch.end()
    parent.communicate("\n")
    assert 0.35 < spent["parent"] < 2


def test_memory_and_children_of_ourselves():
    assert memory(os.getpid()) > 5_000_000
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.pid in children(os.getpid())
    child.communicate(b"\n")


def test_names_postgres_by_its_title(tmp_path):
    for pid, title in ((1, b"postgres: walwriter \0"), (2, b"postgres: tripoint tripoint [local] idle\0")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cmdline").write_bytes(title)
    assert role(1, {}, tmp_path) == "WAL writer"
    assert role(2, {2: "worker 1"}, tmp_path) == "backends of worker 1"
    assert role(2, {}, tmp_path) == "backends of others"
