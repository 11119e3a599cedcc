"""The wheel holds what the product needs: every file of data beside the code that reads it, licence and command."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.checkout import ROOT
from tripoint.messages.ceb.lane import IS_BUILT

NOT_SHIPPED = {".py", ".pyc", ".pyi", ".so", ".pyx", ".pxi", ".c", ".h"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel that was built from a copy of the sources, without any index."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "LICENSE", "NOTICE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
    ]
    built = subprocess.run([*command, str(folder), str(source)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_every_file_of_data_is_in_the_wheel(wheel: set[str]) -> None:
    data = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "tripoint").rglob("*")
        if path.is_file() and path.suffix not in NOT_SHIPPED
    }
    assert sorted(data - wheel) == []


def test_every_module_is_in_the_wheel(wheel: set[str]) -> None:
    modules = {
        path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "tripoint").rglob("*.py")
    }
    assert sorted(modules - wheel) == []


def test_the_wheel_carries_its_licence_and_its_command(wheel: set[str]) -> None:
    names = {Path(name).name for name in wheel if ".dist-info/" in name}
    assert {"LICENSE", "NOTICE", "entry_points.txt"} <= names


@pytest.mark.skipif(not IS_BUILT, reason="no C compiler or no headers of this Python: no fast lane")
def test_what_is_compiled_is_in_the_wheel_where_it_can_be(wheel: set[str]) -> None:
    assert any(name.startswith("tripoint/database/ferry/ferry.") for name in wheel)
    assert any(name.startswith("tripoint/messages/ceb/lane/scanner.") for name in wheel)
    assert any(name.startswith("tripoint/messages/ceb/press/press.") for name in wheel)
