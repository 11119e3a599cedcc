"""Backups taken while the system works, brought back elsewhere: whole, or up to a moment, or refused; on both servers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cases.running import Case, Court, Send, filings, make, written
from tests.conftest import BASE, remove_server
from tests.house.checkout import ROOT
from tests.platforms.clearance.state import hold_true
from tripoint import app
from tripoint.app import Engine
from tripoint.database import Database, DatabaseSettings, Supervisor, archive, shelf
from tripoint.database.backup import Taken
from tripoint.database.restore import Restored
from tripoint.faces.api import metrics
from tripoint.faces.api.watch import Watch
from tripoint.kernel.refusals import Busy, Conflict, Forbidden, Malformed, Unknown
from tripoint.platforms.clearance.records import SignaturePolicy
from tripoint.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DAY = date(2024, 6, 1)
ARCHIVE = '存 档\'s "WAL" $HOME'
"""A name that a careless shell would take apart."""


def quiet(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def cases(number: int) -> list[Case]:
    """Trades of many outcomes."""
    kinds: list[dict[str, Any]] = [
        {},
        {"payment": {"amount": "99.00"}},
        {"goods": [{"hs_code": "9999000001"}]},
        {"missing": ["waybill"]},
    ]
    return [make(str(at), {"day": DAY, "given": kinds[at % 4]}, 10 * (at + 1)) for at in range(number)]


def place_of(lsn: str) -> int:
    """A place of the log as a number."""
    high, _, low = lsn.partition("/")
    return int(high, 16) << 32 | int(low, 16)


class Traffic:
    """Messages that are admitted and worked on one after another, with what was acknowledged and where the log then stood."""

    def __init__(self, engine: Engine, messages: list[bytes]) -> None:
        self.engine = engine
        self.messages = messages
        self.acknowledged: list[tuple[int, int]] = []
        self.fault: BaseException | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def send(self, number: int) -> None:
        """Hand some messages in; after every third, work a round."""
        for _ in range(number):
            raw = self.messages[len(self.acknowledged)]
            message_id = self.engine.admit(raw).message_id
            with self.engine.transaction() as tx:
                lsn = tx.value("select pg_current_wal_flush_lsn()::text")
            self.acknowledged.append((message_id, place_of(lsn)))
            if len(self.acknowledged) % 3 == 0:
                self.engine.work(4)

    def __enter__(self) -> Traffic:
        def run() -> None:
            try:
                while not self._stop.wait(0.005) and len(self.acknowledged) < len(self.messages) - 40:
                    self.send(1)
            except BaseException as fault:
                self.fault = fault

        self._thread = threading.Thread(target=run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        self._stop.set()
        self._thread.join()
        assert self.fault is None, self.fault


@dataclass
class Scene:
    """What one installation went through: a backup amid traffic, a moment, more traffic, and its end."""

    home: Path
    bindir: Path
    data: Path
    shelf: Path
    archive: Path
    backup: shelf.Backup
    acknowledged: list[tuple[int, int]]
    moment: datetime
    before: int
    last: datetime

    def restore(self, name: str, **more: Any) -> tuple[Restored, Path]:
        """Restore the backup into a new folder."""
        options = {"archived_in": None, "with_archive": True, "at": None, "told": lambda _: quiet} | more
        return app.restore(self.backup, self.home / name, **options), self.home / name


def opened(data: Path, bindir: Path, wal_archive: Path | None = None) -> Database:
    """An installation's database."""
    return Database.open(
        DatabaseSettings(data_dir=data, bindir=bindir, wal_archive=wal_archive), connections=4
    )


def backed_up_amid(traffic: Traffic, place: Path) -> Taken:
    """A backup, slow enough for messages to be acknowledged during it, which come from when its copying begins."""
    with ExitStack() as coming:
        began = False

        def told(done: int, total: int) -> None:
            nonlocal began
            if not began:
                coming.enter_context(traffic)
            began = True

        return traffic.engine.back_up(place, keep=2, told=told, rate=8)


