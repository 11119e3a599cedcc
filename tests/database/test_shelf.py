"""A folder of backups: which one is restored, which go, and what is told of those that are not as they should be."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tripoint.database import shelf
from tripoint.database.shelf import Note
from tripoint.kernel.refusals import Conflict

FIRST, SECOND, THIRD = "20261101T000000Z", "20261102T000000Z", "20261103T000000Z"
AHEAD = "20991231T000000Z"


def put(place: Path, *names: str) -> None:
    """Backups of nothing, each ended a minute after it began."""
    (place / shelf.LOCK).touch()
    for name in names:
        ended = datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) + timedelta(minutes=1)
        (place / name).mkdir()
        shelf.write(place / name, note_of(ended))


def note_of(ended: datetime) -> Note:
    return Note(
        format=shelf.FORMAT, kind="physical", tripoint="0", postgresql="18.4", migrations=[], started_at="",
        ended_at=ended.isoformat(), start_lsn="0/1000028", end_lsn="0/1000100", timeline=1, bytes=0, files=0,
        contents_sha256="", settings_sha256=None, newest_message=None, wal_archive=None, wal_series=None,
    )  # fmt: skip


def changed(folder: Path, **said: object) -> None:
    """The note of a backup with other members, rightly written."""
    note = json.loads((folder / shelf.NOTE).read_bytes())
    del note["sum"]
    note |= said
    note["sum"] = hashlib.sha256(json.dumps(note, sort_keys=True).encode()).hexdigest()
    (folder / shelf.NOTE).write_text(json.dumps(note))


def spoil(folder: Path) -> None:
    note = folder / shelf.NOTE
    note.write_text(note.read_text().replace("18.4", "18.5"))


def test_a_damaged_newest_backup_is_not_passed_over_for_an_older_one(tmp_path: Path) -> None:
    put(tmp_path, FIRST, SECOND, THIRD)
    spoil(tmp_path / THIRD)
    with pytest.raises(Conflict, match="BACKUP-DAMAGED") as caught:
        shelf.find(tmp_path, None)
    assert THIRD in caught.value.text.en
    assert shelf.find(tmp_path / SECOND, None).folder.name == SECOND
    before_it = datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert shelf.find(tmp_path, before_it).folder.name == SECOND
    spoil(tmp_path / FIRST)
    assert shelf.find(tmp_path, before_it).folder.name == SECOND, "an older one is not asked for"
    with pytest.raises(Conflict, match="BACKUP-DAMAGED"):
        shelf.find(tmp_path, datetime(2026, 11, 3, 12, tzinfo=UTC))


def test_a_shelf_is_one_databases(tmp_path: Path) -> None:
    put(tmp_path, FIRST, SECOND)
    shelf.refuse_anothers(tmp_path, "1")
    changed(tmp_path / SECOND, cluster="1")
    shelf.refuse_anothers(tmp_path, "1")
    with pytest.raises(Conflict, match="BACKUP-ANOTHERS"):
        shelf.refuse_anothers(tmp_path, "2")


def test_a_note_that_says_more_than_is_known_here_is_read(tmp_path: Path) -> None:
    put(tmp_path, FIRST)
    changed(tmp_path / FIRST, told_by_a_later_version=[1])
    assert shelf.read(tmp_path / FIRST).note.postgresql == "18.4"


def test_a_backup_with_a_name_in_the_future_is_not_taken_for_the_newest(tmp_path: Path) -> None:
    put(tmp_path, AHEAD)
    assert shelf.find(tmp_path, None).folder.name == AHEAD, "there is no other"
    put(tmp_path, FIRST)
    with pytest.raises(Conflict, match="BACKUP-AHEAD"):
        shelf.find(tmp_path, None)
    assert shelf.find(tmp_path / AHEAD, None).folder.name == AHEAD
    assert shelf.find(tmp_path, datetime(2026, 11, 3, tzinfo=UTC)).folder.name == FIRST


@pytest.mark.parametrize(
    ("number", "left"),
    [(1, [SECOND]), (2, [SECOND, AHEAD]), (3, [FIRST, SECOND, AHEAD]), (9, [FIRST, SECOND, AHEAD])],
)
def test_the_backup_just_taken_is_never_removed(tmp_path: Path, number: int, left: list[str]) -> None:
    put(tmp_path, FIRST, SECOND, AHEAD)
    gone = shelf.keep_newest(tmp_path, number, SECOND)
    assert [one.folder.name for one in shelf.backups(tmp_path)] == left
    assert len(gone) == 3 - len(left)


def test_what_is_wrong_with_the_others_is_told_with_a_backup(tmp_path: Path) -> None:
    put(tmp_path, FIRST, SECOND, AHEAD)
    assert not shelf.troubles(tmp_path, AHEAD)
    spoil(tmp_path / FIRST)
    (tmp_path / f"{shelf.UNFINISHED}{THIRD}").mkdir()
    told = shelf.troubles(tmp_path, SECOND)
    assert len(told) == 3
    for name, text in zip((FIRST, AHEAD, THIRD), told, strict=True):
        assert name in text.en
        assert name in text.zh


def test_whatever_lies_under_an_unfinished_name_keeps_nobody_from_a_backup(tmp_path: Path) -> None:
    (tmp_path / f"{shelf.UNFINISHED}file").touch()
    (tmp_path / f"{shelf.UNFINISHED}link").symlink_to(tmp_path / "nowhere")
    (tmp_path / f"{shelf.UNFINISHED}folder" / "postgres").mkdir(parents=True)
    with shelf.held(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [shelf.LOCK]
