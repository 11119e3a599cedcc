"""Backing up and restoring as an operator does: words in, exit codes and sentences out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_server
from tests.faces.cli.conftest import Ended
from tripoint.database import Supervisor, archive
from tripoint.faces.cli import exits

Tripoint = Callable[..., Ended]


@pytest.fixture
def embedded(
    tripoint: Tripoint, bindir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tripoint]:
    """The command where the database is the embedded one; servers in `data` and `new` are removed at the end."""
    monkeypatch.delenv("TRIPOINT_DATABASE_URL")
    monkeypatch.setenv("TRIPOINT_PG_BINDIR", str(bindir))
    yield tripoint
    for name in ("data", "new"):
        if (tmp_path / name).exists():
            remove_server(Supervisor(tmp_path / name, restoring=True))


def test_a_backup_comes_back_in_a_new_folder_and_says_what_there_is(
    embedded: Tripoint, tmp_path: Path
) -> None:
    data, kept, new = tmp_path / "data", tmp_path / "kept", tmp_path / "new"
    assert embedded("backup", "--to", kept, "--data", data).code == 4
    cleared = embedded("clear", "examples/papers", "--data", data, "--signatures", "ignore", "--json")
    assert cleared.code in (exits.OK, exits.FOUND), cleared.err
    (data / "tripoint.toml").write_text("signatures = 'ignore'\n")
    taken = embedded("backup", "--to", kept, "--data", data, "--keep", 1, "--json")
    assert taken.code == exits.OK, taken.err
    assert taken.json["note"]["newest_message"]["message_id"] >= 1
    assert Path(taken.json["folder"]).parent == kept
    asked = embedded("lists", "--data", data, "--json").json
    back = embedded("restore", "--from", kept, "--data", new, "--lang", "zh")
    assert back.code == exits.OK, back.err
    for said in ("已恢复到", "报文 已处理", "担保账目", "正确"):
        assert said in back.out
    assert embedded("lists", "--data", new, "--json").json == asked
    assert (new / "tripoint.toml").stat().st_mode & 0o077 == 0
    again = embedded("restore", "--from", kept, "--data", new)
    assert again.code == 5
    assert "RESTORE-TARGET" in again.err
    assert f"restoring {taken.json['folder']}" in back.err.replace("恢复", "restoring")
    assert "restoring" not in again.err


def test_what_is_wrong_beside_a_backup_or_a_stop_is_told_and_ends_with_one(
    embedded: Tripoint, tmp_path: Path
) -> None:
    data, kept = tmp_path / "data", tmp_path / "kept"
    assert embedded("db", "start", "--data", data).code == exits.OK
    taken = embedded("backup", "--to", kept, "--data", data, "--json")
    assert taken.code == exits.OK, taken.err
    assert taken.json["faults"] == []
    Path(taken.json["folder"]).rename(kept / "20991231T000000Z")
    taken = embedded("backup", "--to", kept, "--data", data, "--lang", "zh")
    assert taken.code == exits.FOUND
    assert "备份完成并已校验" in taken.out
    assert "20991231T000000Z" in taken.err
    ahead = embedded("restore", "--from", kept, "--data", tmp_path / "new")
    assert ahead.code == 5
    assert "BACKUP-AHEAD" in ahead.err
    stopped = embedded("db", "stop", "--data", data, "--json")
    assert stopped.code == exits.OK
    assert stopped.json == {"stopped": True, "segments_waiting": 0}
    server = (data / "postgres").resolve()
    (server / archive.SERIES).write_text(f"a\n{tmp_path}\n")
    (server / "pg_wal" / "archive_status" / "000000010000000000000001.ready").touch()
    stopped = embedded("db", "stop", "--data", data, "--lang", "en")
    assert stopped.code == exits.FOUND
    assert "1 segments of the log are not archived" in stopped.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("restore", "--from", ".", "--at", "2026-11-22T03:00:00"), 2, "RESTORE-AT"),
        (("restore", "--from", ".", "--at", "yesterday"), 2, "RESTORE-AT"),
        (("restore", "--from", ".", "--at", "2026-11-22T03:00:00+08:00", "--no-archive"), 2, "--no-archive"),
        (("restore", "--from", "."), 5, "RESTORE-ELSEWHERE"),
        (("backup", "--to", "kept", "--keep", "0"), 2, "KEEP"),
        (("backup", "--to", "kept", "--rate", "0"), 2, "RATE"),
        (("backup", "--to", "kept", "--rate", "1025"), 2, "RATE"),
        (("backup", "--to", "kept"), 5, "BACKUP-ELSEWHERE"),
    ],
)
def test_slips_are_told_in_a_sentence(
    tripoint: Tripoint, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = tripoint(*words)
    assert ended.code == code
    assert said in ended.err