def acknowledged_during(backup: shelf.Backup, acknowledged: list[tuple[int, int]]) -> set[int]:
    """The messages acknowledged at places of the log that lie within a backup."""
    begin, end = place_of(backup.note.start_lsn), place_of(backup.note.end_lsn)
    return {number for number, lsn in acknowledged if begin < lsn <= end}


def now_of(engine: Engine) -> datetime:
    """The server's clock."""
    with engine.transaction() as tx:
        return tx.value("select clock_timestamp()")  # type: ignore[no-any-return]


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def archiving_of(engine: Engine) -> archive.Archiving:
    """How archiving stands."""
    with engine.transaction() as tx:
        standing = engine.archiving(tx)
    assert standing is not None
    return standing


def close_segment(engine: Engine) -> None:
    """End the segment of the log being written and wait until it is archived."""
    with engine.transaction() as tx:
        tx.value("select pg_logical_emit_message(true, 'test', 'so that there is something to end')")
    with engine.transaction() as tx:
        name = tx.value("select pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: (archiving_of(engine).last_archived_wal or "") >= name)


def new_home() -> Path:
    """A folder that the server's user can reach; pytest's own are closed to it."""
    home = Path(tempfile.mkdtemp(prefix="backup-", dir=os.environ[BASE]))
    home.chmod(0o755)
    return home


@pytest.fixture
def home() -> Iterator[Path]:
    """Such a folder for a test with servers of its own, which are stopped when it ends."""
    made = new_home()
    yield made
    clear_away(made)


def clear_away(home: Path) -> None:
    for one in home.iterdir():
        if (one / "postgres.lock").exists():
            remove_server(Supervisor(one, restoring=True))
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def scene(bindir: Path) -> Iterator[Scene]:
    """A backup in the middle of traffic, a noted moment, and traffic after it; then the installation is stopped."""
    home = new_home()
    data, place, kept = home / "data", home / "backups", home / ARCHIVE
    kept.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIPOINT_PG_BINDIR", str(bindir))
        patch.delenv("TRIPOINT_DATABASE_URL", raising=False)
        patch.delenv("TRIPOINT_WAL_ARCHIVE", raising=False)
        database = opened(data, bindir, kept)
        app.migrate(database)
        court = Court(database)
        engine = court.engine
        engine.settings = replace(engine.settings, data_dir=data, wal_archive=kept)
        (data / "tripoint.toml").write_text(f"signatures = 'ignore'\nwal_archive = '''{kept}'''\n")
        all_cases = cases(60)
        engine.load_filings(filings(all_cases))
        papers = [act for case in all_cases for act in case.rounds[0] if isinstance(act, Send)]
        traffic = Traffic(engine, [written([paper], at) for at, paper in enumerate(papers)])
        traffic.send(10)
        taken = backed_up_amid(traffic, place)
        traffic.send(10)
        before = len(traffic.acknowledged)
        moment = now_of(engine)
        time.sleep(0.05)
        traffic.send(5)
        close_segment(engine)
        traffic.send(5)
        close_segment(engine)
        traffic.send(1)  # The server archives this when it is stopped politely.
        database.close(stop_server=True)
        last = datetime.now(UTC)
        yield Scene(home, bindir, data, place, kept, taken.backup, traffic.acknowledged, moment, before, last)
    clear_away(home)


@pytest.fixture
def target(scene: Scene) -> Iterator[Path]:
    """A new folder to restore to, removed when the test ends."""
    yield scene.home / "target"
    if (scene.home / "target").exists():
        remove_server(Supervisor(scene.home / "target", restoring=True))


def numbers_in(database: Database) -> set[int]:
    with database.transaction() as tx:
        return {row["message_id"] for row in tx.rows("select message_id from messages")}


def holds_true(data: Path, bindir: Path) -> set[int]:
    """The messages of a restored installation, whose books are right before and after what waits was worked on."""
    database = opened(data, bindir)
    try:
        engine = Engine(Settings(signatures=SignaturePolicy.IGNORE), database)
        hold_true(engine)
        assert engine.standing().holds_true
        engine.work_all()
        hold_true(engine)
        return numbers_in(database)
    finally:
        database.close(stop_server=True)


def test_the_backup_alone_holds_every_message_acknowledged_before_its_end(scene: Scene, target: Path) -> None:
    restored, data = scene.restore(target.name, with_archive=False)
    assert restored.segments_replayed == 0
    end = place_of(scene.backup.note.end_lsn)
    promised = {number for number, lsn in scene.acknowledged if lsn <= end}
    assert acknowledged_during(scene.backup, scene.acknowledged)
    kept = holds_true(data, scene.bindir)
    assert promised <= kept
    assert max(scene.acknowledged)[0] not in kept


def test_with_the_archive_everything_acknowledged_before_its_end_is_there(scene: Scene, target: Path) -> None:
    restored, data = scene.restore(target.name)
    assert restored.segments_replayed >= 1
    assert {number for number, _ in scene.acknowledged} <= holds_true(data, scene.bindir)


def test_a_moment_has_what_was_acknowledged_before_it_and_nothing_after(scene: Scene, target: Path) -> None:
    restored, data = scene.restore(target.name, at=scene.moment)
    assert restored.last_commit_at is not None
    assert restored.last_commit_at <= scene.moment
    assert holds_true(data, scene.bindir) == {number for number, _ in scene.acknowledged[: scene.before]}


def test_the_restored_one_archives_in_a_series_of_its_own_and_gives_no_number_twice(
    scene: Scene, target: Path
) -> None:
    _, data = scene.restore(target.name, at=scene.moment)
    kept = archive.Series(scene.backup.note.wal_series or "", scene.archive).segments()
    settings = Settings.load({"TRIPOINT_DATA_DIR": str(data), "TRIPOINT_PG_BINDIR": str(scene.bindir)})
    assert settings.wal_archive == scene.archive
    with Engine.open(settings) as engine:
        close_segment(engine)
        assert archive.archiving is not None
        series = archive.series_of(data / "postgres")
        assert series is not None
        assert series.name != scene.backup.note.wal_series
        assert series.segments()
        case = make("after", {"day": DAY, "given": {}}, 90_000)
        engine.load_filings(filings([case]))
        for at, act in enumerate(case.rounds[0]):
            assert isinstance(act, Send)
            number = engine.admit(written([act], 90_000 + at)).message_id
            assert number > max(scene.acknowledged)[0] + 1_000_000
        engine.work_all()
        with engine.transaction() as tx:
            row = tx.one(
                "select list_no, pre_no from clearings where order_no = %(no)s",
                no=case.trades[0].heads["order"]["order_no"],
            )
            outgoing = tx.value("select max(outbox_id) from outbox")
        assert row is not None
        assert int(row["list_no"][9:]) > app.NUMBERS_PASSED_OVER
        assert int(row["pre_no"][9:]) > app.NUMBERS_PASSED_OVER
        assert outgoing > app.NUMBERS_PASSED_OVER
    assert archive.Series(scene.backup.note.wal_series or "", scene.archive).segments() == kept


def copied(scene: Scene, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scene.backup.folder, tmp_path / scene.backup.folder.name))


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "what", ["largest", "wal", "backup_manifest", "tripoint.toml", "tripoint-backup.json", "gone"]
)
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    scene: Scene, tmp_path: Path, target: Path, what: str
) -> None:
    folder = copied(scene, tmp_path)
    server = folder / "postgres"
    largest = max((server / "base").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    if what == "gone":
        largest.unlink()
    else:
        flip(
            {
                "largest": largest,
                "wal": next(path for path in (server / "pg_wal").iterdir() if len(path.name) == 24),
                "backup_manifest": server / "backup_manifest",
            }.get(what, folder / what)
        )
    if what == "wal":  # What follows the last record is not looked at, so the first page of all is hit.
        wal = min(path for path in (server / "pg_wal").iterdir() if len(path.name) == 24)
        raw = bytearray(wal.read_bytes())
        raw[0x30] ^= 1
        wal.write_bytes(raw)
    with pytest.raises(Conflict, match="BACKUP-DAMAGED"):
        app.restore(
            app.find_backup(folder, None),
            target,
            archived_in=None,
            with_archive=False,
            at=None,
            told=lambda _: quiet,
        )
    assert not target.exists()


def told_otherwise(scene: Scene, tmp_path: Path, **said: Any) -> shelf.Backup:
    """The backup with another note, rightly written."""
    folder = copied(scene, tmp_path)
    (folder / shelf.NOTE).unlink()
    shelf.write(folder, replace(scene.backup.note, **said))
    return app.find_backup(folder, None)


def test_a_new_disk_is_an_empty_folder_and_keeps_what_its_file_system_put_there(
    scene: Scene, tmp_path: Path, target: Path
) -> None:
    (target / "lost+found").mkdir(parents=True)
    folder = copied(scene, tmp_path)
    flip(folder / "tripoint.toml")
    with pytest.raises(Conflict, match="BACKUP-DAMAGED"):
        replace(scene, backup=app.find_backup(folder, None)).restore(target.name, with_archive=False)
    assert [path.name for path in target.iterdir()] == ["lost+found"]
    scene.restore(target.name, with_archive=False)
    assert (target / "lost+found").is_dir()


def test_another_version_is_refused(scene: Scene, tmp_path: Path, target: Path) -> None:
    def bring(found: shelf.Backup) -> None:
        app.restore(found, target, archived_in=None, with_archive=False, at=None, told=lambda _: quiet)

    with pytest.raises(Conflict, match="DATABASE-VERSION"):
        bring(told_otherwise(scene, tmp_path / "a", postgresql="14.2"))
    with pytest.raises(Conflict, match="MIGRATION-MISSING"):
        bring(told_otherwise(scene, tmp_path / "b", migrations=[*scene.backup.note.migrations, "9999_later"]))
    with pytest.raises(Conflict, match="BACKUP-VERSION"):
        bring(told_otherwise(scene, tmp_path / "c", format=2))
    assert not target.exists()


def test_live_data_is_never_gone_over(scene: Scene) -> None:
    held = sorted(scene.data.iterdir())
    with pytest.raises(Conflict, match="RESTORE-TARGET"):
        scene.restore("data")
    (scene.home / "by").symlink_to(scene.shelf)
    inside = (
        "here",
        scene.backup.folder.name + "/here",
        "../by/here",
        f"../by/{scene.backup.folder.name}/here",
    )
    for name in inside:
        with pytest.raises(Conflict, match="RESTORE-TARGET"):
            scene.restore("backups/" + name)
    (scene.home / "by").unlink()
    assert not list(scene.shelf.rglob("here"))
    assert sorted(scene.data.iterdir()) == held


def test_moments_that_cannot_be_restored_are_refused(scene: Scene, target: Path) -> None:
    second = timedelta(seconds=1)
    for at, archived, code in (
        (scene.backup.note.ended - second, True, "RESTORE-AT-EARLY"),
        (scene.moment, False, "RESTORE-NO-ARCHIVE"),
        (datetime.now(UTC) + timedelta(hours=1), True, "RESTORE-AT"),
        (scene.last, True, "RESTORE-AT-LATE"),
    ):
        with pytest.raises((Conflict, Malformed)) as caught:
            scene.restore(target.name, at=at, with_archive=archived)
        assert caught.value.code == code
        assert not target.exists()
    with pytest.raises(Conflict, match="RESTORE-AT-EARLY"):
        app.find_backup(scene.shelf, scene.backup.note.ended - second)


def test_an_archive_with_a_gap_or_a_damaged_segment_is_refused_and_not_cut_short(
    scene: Scene, tmp_path: Path, target: Path
) -> None:
    note = scene.backup.note
    moved = scene.home / "moved"
    series = archive.Series(note.wal_series or "", moved)
    shutil.copytree(scene.archive, moved)
    if os.geteuid() == 0:
        for path in (series.folder, *series.folder.iterdir()):
            shutil.chown(path, "nobody")
    names = [name for name in series.segments() if name >= archive.segment_of(note.timeline, note.end_lsn)]
    assert len(names) >= 3, "the scene has to write more than two segments after the backup began"
    try:
        for damaged in (series.folder / names[0], series.folder / names[-1]):
            whole = damaged.read_bytes()
            damaged.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
            with pytest.raises(Conflict, match="WAL-ARCHIVE-DAMAGED"):
                scene.restore(target.name, archived_in=moved)
            damaged.write_bytes(whole)
        damaged = series.folder / names[-1]
        damaged.rename(moved / "aside")
        damaged.mkdir()
        with pytest.raises(Conflict, match="WAL-ARCHIVE-DAMAGED"):
            scene.restore(target.name, archived_in=moved)
        damaged.rmdir()
        (moved / "aside").rename(damaged)
        damaged = series.folder / names[0]
        whole_first = damaged.read_bytes()
        damaged.unlink()
        with pytest.raises(Conflict, match="WAL-ARCHIVE-GAP"):
            scene.restore(target.name, archived_in=moved)
        damaged.write_bytes(whole_first)
        (series.folder / names[1]).unlink()
        with pytest.raises(Conflict, match="WAL-ARCHIVE-GAP"):
            scene.restore(target.name, archived_in=moved, at=scene.last)
        with pytest.raises(Unknown, match="WAL-ARCHIVE"):
            scene.restore(target.name, archived_in=scene.home / "nowhere")
    finally:
        shutil.rmtree(moved)
    assert not target.exists()


def test_an_archive_that_is_pruned_while_a_restore_copies_is_refused_and_not_cut_short(
    scene: Scene, target: Path
) -> None:
    moved = scene.home / "moved"
    shutil.copytree(scene.archive, moved)
    series = archive.Series(scene.backup.note.wal_series or "", moved)
    if os.geteuid() == 0:
        for path in (series.folder, *series.folder.iterdir()):
            shutil.chown(path, "nobody")

    def told(stage: str) -> Callable[[int, int], None]:
        if stage == "copy":
            for name in series.segments()[:-1]:
                (series.folder / name).unlink()
        return quiet

    try:
        with pytest.raises(Conflict, match="WAL-ARCHIVE-GAP"):
            scene.restore(target.name, archived_in=moved, told=told)
    finally:
        shutil.rmtree(moved)
    assert not target.exists()


def test_a_backup_killed_in_the_middle_is_no_backup_and_the_next_one_clears_it_away(
    bindir: Path, home: Path
) -> None:
    server = Supervisor(home / "data", bindir)
    environment = os.environ | {"TRIPOINT_PG_BINDIR": str(bindir), "TRIPOINT_DATA_DIR": str(server.data_dir)}
    server.start()
    words = [
        sys.executable,
        "-c",
        "from tripoint.faces.cli import main; main()",
        "backup",
        "--to",
        str(home / "kept"),
    ]
    killed = subprocess.Popen(
        [*words, "--rate", "8"],
        env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: any(home.glob("kept/.unfinished-*/postgres/base/*/*")))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    left = next(iter((home / "kept").glob(".unfinished-*")))
    for place in (home / "kept", left):
        with pytest.raises(Conflict, match="BACKUP-UNFINISHED"):
            app.find_backup(place, None)

    def next_one() -> bool:
        again = subprocess.run(
            [*words, "--json"], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert again.returncode == 0 or "BACKUP-RUNNING" in again.stderr, again.stderr
        return again.returncode == 0

    wait_until(next_one)  # What it had started ends by itself, when nobody reads its progress any more.
    assert not left.exists()
    assert app.find_backup(home / "kept", None).folder.is_dir()


def test_a_restore_killed_in_the_middle_is_never_started_as_if_it_were_whole(
    scene: Scene, target: Path
) -> None:
    words = ["restore", "--from", str(scene.shelf), "--data", str(target)]
    killed = subprocess.Popen(
        [sys.executable, "-c", "from tripoint.faces.cli import main; main()", *words],
        env=os.environ | {"TRIPOINT_PG_BINDIR": str(scene.bindir)}, cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: any(target.glob("postgres*/base/*/*")))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with pytest.raises(Conflict, match="RESTORE-UNFINISHED"):
        opened(target, scene.bindir)
    with pytest.raises(Conflict, match="RESTORE-TARGET"):
        scene.restore(target.name)
    for draft in target.glob("postgres-*"):
        shutil.rmtree(draft)


def test_two_backups_are_kept_and_what_they_need_of_the_archive(bindir: Path, home: Path) -> None:
    kept, place, data = home / "wal", home / "kept", home / "data"
    settings = Settings(data_dir=data, pg_bindir=bindir, wal_archive=kept)
    with Engine.open(settings) as engine:
        for _ in range(3):
            close_segment(engine)
            engine.back_up(place, keep=None, told=quiet)
        taken = engine.back_up(place, keep=2, told=quiet)
        left = shelf.backups(place)
        assert len(taken.removed) == 2
        assert [one.folder for one in left] == sorted(one.folder for one in left)
        assert len(left) == 2
        series = archive.series_of(data / "postgres")
        assert series is not None
        assert min(series.segments()) == archive.segment_of(1, left[0].note.start_lsn)
        assert taken.segments_removed > 0
        with pytest.raises(Conflict, match="BACKUP-TARGET"):
            engine.back_up(data, keep=None, told=quiet)
        with shelf.held(place), pytest.raises(Busy, match="BACKUP-RUNNING"):
            engine.back_up(place, keep=None, told=quiet)
        assert all(path.stat().st_mode & 0o077 == 0 for path in place.rglob("*"))


def test_a_backup_on_another_shelf_keeps_its_part_of_the_archive_until_it_goes(
    bindir: Path, home: Path
) -> None:
    daily, weekly, data = home / "daily", home / "weekly", home / "data"
    with Engine.open(Settings(data_dir=data, pg_bindir=bindir, wal_archive=home / "wal")) as engine:
        series = archive.series_of(data / "postgres")
        assert series is not None
        close_segment(engine)
        first = engine.back_up(weekly, keep=1, told=quiet).backup
        for _ in range(3):
            close_segment(engine)
            taken = engine.back_up(daily, keep=1, told=quiet)
        needed = archive.segment_of(first.note.timeline, first.note.start_lsn)
        assert series.segments()[0] == needed
        mark = archive.mark_of(first.note.timeline, first.note.start_lsn)
        assert taken.kept_for == [series.folder / mark]
        close_segment(engine)
        assert (series.folder / mark).is_file(), "the server does not name its notes so"
        engine.back_up(weekly, keep=1, told=quiet)
        close_segment(engine)
        taken = engine.back_up(daily, keep=1, told=quiet)
        assert not (series.folder / mark).exists()
        assert series.segments()[0] > needed
        assert not taken.troubles


def test_what_fails_after_a_backup_was_made_is_told_with_it(bindir: Path, home: Path) -> None:
    place, data = home / "kept", home / "data"
    with Engine.open(Settings(data_dir=data, pg_bindir=bindir, wal_archive=home / "wal")) as engine:
        first = engine.back_up(place, keep=1, told=quiet).backup
        first.folder.rename(place / "20991231T000000Z")
        (home / "wal").rename(home / "away")
        taken = engine.back_up(place, keep=1, told=quiet)
        (home / "away").rename(home / "wal")
        assert [one.folder for one in shelf.backups(place)] == [taken.backup.folder]
        assert [text.en for text in taken.troubles if "cannot be read" in text.en]
        with pytest.raises(Conflict, match="BACKUP-TARGET"):
            engine.back_up(data / "postgres" / "kept", keep=None, told=quiet)
        assert not (data / "postgres" / "kept").exists()


def test_an_archive_that_hangs_is_seen_and_what_it_lacks_is_told_at_the_stop(
    bindir: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LATE_SECONDS", 1)
    monkeypatch.setattr(archive, "COPY_SECONDS", 2)
    data = home / "data"
    with Engine.open(Settings(data_dir=data, pg_bindir=bindir, wal_archive=home / "wal")) as engine:
        series = archive.series_of(data / "postgres")
        assert series is not None
        close_segment(engine)
        assert not archiving_of(engine).is_failing
        with engine.transaction() as tx:
            tx.run("create table made_for_a_test (n int)")
            coming = tx.value("select pg_walfile_name(pg_current_wal_insert_lsn())")
        part = series.folder / f".{coming}.part"
        os.mkfifo(part, 0o666)
        part.chmod(0o666)
        with engine.transaction() as tx:
            tx.value("select pg_switch_wal()")
        wait_until(lambda: archiving_of(engine).is_failing)
        assert archiving_of(engine).failed == 0, "nothing has said so yet"
        wait_until(lambda: archiving_of(engine).failed > 0)
    server = Supervisor(data, bindir)
    server.stop()
    assert app.left_waiting(server) >= 1
    part.unlink()
    server = Supervisor(data, bindir, wal_archive=home / "wal")
    server.start()
    server.stop()
    assert app.left_waiting(server) == 0


def test_an_archive_that_refuses_is_seen_and_catches_up_when_it_is_mended(bindir: Path, home: Path) -> None:
    data = home / "data"
    settings = Settings(data_dir=data, pg_bindir=bindir, wal_archive=home / "wal")
    with Engine.open(settings) as engine:
        close_segment(engine)
        series = archive.series_of(data / "postgres")
        assert series is not None
        with engine.transaction() as tx:
            tx.run("create table made_for_a_test (n int)")
            coming = tx.value("select pg_walfile_name(pg_current_wal_insert_lsn())")
        (series.folder / coming).write_bytes(b"another's")
        with engine.transaction() as tx:
            tx.value("select pg_switch_wal()")
        wait_until(lambda: archiving_of(engine).is_failing)
        seen = Watch(engine).look()
        assert b"tripoint_wal_archive_failing 1.0" in metrics.page(seen, [], {}, {})
        standing = archiving_of(engine)
        assert standing.waiting >= 1
        assert standing.last_failed_wal == coming
        assert (series.folder / coming).read_bytes() == b"another's"
        (series.folder / coming).unlink()
        wait_until(lambda: not archiving_of(engine).is_failing, 120)
        assert b"tripoint_wal_archive_failing 0.0" in metrics.page(Watch(engine).look(), [], {}, {})
        assert (series.folder / coming).stat().st_size == archive.SEGMENT_BYTES


def test_an_archive_that_cannot_be_made_is_refused_before_anything_starts(bindir: Path, home: Path) -> None:
    data = home / "data"
    with pytest.raises(Forbidden, match="WAL-ARCHIVE"):
        opened(data, bindir, home / "no" / "such")
    with pytest.raises(Malformed, match="wal_archive"):
        Settings.load(
            {
                "TRIPOINT_DATABASE_URL": "postgresql://x/y",
                "TRIPOINT_WAL_ARCHIVE": "/x",
                "TRIPOINT_DATA_DIR": str(data),
            }
        )


def test_a_database_by_url_is_left_to_its_own_tools(fresh_database: Database, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="pg_basebackup") as caught:
        Engine(Settings(), fresh_database).back_up(tmp_path / "kept", keep=None, told=quiet)
    assert caught.value.code == "BACKUP-ELSEWHERE"


def test_segments_are_counted_on_over_the_end_of_a_log_file() -> None:
    assert archive.segment_of(1, "0/FFFFFF00") == "0000000100000000000000FF"
    names = ["0000000100000000000000FE", "0000000100000000000000FF", "000000010000000100000000"]
    assert archive.missing_after(names, names[0]) is None
    assert archive.missing_after([names[0], names[2]], names[0]) == names[1]
    assert archive.missing_after(names[1:], names[0]) == names[0]
    assert archive.missing_after([], names[0]) is None
