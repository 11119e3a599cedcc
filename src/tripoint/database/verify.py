"""Whether a copy of a server's folder is whole, by the manifest that pg_basebackup wrote: what pg_verifybackup checks.

It is done here because the wheel's pg_verifybackup does not run (18.4: damaged by the packing), and with progress.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from google_crc32c import extend

from tripoint.database.account import environment

MANIFEST = "backup_manifest"
_NOT_IN_IT = frozenset({MANIFEST, "postgresql.auto.conf", "recovery.signal", "standby.signal"})
_CHUNK = 1 << 20


def fault_in(folder: Path, bindir: Path, told: Callable[[int, int], None]) -> str | None:
    """What is wrong with a copy, in a few words; None where every byte is as the server sent it. `told` hears MiB."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        listed = {_path(entry): entry for entry in manifest["Files"]}
        total = sum(entry["Size"] for entry in listed.values())
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{MANIFEST}: {type(error).__name__}"
    there = set(_files(folder))
    if missing := sorted(listed.keys() - there - _NOT_IN_IT):
        return f"{missing[0]} is missing"
    if more := sorted(there - listed.keys() - _NOT_IN_IT):
        return f"{more[0]} does not belong to it"
    done = 0
    for path in sorted(listed.keys() & there):
        try:
            if (folder / path).stat().st_size != listed[path]["Size"]:
                return f"{path} has another size"
            if _sum(folder / path) != listed[path]["Checksum"]:
                return f"{path} has another content"
        except OSError as error:
            return f"{path}: {error.strerror}"
        done += listed[path]["Size"]
        told(done >> 20, total >> 20)
    return next(
        (fault for part in manifest["WAL-Ranges"] if (fault := _fault_in_log(folder, bindir, part))), None
    )


def _path(entry: dict[str, Any]) -> str:
    """A file's path; one that is no UTF-8 stands there in hexadecimal."""
    if "Path" in entry:
        return str(entry["Path"])
    return os.fsdecode(bytes.fromhex(entry["Encoded-Path"]))


def _files(folder: Path) -> Iterator[str]:
    """What lies below a folder, by paths from there; the log is judged by its own records."""
    for base, folders, names in os.walk(folder):
        here = Path(base).relative_to(folder)
        if here == Path():
            folders[:] = [name for name in folders if name != "pg_wal"]
        yield from ((here / name).as_posix() for name in names)


def _sum(path: Path) -> str:
    """The CRC-32C of a file as the manifest writes it: least significant byte first."""
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            value = extend(value, chunk)
    return value.to_bytes(4, "little").hex()


def _fault_in_log(folder: Path, bindir: Path, part: dict[str, Any]) -> str | None:
    said = subprocess.run(
        [
            bindir / "pg_waldump", "--quiet", f"--path={folder / 'pg_wal'}", f"--timeline={part['Timeline']}",
            f"--start={part['Start-LSN']}", f"--end={part['End-LSN']}",
        ],
        capture_output=True, text=True, errors="replace", check=False, cwd="/", env=environment(),
    )  # fmt: skip
    if said.returncode == 0:
        return None
    return f"pg_wal: {(said.stderr or said.stdout).strip()[-200:].removeprefix('pg_waldump: ')}"
