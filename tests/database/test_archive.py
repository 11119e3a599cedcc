"""A series of archived segments: what is kept of it and for whom, where it goes on, and when it counts as failing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tripoint.database import archive
from tripoint.database.account import Account
from tripoint.database.archive import Archiving, Series
from tripoint.kernel.refusals import Conflict, Unknown

OURSELVES = Account(os.geteuid(), os.getegid(), False)


def segment(number: int) -> str:
    return f"{1:08X}{0:08X}{number:08X}"


def mark(number: int) -> str:
    """The server's note of a backup that began in a segment."""
    return archive.mark_of(1, f"0/{number:02X}000028")


def write_mark(folder: Path, began: int, ended: int) -> None:
    (folder / mark(began)).write_text(
        f"START WAL LOCATION: 0/{began:X}000028 (file {segment(began)})\n"
        f"STOP WAL LOCATION: 0/{ended:X}000100 (file {segment(ended)})\n"
    )


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """Segments 3 to 9, and the marks of backups that began in 4, 6 and 8 and ended there."""
    made = Series("one", tmp_path)
    made.folder.mkdir()
    for name in map(segment, range(3, 10)):
        (made.folder / name).touch()
    for number in (4, 6, 8):
        write_mark(made.folder, number, number)
    return made


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The folder of the server's log."""
    folder = tmp_path / "pg_wal"
    folder.mkdir()
    return folder


def test_a_mark_is_named_as_the_server_names_it() -> None:
    assert archive.mark_of(1, "2/5A0000D8") == "00000001000000020000005A.000000D8.backup"


def test_segments_are_kept_for_backups_elsewhere(series: Series, log: Path) -> None:
    pruned, kept_for = archive.prune(series, log, kept={mark(8)}, removed={mark(6)})
    assert kept_for == [series.folder / mark(4)]
    assert pruned == 1
    assert series.segments()[0] == segment(4)
    assert not (series.folder / mark(6)).exists()
    (series.folder / mark(4)).unlink()
    assert archive.prune(series, log, kept={mark(8)}, removed=[]) == (4, [])
    assert series.segments()[0] == segment(8)


def test_a_backup_elsewhere_counts_before_its_mark_is_archived(series: Series, log: Path) -> None:
    (series.folder / mark(4)).rename(log / mark(4))
    archive.prune(series, log, kept={mark(8)}, removed={mark(6)})
    assert series.segments()[0] == segment(4)


def test_a_backup_elsewhere_that_began_before_what_is_left_is_kept_for_from_its_end(
    series: Series, log: Path
) -> None:
    write_mark(series.folder, 1, 5)
    assert archive.prune(series, log, kept={mark(8)}, removed={mark(4), mark(6)}) == (
        2,
        [series.folder / mark(1)],
    )
    assert series.segments()[0] == segment(5)


def test_a_mark_whose_segment_is_gone_keeps_nothing(series: Series, log: Path) -> None:
    write_mark(series.folder, 1, 2)
    assert archive.prune(series, log, kept={mark(8)}, removed={mark(4), mark(6)}) == (5, [])
    with pytest.raises(Unknown, match="WAL-ARCHIVE"):
        archive.prune(Series("none", log), log, kept={mark(8)}, removed=[])


def test_a_series_goes_on_where_its_archive_was_moved_and_begins_nowhere_else_by_itself(
    tmp_path: Path,
) -> None:
    server, old, new, other = (tmp_path / name for name in ("server", "old", "new", "other"))
    server.mkdir()
    archive.configure(server, old, OURSELVES)
    begun = archive.series_of(server)
    assert begun is not None
    other.symlink_to(old)
    archive.configure(server, other, OURSELVES)
    assert archive.series_of(server) == Series(begun.name, other)
    with pytest.raises(Conflict, match="WAL-ARCHIVE-MOVED") as caught:
        archive.configure(server, new, OURSELVES)
    for named in (str(other / begun.name), str(new), str(server / archive.SERIES)):
        assert named in caught.value.text.en
        assert named in caught.value.text.zh
    assert archive.series_of(server) == Series(begun.name, other)
    old.rename(new)
    archive.configure(server, new, OURSELVES)
    assert archive.series_of(server) == Series(begun.name, new)
    (server / archive.SERIES).unlink()
    archive.configure(server, old, OURSELVES)
    assert archive.series_of(server) not in (None, begun)


def test_what_waits_for_long_has_failed_though_nothing_said_so() -> None:
    standing = Archiving(
        is_on=True, archived=1, last_archived_wal=None, last_archived_at=None, failed=0, last_failed_wal=None,
        last_failed_at=None, waiting=1, waiting_seconds=archive.LATE_SECONDS,
    )  # fmt: skip
    assert not standing.is_failing
    late = Archiving(
        is_on=True, archived=1, last_archived_wal=None, last_archived_at=None, failed=0, last_failed_wal=None,
        last_failed_at=None, waiting=1, waiting_seconds=archive.LATE_SECONDS + 1,
    )  # fmt: skip
    assert late.is_failing
