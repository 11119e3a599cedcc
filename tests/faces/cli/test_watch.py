"""The watched folder: every message taken once, every receipt there once, whatever is killed when."""

from __future__ import annotations

import shutil
import signal
import time

import pytest

from tests.faces.cli.running import EXAMPLES, spawn
from tripoint.faces.cli import exits
from tripoint.faces.cli.watching import folder_of

PAPERS = sorted(EXAMPLES.glob("0*.xml"))
NOW = ("--settle", "0")


@pytest.fixture
def folders(tripoint, tmp_path):
    """IN and OUT, with the filings loaded."""
    assert tripoint("filings", "load", EXAMPLES / "filings.json").code == 0
    in_, out = tmp_path / "in", tmp_path / "out"
    in_.mkdir()
    return in_, out


def test_takes_files_once_moves_them_and_writes_receipts_by_recipient(tripoint, folders):
    in_, out = folders
    for file in PAPERS[:6]:
        shutil.copy(file, in_)
    (in_ / ".000.xml.part").write_text("half")
    (in_ / "notes.txt").write_text("not meant")
    ended = tripoint("watch", in_, out, "--once", *NOW, "--json")
    assert ended.code == 0
    assert ended.json["taken"] == 6
    assert sorted(file.name for file in (in_ / "done").iterdir()) == [file.name for file in PAPERS[:6]]
    assert {file.name for file in in_.iterdir() if file.is_file()} == {
        ".000.xml.part",
        "notes.txt",
        ".tripoint-lock",
    }
    receipts = list(out.glob("*/CEB*.xml"))
    assert len(receipts) == ended.json["written"] > 0
    assert all(folder.name.startswith("0000XVA") for folder in out.iterdir() if folder.is_dir())
    again = tripoint("watch", in_, out, "--once", *NOW, "--json").json
    assert (again["taken"], again["written"]) == (0, 0)


def test_what_cannot_be_taken_lies_among_the_failed_with_its_reason(tripoint, folders):
    in_, out = folders
    shutil.copy(EXAMPLES / "not-well-formed.xml", in_ / "broken.xml")
    (in_ / "empty.xml").write_bytes(b"")
    ended = tripoint("watch", in_, out, "--once", *NOW)
    assert ended.code == 1
    assert "WIRE-06" in (in_ / "failed" / "broken.xml.reason.txt").read_text()
    assert "MESSAGE-EMPTY" in (in_ / "failed" / "empty.xml.reason.txt").read_text()
    assert (in_ / "failed" / "broken.xml").exists()


def test_two_files_of_one_name_are_both_kept(tripoint, folders):
    in_, out = folders
    for file in PAPERS[:2]:
        shutil.copy(file, in_ / "a.xml")
        assert tripoint("watch", in_, out, "--once", *NOW).code == 0
    assert sorted(file.name for file in (in_ / "done").iterdir()) == ["a.2.xml", "a.xml"]


def test_a_folder_is_watched_by_one_process_only(tripoint, folders, installation):
    in_, out = folders
    shutil.copy(PAPERS[0], in_)
    process = spawn("watch", in_, out, env=installation)
    try:
        deadline = time.monotonic() + 60
        while not (in_ / "done").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert tripoint("watch", in_, out, "--once").code == 6
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err


def test_receipts_of_another_database_are_not_passed_over(tripoint, folders):
    in_, out = folders
    out.mkdir()
    (out / ".tripoint-cursor").write_text("999999\n")
    assert tripoint("watch", in_, out, "--once").code == 5
    assert tripoint("watch", in_, in_, "--once").code == 5


@pytest.mark.parametrize(
    ("code", "folder"),
    [("", "unknown"), ("0000XVA001", "0000XVA001"), ("../../x", "x-2e2e2f2e2e2f78"), ("..", "x-2e2e")],
)
def test_a_recipient_never_becomes_a_path(code, folder):
    assert folder_of(code) == folder


@pytest.mark.crash
@pytest.mark.slow
def test_kills_at_any_moment_lose_nothing_and_double_nothing(tripoint, folders, installation):
    in_, out = folders
    for number, file in enumerate(PAPERS):
        # Other bytes than in the tests before: a message's own guid is not what it is known by.
        (in_ / file.name).write_bytes(file.read_bytes() + b"\n" * (number + 5))
    before = tripoint("receipts", "--out", out.parent / "before", "--json").json["next"]
    for pause in (0.9, 1.0, 1.1, 1.2, 1.4, 1.6):
        process = spawn("watch", in_, out, *NOW, "--every", "1", env=installation)
        time.sleep(pause)
        process.kill()
        process.communicate()
    assert tripoint("watch", in_, out, "--once", *NOW).code == 0
    assert sorted(file.name for file in (in_ / "done").iterdir()) == [file.name for file in PAPERS]
    assert not (in_ / "failed").exists()
    assert [file for file in in_.iterdir() if file.suffix == ".xml"] == []
    tripoint("receipts", "--out", out.parent / "all", "--after", before)
    expected = {file.name: file.read_bytes() for file in (out.parent / "all").iterdir()}
    found = [file for file in out.glob("*/*.xml") if int(file.name.split("_")[1]) > before]
    assert sorted(file.name for file in found) == sorted(expected)
    assert all(file.read_bytes() == expected[file.name] for file in found)
    known = tripoint("messages", "--most", "1000", "--json").json["messages"]
    names = [row["name"] for row in known if row["name"] in {file.name for file in PAPERS}]
    assert all(row["state"] == "read" for row in known if row["name"] in names)


def test_a_folder_that_is_misspelt_is_told_and_not_made(tripoint, folders):
    in_, out = folders
    ended = tripoint("watch", in_.with_name("im"), out, "--once")
    assert (ended.code, ended.err.count("WATCH-FOLDER: ")) == (4, 2)
    assert not in_.with_name("im").exists()
    assert not out.exists()


@pytest.mark.parametrize("words", [("--every", "0"), ("--every", "-3"), ("--settle", "-1")])
def test_seconds_that_cannot_be_waited_are_refused(tripoint, folders, words):
    ended = tripoint("watch", *folders, "--once", *words)
    assert (ended.code, ended.err.count("SECONDS: ")) == (exits.MALFORMED, 2)
